//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A lost ledger had three nodes, of which each has more entries than the one before, and all are
// stopped; its bucket is empty.
type lost struct {
	dirs     [3]string
	last     [3]tlog.SignedCheckpoint // that the node showed
	memory   *objectstest.Memory
	bucket   objects.Bucket
	flags    bucketFlags
	key      note.Key
	policy   *verify.Policy
	list     []*record.Record
	receipts []*client.Receipt // of the first of the list
}

func loseABucket(t *testing.T) *lost {
	t.Helper()
	l := &lost{memory: objectstest.NewMemory()}
	l.dirs[0], l.key = newLedgerWithTwoKeys(t)
	l.policy = policyOf(t, l.dirs[0])
	l.list = revocations(t, l.key, 12)
	l.flags = bucketAt(t, l.memory)
	grow(t, l.dirs[0], "", l.list[0])
	says(t, 0, []string{"1 entry"}, migrateArgs(l.dirs[0], "--to-bucket", l.flags)...)
	b, err := l.flags.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	l.bucket = b
	var nodes [3]*runningNode
	for i := range nodes {
		if i > 0 {
			l.dirs[i] = nodeDirectory(t, l.dirs[0])
		}
		nodes[i] = l.start(t, i)
	}
	for i, n := range nodes {
		l.submit(t, n.url, 2)
		if l.last[i], err = l.client(t, n.url).Signed(t.Context()); err != nil || l.last[i].Size != uint64(len(l.receipts)) {
			t.Fatalf("node %d: %+v, %v", i, l.last[i], err)
		}
		if err := n.end(); err != nil {
			t.Fatal(err)
		}
	}
	empty(t, l.memory)
	for i, dir := range l.dirs {
		says(t, 0, []string{"node of " + l.key.Name() + ": sound: " + entries(l.last[i].Size)}, "check", "--dir", dir, "--state", filepath.Join(t.TempDir(), "state"))
	}
	return l
}

func (l *lost) client(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Policy: l.policy})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (l *lost) start(t *testing.T, i int) *runningNode {
	t.Helper()
	n := startNodeAs(t, l.dirs[i], l.bucket, func(f *nodeFlags) { f.bucket = l.flags })
	n.ready(t)
	vouched(t, l.dirs[i])
	return n
}

// submit has the ledger register the next records.
func (l *lost) submit(t *testing.T, url string, n int) {
	t.Helper()
	for range n {
		receipt, err := l.client(t, url).Submit(t.Context(), l.list[len(l.receipts)])
		if err != nil {
			t.Fatal(err)
		}
		l.receipts = append(l.receipts, receipt)
	}
}

// has demands that all that node i had is where it was, and all that receipts and checkpoints say of
// it holds.
func (l *lost) has(t *testing.T, url string, i int) {
	t.Helper()
	c, size := l.client(t, url), l.last[i].Size
	for _, old := range l.receipts[:size] {
		now, err := c.Receipt(t.Context(), old.Record.ID())
		if err != nil || now.Index != old.Index || now.Registered != old.Registered || now.Record.ID() != old.Record.ID() {
			t.Errorf("entry %d: %+v, %v", old.Index, now, err)
		}
		if reg, err := verify.Receipt(l.policy, old.Bytes); err != nil || reg.Index != old.Index {
			t.Errorf("the old receipt of entry %d: %v", old.Index, err)
		}
	}
	for _, old := range l.last[:i+1] {
		if _, _, err := c.Consistency(t.Context(), old); err != nil {
			t.Errorf("what was shown with %d entries: %v", old.Size, err)
		}
	}
}

// rebuilt makes the directory of a node that of a ledger of one machine.
func (l *lost) rebuilt(t *testing.T, i int) {
	t.Helper()
	dir := l.dirs[i]
	clone(t, dir, filepath.Join(t.TempDir(), "copy"))
	says(t, exitFailed, []string{"is in the bucket"}, "rebuild", "--dir", dir)
	if err := os.Rename(filepath.Join(dir, movedFile), filepath.Join(t.TempDir(), movedFile)); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"rebuilt from " + entries(l.last[i].Size)}, "rebuild", "--dir", dir)
}

func moveAway(t *testing.T, dir string, names ...string) {
	t.Helper()
	away := t.TempDir()
	for _, name := range names {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(away, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// again returns the same once more, with the bucket empty.
func (l *lost) again(t *testing.T) *lost {
	t.Helper()
	c := *l
	for i, dir := range l.dirs {
		c.dirs[i] = filepath.Join(t.TempDir(), "node")
		clone(t, dir, c.dirs[i])
	}
	empty(t, l.memory)
	return &c
}

// These are the steps of OPERATING.md, "The bucket is lost, or was put back".
func TestALedgerWhoseBucketIsLostGoesOn(t *testing.T) {
	all := loseABucket(t)
	t.Run("on one machine", func(t *testing.T) {
		l := all.again(t)
		l.rebuilt(t, 2)
		url, end := serving(t, serveFlags{dir: l.dirs[2]})
		l.has(t, url, 2)
		l.submit(t, url, 1)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		says(t, 0, []string{"sound: 7 entries"}, "check", "--dir", l.dirs[2], "--state", filepath.Join(t.TempDir(), "state"))
	})
	t.Run("in a bucket that was emptied", func(t *testing.T) {
		l := all.again(t)
		l.rebuilt(t, 2)
		says(t, 0, []string{"6 entries"}, migrateArgs(l.dirs[2], "--to-bucket", l.flags)...)
		nodes := []*runningNode{l.start(t, 2)}
		l.submit(t, nodes[0].url, 1)
		for i := range 2 {
			moveAway(t, l.dirs[i], storeDir, guardDir)
			nodes = append(nodes, l.start(t, i))
		}
		for _, n := range nodes {
			l.has(t, n.url, 2)
			l.submit(t, n.url, 1)
		}
		if h, _ := headIn(t, l.memory, l.key); h.Owner != nodes[0].url || h.Checkpoint.Size != 10 {
			t.Errorf("%+v", h)
		}
	})
}

// Law 2: who knows of more does not go on with less before somebody says that it is lost.
func TestANodeThatKeptItsGuardRefusesABucketThatHasLess(t *testing.T) {
	all := loseABucket(t)
	for _, kept := range [][]string{{storeDir, guardDir}, {guardDir}, {storeDir}} {
		l := all.again(t)
		l.rebuilt(t, 0)
		says(t, 0, []string{"2 entries"}, migrateArgs(l.dirs[0], "--to-bucket", l.flags)...)
		first := l.start(t, 0)
		for _, name := range []string{storeDir, guardDir} {
			if !slices.Contains(kept, name) {
				moveAway(t, l.dirs[1], name)
			}
		}
		n := startNodeAs(t, l.dirs[1], l.bucket, func(f *nodeFlags) { f.bucket = l.flags })
		n.unready(t, "the bucket was put back, or is another")
		if err := n.end(); err != nil {
			t.Fatal(err)
		}
		moveAway(t, l.dirs[1], kept...)
		n = l.start(t, 1)
		l.has(t, n.url, 0)
		for _, n := range []*runningNode{first, n} {
			if _, err := l.client(t, n.url).Receipt(t.Context(), l.receipts[2].Record.ID()); err == nil {
				t.Error("what was lost is there")
			}
			if err := n.end(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
