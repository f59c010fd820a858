//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
)

// wantNot has a run say nothing of what it has no reason to.
func wantNot(t *testing.T, words []string, args ...string) {
	t.Helper()
	_, stdout, stderr := chirographd(t, args...)
	for _, w := range words {
		if strings.Contains(stdout+stderr, w) {
			t.Errorf("%q: it says %q:\n%s%s", args, w, stdout, stderr)
		}
	}
}

func TestABackupIsTakenForWhatItIs(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	bk := filepath.Join(t.TempDir(), "bk")
	says(t, 0, nil, "backup", "--dir", dir, "--to", bk)
	key, file := filepath.Join(dir, keyFile), policyFileOf(t, policy.Bytes())
	for _, command := range [][]string{
		{"serve", "--listen", "127.0.0.1:0"}, {"recover", "--without-witnesses"}, {"rebuild"},
		{"promote", "--key", key, "--without-witnesses"}, {"follow", "--policy", file, "--once", "http://127.0.0.1:1"},
	} {
		args := append([]string{command[0], "--dir", bk}, command[1:]...)
		says(t, exitFailed, []string{bk + " is a backup of a ledger, and has no ledger.key: to restore it, put its store, policy and witnesses.policy beside the ledger's keys and guard"}, args...)
		wantNot(t, []string{"no such file", "has a ledger of its own"}, args...)
	}
	if err := os.Remove(filepath.Join(bk, checkpointFile)); err != nil {
		t.Fatal(err)
	}
	says(t, exitDamaged, []string{"  checkpoint: it is not there: if this was to be a backup, it is none"}, "check", "--dir", bk)
}

func TestWhereNoLedgerIsThatIsSaid(t *testing.T) {
	place := t.TempDir()
	nothere := filepath.Join(place, "nothere")
	for _, args := range [][]string{{"check"}, {"rebuild"}, {"backup", "--to", filepath.Join(place, "to")}} {
		says(t, exitFailed, []string{"there is no ledger in " + nothere + ", nor a copy or a backup of one"}, append(args, "--dir", nothere)...)
	}
}

// Of a directory into which one may not look, it is not said what it is.
func TestWhoMayNotReadHearsThatAlone(t *testing.T) {
	dir, _ := newLedger(t)
	if err := os.MkdirAll(filepath.Join(dir, copyOf), 0o700); err != nil { // as unreadable as a file of another account, for root too
		t.Fatal(err)
	}
	err := mustBeNoCopy(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "is a copy") {
		t.Error(err)
	}
	// Whoever the directory belongs to, a ledger that runs is stopped first.
	other, policy := newLedger(t)
	g, err := store.OpenGuard(store.GuardConfig{Dir: filepath.Join(other, guardDir), Key: policy.Logs[0].Key})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	says(t, exitFailed, []string{"held by another process", "stop it first"}, "rebuild", "--dir", other)
}

func TestARebuildBehindItsGuardNamesRecover(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 3)
	grow(t, dir, "", list[:2]...)
	restore := snapshot(t, dir, storeDir)
	grow(t, dir, "", list[2])
	restore()
	says(t, exitFailed, []string{"nothing was changed: the entries are not those of which the guard has a checkpoint", "chirographd recover --dir " + dir}, "rebuild", "--dir", dir)
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	if l, err := listen("--listen", address); l != nil || err == nil || !strings.Contains(err.Error(), "--listen "+address+": ") || !strings.Contains(err.Error(), "name another port") {
		t.Errorf("%v, %v", l, err)
	}
}

func TestADamagedStoreSaysWhatToDoInOneLine(t *testing.T) {
	dir, policy := newLedger(t)
	for _, r := range revocations(t, policy.Logs[0].Key, 4) {
		grow(t, dir, "", r)
	}
	tables, err := filepath.Glob(filepath.Join(dir, storeDir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	for _, name := range tables {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[10] ^= 1
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	serve := []string{"serve", "--dir", dir, "--listen", "127.0.0.1:0"}
	says(t, exitFailed, []string{"chirographd check says all that is damaged", "chirographd rebuild makes anew", "chirographd backup --help"}, serve...)
	wantNot(t, []string{"Wraps:", "carrier", "stack trace"}, serve...)
	for _, name := range tables {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	says(t, exitDamaged, []string{"ledger.example: damaged\n  store: ", "1 finding"}, "check", "--dir", dir)
	says(t, exitFailed, []string{"chirographd check says all that is damaged"}, serve...)
}

func TestAnErrorIsToldInOneLineWithoutWhereItWasMade(t *testing.T) {
	for _, c := range []struct{ err, want string }{
		{"one", "one"},
		{"one\ntwo\n", "one; two"},
		{"block 1\n(1) attached stack trace\n  -- stack trace:\n  | main.f\n  | \tf.go:1\nWraps: (2) x\n  └─ Wraps: (5) y\n<corruption detail carrier>\nError types: (1) *a.b", "block 1"},
	} {
		if got := told(errors.New(c.err)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	once := fmt.Errorf("%w: only chirographd rebuild helps", store.ErrDamaged)
	if got := told(once); got != once.Error() {
		t.Error(got)
	}
}

// A copy that lost what it showed is as one that never showed anything: nothing is said to
// be sound.
func TestACopyThatShowsNothingIsNotSound(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 12)...)
	to := filepath.Join(t.TempDir(), "copy")
	mustCopy(t, dir, to, policy.Bytes())
	says(t, 0, []string{"copy of ledger.example: sound: 12 entries"}, "check", "--dir", to)
	backup := filepath.Join(t.TempDir(), "backup")
	says(t, 0, nil, "backup", "--dir", to, "--to", backup)
	for _, place := range []string{to, backup} {
		empty := filepath.Join(place, storeDir)
		if err := os.RemoveAll(empty); err != nil {
			t.Fatal(err)
		}
		s, err := store.OpenCopy(store.Config{Dir: empty, Key: policy.Logs[0].Key})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	says(t, 0, []string{"copy of ledger.example: shows nothing yet, and no checkpoint of the ledger vouches for what is in it", "chirographd follow goes on with it"}, "check", "--dir", to)
	wantNot(t, []string{"sound"}, "check", "--dir", to)
	// A backup has the checkpoint of what it showed.
	says(t, exitDamaged, []string{"published checkpoint: it is not there"}, "check", "--dir", backup)
}
