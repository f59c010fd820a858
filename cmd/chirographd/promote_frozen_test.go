//go:build unix

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// A copy does not see in the tiles that its ledger was frozen: what promote makes of it is
// as frozen as its guard says, and what its help says of that is so.
func TestAPromotedCopyIsAsFrozenAsItsGuard(t *testing.T) {
	dir, p := newLedger(t)
	key := p.Logs[0].Key
	list := revocations(t, key, 5)
	grow(t, dir, "", list[:3]...)
	says(t, 0, []string{"frozen for good, with 3 entries"}, "freeze", "--dir", dir, "--name", key.Name())
	secret := filepath.Join(dir, keyFile)
	place := t.TempDir()
	copies := []string{filepath.Join(place, "one"), filepath.Join(place, "two")}
	for _, to := range copies {
		mustCopy(t, dir, to, p.Bytes())
	}
	promote := func(to string, more ...string) {
		t.Helper()
		says(t, 0, []string{"3 entries"}, append([]string{"promote", "--dir", to, "--key", secret, "--without-witnesses"}, more...)...)
	}
	serve := []string{"serve", "--listen", "127.0.0.1:0", "--dir"}

	says(t, 0, []string{"not frozen: freeze it too."}, "promote", "--help")

	// With a guard of its own, it goes on registering until it is frozen too.
	promote(copies[0])
	url, _, end := operate(t, serveFlags{dir: copies[0]}, silent())
	if status, body := submitted(t, url, list[3]); status != http.StatusCreated {
		t.Errorf("%d %s", status, body)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"frozen for good, with 4 entries"}, "freeze", "--dir", copies[0], "--name", key.Name())

	// With the ledger's, it does not start before.
	guard := filepath.Join(dir, "guard")
	if _, err := os.Stat(guard); err != nil {
		t.Fatal(err)
	}
	promote(copies[1], "--guard", guard)
	says(t, exitFailed, []string{"was frozen for good, and the store is of before", "chirographd freeze --dir " + copies[1] + " freezes it again"}, append(serve, copies[1])...)
	says(t, 0, []string{"with 3 entries"}, "freeze", "--dir", copies[1], "--name", key.Name())
	url, _, end = operate(t, serveFlags{dir: copies[1]}, silent())
	if status, body := submitted(t, url, list[4]); status != http.StatusForbidden {
		t.Errorf("%d %s", status, body)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}
