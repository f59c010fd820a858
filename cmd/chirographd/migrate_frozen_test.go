//go:build unix

package main

import (
	"testing"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A store of before the freeze has the entries of after it: the guard alone knows the difference,
// and only this directory has that guard.
func TestALedgerThatItsGuardKnowsAsFrozenGoesIntoNoBucketUnfrozen(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	restore := snapshot(t, dir, storeDir)
	says(t, 0, nil, "freeze", "--dir", dir, "--name", key.Name())
	restore()
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	says(t, exitFailed, []string{"was frozen for good, and the store is of before", "chirographd freeze --dir " + dir + " freezes it again"}, migrateArgs(dir, "--to-bucket", f)...)
	if _, ok := headIn(t, m, key); ok || mustBeHere(dir) != nil {
		t.Error("it is in the bucket, or on the way")
	}
	says(t, 0, nil, "freeze", "--dir", dir, "--name", key.Name())
	says(t, 0, []string{"frozen"}, migrateArgs(dir, "--to-bucket", f)...)
	if h, _ := headIn(t, m, key); h.State != objects.Frozen {
		t.Errorf("the head says %s", h.State)
	}
}
