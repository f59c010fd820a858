//go:build unix

package main

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/store"
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

// freezeGuard has the guard of a directory know a freeze, as that of a node does.
func freezeGuard(t *testing.T, dir string, key note.Key) {
	t.Helper()
	g, err := store.OpenGuard(store.GuardConfig{Dir: filepath.Join(dir, guardDir), Key: key})
	if err == nil {
		c, failed := g.Last()
		err = errors.Join(failed, g.Freeze(c.Checkpoint), g.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A bucket that was put back to before the freeze has an open log, which nobody serves beside a
// guard that knows better.
func TestALedgerThatItsGuardKnowsAsFrozenDoesNotComeBackUnfrozen(t *testing.T) {
	for _, copied := range []bool{false, true} {
		dir, key := newLedgerWithTwoKeys(t)
		grow(t, dir, "", revocations(t, key, 3)...)
		m := objectstest.NewMemory()
		f := bucketAt(t, m)
		says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
		if copied {
			s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: key})
			if err == nil {
				err = errors.Join(s.Demote(), s.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		freezeGuard(t, dir, key)
		mark := mustReadFile(t, filepath.Join(dir, movedFile))
		freeze := append([]string{"freeze", "--dir", dir, "--name", key.Name()}, f.args()...)
		says(t, exitFailed, []string{"was frozen for good", "the log stays there", "chirographd freeze --dir " + dir + " --bucket ledgers/a"}, migrateArgs(dir, "--from-bucket", f)...)
		if h, _ := headIn(t, m, key); h.State != objects.Open || mustReadFile(t, filepath.Join(dir, movedFile)) != mark {
			t.Errorf("it was changed: %+v", h)
		}
		says(t, 0, []string{"frozen for good"}, freeze...)
		says(t, 0, []string{"frozen"}, migrateArgs(dir, "--from-bucket", f)...)
		says(t, 0, []string{"was frozen before"}, "freeze", "--dir", dir, "--name", key.Name())
	}
}

// One that has left is nowhere else: it comes, and is not said to be served.
func TestALedgerThatLeftItsBucketUnfrozenIsFrozenWhereItWent(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	cut := errors.New("cut")
	if err := migrateOnce(t, migrateFlags{dir: dir, from: true, after: leastAfter, bucketFlags: f}, func(step string) error {
		if step == "the head says that the log left" {
			return cut
		}
		return nil
	}); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	freezeGuard(t, dir, key)
	says(t, exitFailed, []string{"was frozen for good", "chirographd freeze --dir " + dir + " freezes it again"}, migrateArgs(dir, "--from-bucket", f)...)
	says(t, 0, []string{"frozen for good"}, "freeze", "--dir", dir, "--name", key.Name())
}
