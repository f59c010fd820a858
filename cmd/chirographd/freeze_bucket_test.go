//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A bucket may have another log of the name: one that was made to try it, or this one as it was.
func TestOnlyTheBucketOfTheNodeIsFrozen(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	tried := filepath.Join(t.TempDir(), "tried")
	clone(t, dir, tried)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	freeze := func(f bucketFlags) []string {
		return append([]string{"freeze", "--dir", dir, "--name", key.Name()}, f.args()...)
	}
	says(t, 0, nil, migrateArgs(tried, "--to-bucket", f)...)
	says(t, exitFailed, []string{"nothing was frozen: " + dir + " is not the directory of a node"}, freeze(f)...)
	real := f
	real.bucket = "ledgers/b"
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", real)...)
	says(t, exitFailed, []string{"nothing was frozen: the log of " + dir + " is in the bucket ledgers/b, and not in ledgers/a"}, freeze(f)...)
	if h, _ := headIn(t, m, key); h.State != objects.Open {
		t.Errorf("the head of the other says %s", h.State)
	}
	says(t, 0, []string{"frozen for good, with 3 entries"}, freeze(real)...)
	// On the way it is nowhere.
	if err := os.Remove(filepath.Join(tried, movedFile)); err != nil {
		t.Fatal(err)
	}
	on := f
	on.bucket = "ledgers/c"
	cutAfter(t, tried, on, "the directory is marked")
	says(t, exitFailed, []string{"is on the way to the bucket ledgers/c"}, append([]string{"freeze", "--dir", tried, "--name", key.Name()}, on.args()...)...)
}
