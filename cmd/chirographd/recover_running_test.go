//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
)

// A backup on a new machine has no guard that knows better; the ledger's own address may.
func TestRecoverAsksAtTheLedgersAddressBeforeItMakesAGuard(t *testing.T) {
	dir, p := newLedger(t)
	list := revocations(t, p.Logs[0].Key, 5)
	grow(t, dir, "", list[:2]...)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(old, guardDir)), os.Chmod(filepath.Join(old, keyFile), 0o600)); err != nil {
		t.Fatal(err)
	}
	grow(t, dir, "", list[2:]...)
	running := startLedger(t, dir)
	// A ledger whose policy in DIR does not say where it is: serve --url did.
	says(t, exitFailed, []string{running.url + " shows 5", "still shows the ledger"},
		"recover", "--dir", old, "--without-witnesses", "--url", running.url)
	policy := fmt.Sprintf("log %s %s\nquorum none\n", p.Logs[0].Key, running.url)
	if err := os.WriteFile(filepath.Join(old, policyFile), []byte(policy), 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{running.url + " shows 5", "lost: entries 2 to 4", "still shows the ledger", "--old-is-off"},
		"recover", "--dir", old, "--without-witnesses", "--lose", "3")
	says(t, exitFailed, []string{running.url + " shows 5", "lost: entries 2 to 4", "that would lose 3 entries", "--lose 3"},
		"recover", "--dir", old, "--without-witnesses", "--old-is-off")
	says(t, exitFailed, []string{"that would lose 3 entries"}, "recover", "--dir", old, "--without-witnesses", "--old-is-off", "--lose", "2")
	if store.HasGuard(filepath.Join(old, guardDir)) {
		t.Error("what was refused made a guard")
	}
	says(t, 0, []string{"begins with the tree of 2 entries"}, "recover", "--dir", old, "--without-witnesses", "--old-is-off", "--lose", "3")
}
