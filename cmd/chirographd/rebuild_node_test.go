//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/verify"
)

// twoNodes runs two nodes of a new ledger over one bucket. The first leads.
func twoNodes(t *testing.T) (leads, follows *runningNode, dirs [2]string, policy *verify.Policy) {
	t.Helper()
	one, policy := newLedger(t)
	two := filepath.Join(t.TempDir(), "two")
	if err := os.Mkdir(two, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keyFile, keyFile + ".pub", policyFile} {
		if err := os.WriteFile(filepath.Join(two, name), []byte(mustReadFile(t, filepath.Join(one, name))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := bucketAt(t, objectstest.NewMemory())
	f.bucket = "ledgers/ledger"
	says(t, 0, nil, migrateArgs(one, "--to-bucket", f)...)
	if err := keepMoved(one, moved{step: there, bucket: "ledger", state: objects.Open}); err != nil { // as startNode says
		t.Fatal(err)
	}
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	leads = startNode(t, one, b)
	leads.ready(t)
	follows = startNode(t, two, b)
	follows.ready(t)
	return leads, follows, [2]string{one, two}, policy
}

func clientOf(t *testing.T, url string, policy *verify.Policy) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shows waits until a node shows so many entries.
func (n *runningNode) shows(t *testing.T, policy *verify.Policy, size uint64) {
	t.Helper()
	c := clientOf(t, n.url, policy)
	for begun := time.Now(); ; <-time.After(50 * time.Millisecond) {
		shown, err := c.Checkpoint(t.Context())
		if err == nil && shown.Size == size {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("it shows %v, %v, and not %d:\n%s", shown, err, size, n.logs)
		}
	}
}

// The bucket and the machine of the node that led are lost at once: what is left is a node that
// always followed, whose guard knows of nothing but the empty log.
func TestAFollowerThatIsLeftBecomesTheLedger(t *testing.T) {
	leads, follows, dirs, policy := twoNodes(t)
	list := revocations(t, policy.Logs[0].Key, 6)
	c := clientOf(t, leads.url, policy)
	for _, r := range list[:4] {
		if _, err := c.Submit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	follows.shows(t, policy, 4)
	if err := follows.end(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Submit(t.Context(), list[4]); err != nil {
		t.Fatal(err)
	}
	if err := leads.end(); err != nil {
		t.Fatal(err)
	}
	led, left := dirs[0], dirs[1]
	says(t, 0, []string{"sound: 4 entries"}, "check", "--dir", left)
	says(t, exitFailed, []string{"is in the bucket "}, "rebuild", "--dir", left)
	for _, dir := range dirs {
		if err := os.Remove(filepath.Join(dir, movedFile)); err != nil {
			t.Fatal(err)
		}
	}
	// With the guard of a node that knows of more nothing is made.
	wrong := filepath.Join(t.TempDir(), "wrong")
	clone(t, left, wrong)
	if err := os.RemoveAll(filepath.Join(wrong, guardDir)); err != nil {
		t.Fatal(err)
	}
	before := filesIn(t, wrong)
	says(t, exitFailed, []string{"nothing was changed: the entries are not those of which the guard has a checkpoint", "the tree has 4 entries, a checkpoint of size 5 has left", "another node has them"},
		"rebuild", "--dir", wrong, "--guard", filepath.Join(led, guardDir))
	if after := filesIn(t, wrong); after != before {
		t.Errorf("it had %s, and has %s", before, after)
	}
	others := filesIn(t, left)
	guard := mustReadFile(t, filepath.Join(left, guardDir, "checkpoint.0"))
	says(t, 0, []string{"rebuilt from 4 entries", "the new one is the ledger's own", "the old store is in "}, "rebuild", "--dir", left)
	if after := filesIn(t, left); strings.Replace(after, " "+beforeDir, "", 1) != others || mustReadFile(t, filepath.Join(left, guardDir, "checkpoint.0")) != guard {
		t.Errorf("it had %s, and has %s", others, after)
	}
	p := startLedger(t, left)
	c = clientOf(t, p.url, policy)
	for i, r := range list[:4] {
		if got, err := c.Receipt(t.Context(), r.ID()); err != nil || got.Index != uint64(i) {
			t.Errorf("entry %d: %+v, %v", i, got, err)
		}
	}
	if got, err := c.Submit(t.Context(), list[5]); err != nil || got.Index != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Error(err, p.stderr.String())
	}
	says(t, 0, []string{"sound: 5 entries"}, "check", "--dir", left)
	// So does who led last.
	says(t, 0, []string{"rebuilt from 5 entries"}, "rebuild", "--dir", led)
}
