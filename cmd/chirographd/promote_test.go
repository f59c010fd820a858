//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/verify"
)

// shown has the ledger in dir answer at an address, as it is now, until it is stopped.
func shown(t *testing.T, dir string, policy []byte, filter func(http.Handler) http.Handler) (url string, stop func()) {
	t.Helper()
	id, err := readIdentity(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	p, err := verify.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	view := ledger.NewView(s, s.Published(), p)
	handler, err := web.New(web.Config{Key: id.key, View: func() *ledger.View { return view }, Clock: time.Now, Checks: 1, Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	served := http.Handler(handler)
	if filter != nil {
		served = filter(served)
	}
	server := httptest.NewServer(served)
	return server.URL, func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// policyFileOf writes a policy to a file.
func policyFileOf(t *testing.T, policy []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ledger.policy")
	if err := os.WriteFile(file, policy, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// copied copies the ledger in dir to another directory, up to where it is now, by its
// address, which nobody has any more when it returns.
func copied(t *testing.T, dir, to string, policy []byte, filter func(http.Handler) http.Handler) error {
	t.Helper()
	url, stop := shown(t, dir, policy, filter)
	defer stop()
	return follow(t.Context(), followFlags{dir: to, policy: policyFileOf(t, policy), once: true}, url, io.Discard, slog.New(slog.DiscardHandler))
}

func mustCopy(t *testing.T, dir, to string, policy []byte) {
	t.Helper()
	if err := copied(t, dir, to, policy, nil); err != nil {
		t.Fatal(err)
	}
}

// policyWith returns the policy of a ledger, and of witnesses whose file asks both.
func policyWith(t *testing.T, key note.Key, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return append(fmt.Appendf(nil, "log %s\n", key), text...)
}

// A witness remembers more than the copy has: it is not promoted, also not with --lose.
func TestACopyBehindAWitnessIsNotPromoted(t *testing.T) {
	dir, p := newLedger(t)
	key := p.Logs[0].Key
	asked, file := witnesses(t, key)
	list := revocations(t, key, 5)
	grow(t, dir, file, list[:2]...)
	to := filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, policyWith(t, key, file))
	grow(t, dir, file, list[2:]...)
	secret := filepath.Join(dir, keyFile)
	refused := []string{"witness w0 has a tree of 5 entries", "w0 and w1 have more or another", "nothing was changed"}
	says(t, exitFailed, refused, "promote", "--dir", to, "--key", secret, "--witness-policy", file)
	says(t, exitFailed, refused, "promote", "--dir", to, "--key", secret, "--witness-policy", file, "--lose", "3")
	for _, w := range asked {
		w.SetAway(true)
	}
	for _, name := range []string{guardDir, keyFile, "witnesses.policy"} {
		if _, err := os.Stat(filepath.Join(to, name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	mustCopy(t, dir, to, policyWith(t, key, file))
	for _, w := range asked {
		w.SetAway(false)
	}
	says(t, 0, []string{"quorum has cosigned the tree of 5 entries", "is the ledger, from the tree of 5 entries on"},
		"promote", "--dir", to, "--key", secret, "--witness-policy", file)
	grow(t, to, file, revocations(t, key, 7)[5:]...)
	if n := asked[0].Size(); n != 7 {
		t.Errorf("the witness has %d entries", n)
	}
	// The old machine, started by mistake: a witness stops it.
	says(t, exitFailed, []string{"w0 and w1 have more or another"}, "recover", "--dir", dir, "--witness-policy", file)
}

// What the copy began to read, and a guard that is there, know of more than the copy shows: it
// is said, and only the exact number goes on without it. What was read beyond is left out.
func TestOnlyTheExplicitWordLosesEntries(t *testing.T) {
	dir, p := newLedger(t)
	key := p.Logs[0].Key
	list := revocations(t, key, 700)
	grow(t, dir, "", list[:300]...)
	to := filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, p.Bytes())
	grow(t, dir, "", list[300:]...)
	broken := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/tile/entries/002") {
				http.NotFound(w, r)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	if err := copied(t, dir, to, p.Bytes(), broken); err == nil {
		t.Fatal("the copy was made to its end")
	}
	args := []string{"promote", "--dir", to, "--key", filepath.Join(dir, keyFile), "--without-witnesses"}
	lost := []string{"the ledger has 300 entries, the old one had 700", "lost: entries 300 to 699", "--lose 400"}
	says(t, exitFailed, lost, args...)
	says(t, exitFailed, lost, append(args, "--lose", "399")...)
	says(t, 0, []string{"from the tree of 300 entries on"}, append(args, "--lose", "400")...)
	grow(t, to, "", list[300:302]...)
	says(t, 0, []string{"302 entries in"}, "backup", "--dir", to, "--to", filepath.Join(t.TempDir(), "to"))
}

// The guard of the old machine is found where it is said to be, and knows better.
func TestAGuardThatIsThereIsAsked(t *testing.T) {
	dir, p := newLedger(t)
	key := p.Logs[0].Key
	list := revocations(t, key, 5)
	grow(t, dir, "", list[:2]...)
	base := t.TempDir()
	to, guard := filepath.Join(base, "copy"), filepath.Join(base, "guard")
	mustCopy(t, dir, to, p.Bytes())
	grow(t, dir, "", list[2:]...)
	if err := os.CopyFS(guard, os.DirFS(filepath.Join(dir, guardDir))); err != nil {
		t.Fatal(err)
	}
	args := []string{"promote", "--dir", to, "--key", filepath.Join(dir, keyFile), "--without-witnesses", "--guard", guard}
	says(t, exitFailed, []string{"lost: entries 2 to 4", "--lose 3"}, args...)
	mustCopy(t, dir, to, p.Bytes())
	says(t, 0, []string{"from the tree of 5 entries on"}, args...)
	if _, err := os.Stat(filepath.Join(to, guardDir)); err == nil {
		t.Error("there is a second guard")
	}
	says(t, 0, []string{"nothing to recover: the ledger has 5 entries"}, "recover", "--dir", to, "--without-witnesses")
}

// A promotion that was killed at any of its steps is done again.
func TestAPromotionIsDoneAgain(t *testing.T) {
	dir, p := newLedger(t)
	grow(t, dir, "", revocations(t, p.Logs[0].Key, 3)...)
	to := filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, p.Bytes())
	args := []string{"promote", "--dir", to, "--key", filepath.Join(dir, keyFile), "--without-witnesses"}
	restore := snapshot(t, to, storeDir)
	mark, err := os.ReadFile(filepath.Join(to, copyOf))
	if err != nil {
		t.Fatal(err)
	}
	says(t, 0, nil, args...)
	restore() // the store is a copy still; guard, keys and policy are there
	if err := os.WriteFile(filepath.Join(to, copyOf), mark, 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"is the ledger, from the tree of 3 entries on"}, args...)
	if err := os.WriteFile(filepath.Join(to, copyOf), mark, 0o644); err != nil { // its last step
		t.Fatal(err)
	}
	says(t, 0, []string{"has the ledger already, with 3 entries"}, args...)
	grow(t, to, "", revocations(t, p.Logs[0].Key, 4)[3:]...)
	// Killed between the two names of a store.
	to = filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, p.Bytes())
	if err := os.Rename(filepath.Join(to, storeDir), filepath.Join(to, cutDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(to, oldDir), 0o755); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"from the tree of 3 entries on"}, "promote", "--dir", to, "--key", filepath.Join(dir, keyFile), "--without-witnesses")
	if _, err := os.Stat(filepath.Join(to, oldDir)); err == nil {
		t.Error("the old store is left")
	}
}

// The ledger's second key goes over too, and is asked for.
func TestTheSecondKeyIsPromotedToo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa"}, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	p, err := verify.ParsePolicy(stdout.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	grow(t, dir, "", revocations(t, p.Logs[0].Key, 3)...)
	to := filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, p.Bytes())
	args := []string{"promote", "--dir", to, "--key", filepath.Join(dir, keyFile), "--without-witnesses"}
	says(t, exitFailed, []string{"give its file as --ml-dsa"}, args...)
	says(t, 0, nil, append(args, "--ml-dsa", filepath.Join(dir, cosignerFile))...)
	grow(t, to, "", revocations(t, p.Logs[0].Key, 5)[3:]...)
	for _, name := range []string{keyFile, cosignerFile} {
		if info, err := os.Stat(filepath.Join(to, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// What a damaged file of the guard had may be more than the copy has: nobody is to lose it
// without a word.
func TestACopyIsNotPromotedOverADamagedGuard(t *testing.T) {
	dir, p := newLedger(t)
	key := p.Logs[0].Key
	list := revocations(t, key, 4)
	grow(t, dir, "", list[:2]...)
	to := filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, fmt.Appendf(nil, "log %s\nquorum none\n", key))
	for _, r := range list[2:] {
		grow(t, dir, "", r)
	}
	guard := filepath.Join(dir, guardDir)
	var newest string
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		text, err := os.ReadFile(filepath.Join(guard, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("\n4\n")) {
			newest = filepath.Join(guard, name)
		}
	}
	if err := os.WriteFile(newest, []byte("not a checkpoint\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{newest + " is damaged", "may have had more than the 3 entries"},
		"promote", "--dir", to, "--key", filepath.Join(dir, keyFile), "--guard", guard, "--without-witnesses", "--lose", "1")
}
