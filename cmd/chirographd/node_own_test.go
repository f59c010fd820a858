//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/verify"
)

// A node whose guard rots says how it gets another, and so does recover, which is not for it.
func TestANodeBeginsAnewWithoutItsStoreAndItsGuard(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	policy, err := verify.ParsePolicy([]byte(mustReadFile(t, filepath.Join(dir, policyFile))))
	if err != nil {
		t.Fatal(err)
	}
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	f.bucket = "ledgers/ledger"
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := keepMoved(dir, moved{step: there, bucket: "ledger", state: objects.Open}); err != nil {
		t.Fatal(err)
	}
	n := startNode(t, dir, b)
	n.ready(t)
	submitTo(t, n.url, policy, 4)
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, guardDir, "checkpoint.1"), []byte("rot"), 0o600); err != nil {
		t.Fatal(err)
	}
	const hint = "moved away"
	n = startNode(t, dir, b)
	n.unready(t, "found a fault")
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	wantWords(t, n.logs.String(), true, hint)
	says(t, exitFailed, []string{"is in the bucket ", hint}, "recover", "--dir", dir, "--without-witnesses")
	away := t.TempDir()
	for _, name := range []string{storeDir, guardDir} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(away, name)); err != nil {
			t.Fatal(err)
		}
	}
	// It does not know what was lost, and nobody else is there who does.
	n = startNode(t, dir, b)
	n.unready(t, "on its own word")
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	wantWords(t, n.logs.String(), true, "--trust-bucket")
	n = startNodeAs(t, dir, b, func(f *nodeFlags) { f.trust = true })
	n.ready(t)
	submitTo(t, n.url, policy, 5)
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	n = startNode(t, dir, b)
	n.ready(t)
	submitTo(t, n.url, policy, 6)
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
}

// unready waits until a node says why it is not ready.
func (n *runningNode) unready(t *testing.T, why string) {
	t.Helper()
	for begun := time.Now(); ; <-time.After(50 * time.Millisecond) {
		if h, err := http.Get(n.url + "/readyz"); err == nil {
			text, _ := io.ReadAll(h.Body)
			_ = h.Body.Close()
			if strings.Contains(string(text), why) {
				return
			}
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("it does not say %q:\n%s", why, n.logs)
		}
	}
}

// Who brings a log into a bucket has the guard that knows it, were the directory a new node's before.
func TestALogThatGoesIntoABucketVouchesForTheGuardBesideIt(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	policy, err := verify.ParsePolicy([]byte(mustReadFile(t, filepath.Join(dir, policyFile))))
	if err != nil {
		t.Fatal(err)
	}
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	f.bucket = "ledgers/ledger"
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	in := func(bucket string) { // by the name that the node gives it
		t.Helper()
		if err := keepMoved(dir, moved{step: there, bucket: bucket, state: objects.Open}); err != nil {
			t.Fatal(err)
		}
	}
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, storeDir)), os.RemoveAll(filepath.Join(dir, guardDir))); err != nil {
		t.Fatal(err)
	}
	in("ledger")
	n := startNode(t, dir, b)
	n.unready(t, "on its own word")
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	in(f.bucket)
	says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--from-bucket", f)...)
	grow(t, dir, "", revocations(t, key, 4)[3])
	says(t, 0, []string{"4 entries"}, migrateArgs(dir, "--to-bucket", f)...)
	in("ledger")
	n = startNode(t, dir, b)
	n.ready(t)
	submitTo(t, n.url, policy, 5)
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
}

// refusedNode starts a node of a directory that may be none's, and returns why it is not.
func refusedNode(t *testing.T, dir string, f bucketFlags) string {
	t.Helper()
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	logs := new(bytes.Buffer)
	out := &oneLine{end: cancel}
	err = runNode(ctx, nodeFlags{dir: dir, bucket: f, listen: "127.0.0.1:0", at: "http://127.0.0.1:1", after: leastAfter}, b, out, slog.New(slog.NewTextHandler(logs, nil)))
	if err == nil || out.Len() > 0 {
		t.Fatalf("a node of %s ran: %v, %q\n%s", dir, err, out.String(), logs)
	}
	return err.Error()
}

// Whoever says node for a ledger that is served where it is, is told so, and it is served as
// before.
func TestALedgerOfOneMachineIsNoNode(t *testing.T) {
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	dir, key := newLedgerWithTwoKeys(t)
	list := revocations(t, key, 5)
	refused := func(why string) {
		t.Helper()
		before := filesIn(t, dir)
		if said := refusedNode(t, dir, f); !strings.Contains(said, why) {
			t.Errorf("it said %q, not %q", said, why)
		}
		says(t, exitFailed, []string{why}, append([]string{"node", "--dir", dir, "--listen", "127.0.0.1:0", "--at", "http://127.0.0.1:1"}, f.args()...)...)
		if after := filesIn(t, dir); after != before {
			t.Errorf("it had the files %s, and has %s", before, after)
		}
	}
	const first = "say chirographd migrate --to-bucket first"
	refused(first) // as init makes it
	grow(t, dir, "", list[:3]...)
	refused(first)
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	says(t, 0, nil, migrateArgs(dir, "--from-bucket", f)...)
	grow(t, dir, "", list[3:]...)
	refused(first)
	s, g, err := (&freezing{freezeFlags: freezeFlags{dir: dir}}).open(key)
	if err != nil {
		t.Fatal(err)
	}
	refused("another chirographd runs in this directory")
	if err := errors.Join(g.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := mustBeHere(dir); err != nil || !storeIsOwn(dir, key) {
		t.Errorf("the ledger that was here is served nowhere: %v", err)
	}
}

// filesIn names what is beside the store of a ledger.
func filesIn(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
