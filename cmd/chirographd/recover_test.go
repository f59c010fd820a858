package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// chirographd runs the program, and returns what it says.
func chirographd(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

// grow registers records in a ledger that nobody serves, with the witnesses of a file
// if it is named.
func grow(t *testing.T, dir, witnesses string, list ...*record.Record) {
	t.Helper()
	id, err := readIdentity(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	g, err := store.OpenGuard(store.GuardConfig{Dir: filepath.Join(dir, guardDir), Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	cfg := ledger.Config{Store: s, Guard: g, Sign: id.secret.Sign, Cosigner: id.cosigner, Clock: time.Now}
	if witnesses != "" {
		if _, err := id.readWitnesses(dir, witnesses, false); err != nil {
			t.Fatal(err)
		}
		if cfg.Witnesses, err = id.askWitnesses(s, nil); err != nil {
			t.Fatal(err)
		}
		defer cfg.Witnesses.Close()
	}
	cfg.Policy = id.policy.Bytes()
	l, err := ledger.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, r := range list {
		if _, err := l.Append(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// snapshot copies files of a ledger, and returns how to put them back.
func snapshot(t *testing.T, dir string, names ...string) (restore func()) {
	t.Helper()
	kept := t.TempDir()
	for _, name := range names {
		if err := os.CopyFS(filepath.Join(kept, name), os.DirFS(filepath.Join(dir, name))); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for _, name := range names {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(kept, name))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// witnesses starts two witnesses, and returns them with a file that asks both.
func witnesses(t testing.TB, key note.Key) ([]*witnesstest.Witness, string) {
	t.Helper()
	var list []*witnesstest.Witness
	var text string
	for i := range 2 {
		w, err := witnesstest.New(fmt.Sprintf("w%d.example", i), key, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(w)
		t.Cleanup(server.Close)
		list = append(list, w)
		text += fmt.Sprintf("witness w%d %s %s\n", i, w.Key, server.URL)
	}
	file := filepath.Join(t.TempDir(), "witnesses.policy")
	if err := os.WriteFile(file, []byte(text+"group both all w0 w1\nquorum both\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return list, file
}

// says demands an exit code, and what the program says.
func says(t *testing.T, wantCode int, parts []string, args ...string) {
	t.Helper()
	code, stdout, stderr := chirographd(t, args...)
	if code != wantCode {
		t.Errorf("%q: exit code %d, want %d", args, code, wantCode)
	}
	for _, part := range parts {
		if !strings.Contains(stdout+stderr, part) {
			t.Errorf("%q: it does not say %q:\n%s%s", args, part, stdout, stderr)
		}
	}
}

func TestARestoredCopyIsNotServed(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 5)
	grow(t, dir, "", list[:2]...)
	restore := snapshot(t, dir, storeDir)
	grow(t, dir, "", list[2:]...)
	restore()
	says(t, exitFailed, []string{"the tree has 2 entries, a checkpoint of size 5 has left"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	says(t, exitFailed, []string{
		"the ledger has 2 entries, its guard knows of 5", "lost: entries 2 to 4", "tree has more than 2 entries",
		"that would lose 3 entries, and nothing was changed", "--lose 3",
	}, "recover", "--dir", dir, "--without-witnesses")
	says(t, exitFailed, []string{"that would lose 3 entries"}, "recover", "--dir", dir, "--without-witnesses", "--lose", "2")
	says(t, 0, []string{"goes on from the tree of 2 entries"}, "recover", "--dir", dir, "--without-witnesses", "--lose", "3")
	says(t, 0, []string{"nothing to recover: the ledger has 2 entries"}, "recover", "--dir", dir, "--without-witnesses")
	says(t, exitFailed, []string{"nothing is lost"}, "recover", "--dir", dir, "--without-witnesses", "--lose", "1")
	grow(t, dir, "", list[2:]...)
}

func TestALedgerFromBeforeTheGuardIsAdopted(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 2)...)
	if err := os.RemoveAll(filepath.Join(dir, guardDir)); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"there is no guard", "--guard DIR", "chirographd recover"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	says(t, exitFailed, []string{"there is nobody to ask: --without-witnesses"}, "recover", "--dir", dir)
	says(t, exitFailed, []string{"leave --lose 1 out"}, "recover", "--dir", dir, "--without-witnesses", "--lose", "1")
	says(t, 0, []string{"begins with the tree of 2 entries"}, "recover", "--dir", dir, "--without-witnesses")
	grow(t, dir, "")
}

func TestRecoverDoesNothingThatAWitnessContradicts(t *testing.T) {
	dir, policy := newLedger(t)
	asked, file := witnesses(t, policy.Logs[0].Key)
	list := revocations(t, policy.Logs[0].Key, 5)
	grow(t, dir, file, list[:2]...)
	restore := snapshot(t, dir, storeDir)
	restoreBoth := snapshot(t, dir, storeDir, guardDir)
	grow(t, dir, file, list[2:]...)
	restore()
	refused := []string{"witness w0 has a tree of 5 entries", "this ledger has a tree of 2 entries, and w0 and w1 have more or another", "nothing was changed"}
	says(t, exitFailed, refused, "recover", "--dir", dir, "--witness-policy", file, "--lose", "3")
	says(t, exitFailed, append(refused, "lost: entries 2 to 4"), "recover", "--dir", dir, "--witness-policy", file)
	// One of them is away, and no quorum needs the other: what it says counts all the same.
	asked[1].SetAway(true)
	says(t, exitFailed, []string{"witness w1 does not say what it has", "w0 has more or another"}, "recover", "--dir", dir, "--witness-policy", file)
	asked[1].SetAway(false)
	// Store and guard went back together.
	restoreBoth()
	says(t, exitFailed, refused, "recover", "--dir", dir, "--witness-policy", file)
	if err := os.RemoveAll(filepath.Join(dir, guardDir)); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, refused, "recover", "--dir", dir, "--witness-policy", file)
	for _, w := range asked {
		w.Forget()
	}
	says(t, 0, []string{"quorum has cosigned the tree of 2 entries", "begins with the tree of 2 entries"}, "recover", "--dir", dir, "--witness-policy", file)
	if n := asked[0].Size(); n != 2 {
		t.Errorf("the witness has size %d", n)
	}
	for _, w := range asked {
		w.SetAway(true)
	}
	says(t, exitFailed, []string{"contradict"}, "recover", "--dir", dir, "--witness-policy", file, "--without-witnesses")
}

func TestALedgerThatBeginsBehindItsWitnessesSaysWhatToDo(t *testing.T) {
	dir, policy := newLedger(t)
	asked, file := witnesses(t, policy.Logs[0].Key)
	list := revocations(t, policy.Logs[0].Key, 3)
	grow(t, dir, file, list[:1]...)
	restore := snapshot(t, dir, storeDir, guardDir)
	grow(t, dir, file, list[1:]...)
	restore()
	hint := "chirographd recover --dir " + dir
	says(t, exitFailed, []string{"shows a checkpoint that the ledger signed, of size 3", "which has size 1", hint}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--witness-policy", file)
	for _, w := range asked {
		w.Claim(3) // as one that has no monitoring endpoint
	}
	says(t, exitFailed, []string{"say that they have a larger tree", "which has size 1", hint}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
}

func TestALedgerRemembersWhereItsGuardIs(t *testing.T) {
	base := t.TempDir()
	dir, guard, copied := filepath.Join(base, "ledger"), filepath.Join(base, "guard"), filepath.Join(base, "copy")
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example", "--guard", guard)
	if err := errors.Join(os.CopyFS(copied, os.DirFS(dir)), os.Chmod(filepath.Join(copied, keyFile), 0o600)); err != nil {
		t.Fatal(err)
	}
	// An old copy, with nothing said, finds the guard.
	id, err := readIdentity(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	g, err := store.OpenGuard(store.GuardConfig{Dir: guard, Key: id.key})
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ledger.Config{Store: s, Guard: g, Sign: id.secret.Sign, Clock: time.Now, Policy: id.policy.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), revocations(t, id.key, 1)[0]); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), g.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"the tree has 0 entries, a checkpoint of size 1 has left"}, "serve", "--dir", copied, "--listen", "127.0.0.1:0")
	says(t, exitFailed, []string{"that would lose 1 entry", "--lose 1"}, "recover", "--dir", copied, "--without-witnesses")
	// There is no second guard while the first is there; it may be moved.
	for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"recover", "--without-witnesses"}} {
		says(t, exitFailed, []string{"move it, so that there is one"}, append(command, "--dir", copied, "--guard", filepath.Join(base, "second"))...)
	}
	moved := filepath.Join(base, "moved")
	if err := os.Rename(guard, moved); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"nothing to recover: the ledger has 1 entry"}, "recover", "--dir", dir, "--guard", moved, "--without-witnesses")
	says(t, exitFailed, []string{"the tree has 0 entries, a checkpoint of size 1 has left"}, "serve", "--dir", copied, "--guard", moved, "--listen", "127.0.0.1:0")
}

func TestAWitnessPolicyThatCannotBeAskedIsRefused(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	asked, _ := witnesses(t, key)
	w, other := asked[0].Key, asked[1].Key
	own, err := note.NewKey(key.Name(), note.Cosignature, other.Public())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"quorum none\n": "names no witness",
		fmt.Sprintf("witness a %s\nquorum a\n", w):                                                        "witness a has no URL",
		fmt.Sprintf("witness a %s ftp://w.example\nquorum a\n", w):                                        "witness a cannot be asked: the URL \"ftp://w.example\" is not http or https",
		fmt.Sprintf("witness a %s http://:80\nquorum a\n", w):                                             "witness a cannot be asked: the URL \"http://:80\" is not http or https, a host",
		fmt.Sprintf("witness a %s https:///path\nquorum a\n", w):                                          "witness a cannot be asked",
		fmt.Sprintf("witness a %s http://w.example:65536\nquorum a\n", w):                                 "has the port 65536, the last one is 65535",
		fmt.Sprintf("witness a %s http://ada:secret@w.example\nquorum a\n", w):                            "has a user or a password",
		fmt.Sprintf("witness a %s http://w.example\nquorum a\n", own):                                     "has the name of this ledger",
		fmt.Sprintf("log %s\nwitness a %s http://w.example\nquorum a\n", revokedLedger(t), w):             "it is for the log",
		fmt.Sprintf("witness a %s http://w.example\nquorum b\n", w):                                       "line 2",
		fmt.Sprintf("log %s\nwitness a %s http://w.example\nquorum a\nquorum a\n", key, w):                "second quorum",
		fmt.Sprintf("witness ledger %s http://w.example\nwitness ledger %s http://x.example\n", w, other): "defined twice",
	} {
		file := filepath.Join(t.TempDir(), "policy")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		says(t, exitFailed, []string{want}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--witness-policy", file)
	}
}

// revokedLedger is the key of another ledger.
func revokedLedger(t *testing.T) note.Key {
	t.Helper()
	_, policy := newLedger(t)
	return policy.Logs[0].Key
}

func TestThePolicyDemandsTheSecondKeyBesideTheWitnesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	if code, _, stderr := chirographd(t, "init", "--dir", dir, "--origin", "ledger.example", "--url", "https://ledger.example", "--ml-dsa"); code != 0 {
		t.Fatal(stderr)
	}
	id, err := readIdentity(dir, "")
	if err != nil || id.cosigner == nil {
		t.Fatalf("%+v, %v", id, err)
	}
	_, file := witnesses(t, id.key)
	if _, err := id.readWitnesses(dir, file, false); err != nil {
		t.Fatal(err)
	}
	if own := id.own(); own.URL != "https://ledger.example" {
		t.Errorf("the ledger's own line has the URL %q: some readers of policies want one", own.URL)
	}
	for _, c := range []struct {
		names string
		met   bool
	}{{"ledger", false}, {"w0 w1", false}, {"ledger w0", false}, {"ledger w0 w1", true}} {
		cosigned := make(map[string]bool)
		for _, name := range strings.Fields(c.names) {
			cosigned[name] = true
		}
		if got := id.policy.Met(cosigned); got != c.met {
			t.Errorf("the quorum is met by %s: %v", c.names, got)
		}
	}
	grow(t, dir, "")
	if err := os.Remove(filepath.Join(dir, cosignerFile)); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{cosignerFile}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
}

func TestTheLogConfigIsOneEntryOfALogList(t *testing.T) {
	dir, policy := newLedger(t)
	want := "logs/v0\n\nvkey " + policy.Logs[0].Key.String() + "\nqpd 86400\ncontact Ada, ada@ledger.example\n"
	if code, got, stderr := chirographd(t, "log-config", "--dir", dir, "--contact", " Ada, ada@ledger.example"); code != 0 || got != want || stderr != "" {
		t.Errorf("%d, %q, %q", code, got, stderr)
	}
	want = strings.Replace(want, "86400", "2147483647", 1)
	if code, got, _ := chirographd(t, "log-config", "--dir", dir, "--requests", "2147483647", "--contact", "Ada, ada@ledger.example"); code != 0 || got != want {
		t.Errorf("%d, %q", code, got)
	}
	says(t, exitFailed, []string{"--contact has to be given"}, "log-config", "--dir", dir)
	for _, contact := range []string{"a\nvkey x", "a\u202eb", "a\u2028b", "a\u200bb", "a\tb", "a\x7f", "a\xff"} {
		code, stdout, stderr := chirographd(t, "log-config", "--dir", dir, "--contact", contact)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, "one line of text") || strings.Contains(stderr, contact) {
			t.Errorf("contact %+q: %d, %q, %+q", contact, code, stdout, stderr)
		}
	}
	for _, n := range []string{"0", "2147483648"} {
		says(t, exitFailed, []string{"from 1 to 2147483647"}, "log-config", "--dir", dir, "--contact", "a", "--requests", n)
	}
	located := filepath.Join(t.TempDir(), "ledger")
	says(t, 0, nil, "init", "--dir", located, "--origin", "ledger.example", "--url", "https://ledger.example")
	says(t, 0, []string{"contact https://ledger.example\n"}, "log-config", "--dir", located)
}
