package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// A oneLine ends a serve when it says that it serves.
type oneLine struct {
	bytes.Buffer
	end func()
}

func (o *oneLine) Write(b []byte) (int, error) {
	defer o.end()
	return o.Buffer.Write(b)
}

// servedOnce serves a ledger until it says so, and returns that and what it logs.
func servedOnce(t *testing.T, f serveFlags) (stdout, logged string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var lines bytes.Buffer
	f.listen = "127.0.0.1:0"
	out := &oneLine{end: cancel}
	err = serve(ctx, f, out, slog.New(slog.NewTextHandler(&lines, nil)))
	return out.String(), lines.String(), err
}

func wantWords(t *testing.T, text string, has bool, words string) {
	t.Helper()
	if strings.Contains(text, words) != has {
		t.Errorf("it has %q: %v, want %v:\n%s", words, !has, has, text)
	}
}

// Law 2: a quorum that lets two histories pass is not started without a word.
func TestAQuorumThatCanBeTwoIsWarnedOf(t *testing.T) {
	dir, policy := newLedger(t)
	_, file := witnesses(t, policy.Logs[0].Key)
	const warning = "may have nobody in common"
	_, logged, err := servedOnce(t, serveFlags{dir: dir, witnesses: file})
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, logged, false, warning)
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, bytes.Replace(text, []byte("group both all"), []byte("group both any"), 1), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, logged, err = servedOnce(t, serveFlags{dir: dir, witnesses: file}); err != nil {
		t.Fatal(err)
	}
	wantWords(t, logged, true, "level=WARN")
	wantWords(t, logged, true, warning)
	wantWords(t, logged, true, "quorum=both")
}

func TestWitnessesAreForgottenWithAWord(t *testing.T) {
	dir, policy := newLedger(t)
	_, file := witnesses(t, policy.Logs[0].Key)
	if _, _, err := servedOnce(t, serveFlags{dir: dir, witnesses: file}); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"w0, w1: remembered as witnesses, and not asked now: the next serve asks", "--without-witnesses has it forget them", "nothing to recover"},
		"recover", "--dir", dir, "--without-witnesses")
	_, logged, err := servedOnce(t, serveFlags{dir: dir, alone: true})
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, logged, true, "the witnesses of last time are forgotten")
	wantWords(t, logged, true, "w0 w1")
	stdout, logged, err := servedOnce(t, serveFlags{dir: dir, alone: true})
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, logged, false, "forgotten")
	wantWords(t, stdout, false, "not ready")
	code, stdout, stderr := chirographd(t, "recover", "--dir", dir, "--without-witnesses")
	if code != 0 {
		t.Fatal(stderr)
	}
	wantWords(t, stdout, false, "remembered")
}

// A ledger that nobody has confirmed yet does not read as if it served.
func TestAStartSaysThatItsWitnessesComeFirst(t *testing.T) {
	dir, policy := newLedger(t)
	asked, file := witnesses(t, policy.Logs[0].Key)
	for _, w := range asked {
		w.SetAway(true)
	}
	stdout, _, err := servedOnce(t, serveFlags{dir: dir, witnesses: file})
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, stdout, true, "0 entries, not ready before its witnesses have confirmed it\n")
}

// Why a ledger stops is said once.
func TestAConflictIsToldOnce(t *testing.T) {
	dir, policy := newLedger(t)
	_, file := witnesses(t, policy.Logs[0].Key)
	list := revocations(t, policy.Logs[0].Key, 2)
	grow(t, dir, file, list[:1]...)
	restore := snapshot(t, dir, storeDir, guardDir)
	grow(t, dir, file, list[1:]...)
	restore()
	code, stdout, stderr := chirographd(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--witness-policy", file)
	if n := strings.Count(stdout+stderr, "shows a checkpoint that the ledger signed"); code != exitFailed || n != 1 {
		t.Errorf("exit code %d, told %d times:\n%s%s", code, n, stdout, stderr)
	}
}

func TestAStoreThatIsHeldSaysWhatToDo(t *testing.T) {
	dir, policy := newLedger(t)
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: policy.Logs[0].Key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"recover", "--without-witnesses"}} {
		says(t, exitFailed, []string{"held by another process", "another chirographd runs in this directory; stop it first"}, append(command, "--dir", dir)...)
	}
	if err := whoHolds(errors.New("another")); err.Error() != "another" {
		t.Error(err)
	}
}

// Witnesses that have answered are not waited for.
func TestRecoverDoesNotWaitForWitnessesThatRefuse(t *testing.T) {
	dir, policy := newLedger(t)
	other, err := witnesstest.New("w9.example", policy.Logs[0].Key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(nil) // of which every path is a 404
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "witnesses.policy")
	if err := os.WriteFile(file, []byte("witness w9 "+other.Key.String()+" "+server.URL+"\nquorum w9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	says(t, exitFailed, []string{"witness w9 does not say what it has: does not know this ledger (404)", "the quorum w9 cannot be made without w9: nothing was changed"},
		"recover", "--dir", dir, "--witness-policy", file)
	if d := time.Since(begun); d >= witnessPatience {
		t.Errorf("it took %s", d)
	}
}

func TestWhatIsLostIsCounted(t *testing.T) {
	for _, c := range []struct {
		first, end uint64
		want       string
	}{{0, 1, "entry 0"}, {2, 3, "entry 2"}, {2, 4, "entries 2 to 3"}, {2, 5, "entries 2 to 4"}} {
		if got := span(c.first, c.end); got != c.want {
			t.Errorf("from %d before %d: %s, want %s", c.first, c.end, got, c.want)
		}
	}
	// Whoever was asked has no doubt that more was lost.
	dir, policy := newLedger(t)
	_, file := witnesses(t, policy.Logs[0].Key)
	grow(t, dir, file, revocations(t, policy.Logs[0].Key, 1)...)
	const doubt = "if any came later, which nobody was asked, they are lost"
	for alone, args := range map[bool][]string{false: {"--witness-policy", file}, true: {"--without-witnesses"}} {
		if err := os.RemoveAll(filepath.Join(dir, guardDir)); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := chirographd(t, append([]string{"recover", "--dir", dir}, args...)...)
		if code != 0 {
			t.Fatal(stderr)
		}
		wantWords(t, stdout, alone, doubt)
		wantWords(t, stdout, true, "begins with the tree of 1 entry; the last was registered at ")
	}
}
