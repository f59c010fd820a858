//go:build unix

package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// cutAfter runs a migration that ends after a step.
func cutAfter(t *testing.T, dir string, f bucketFlags, step string) {
	t.Helper()
	cut := errors.New("cut")
	if err := migrateOnce(t, migrateFlags{dir: dir, to: true, bucketFlags: f}, func(s string) error {
		if s == step {
			return cut
		}
		return nil
	}); !errors.Is(err, cut) {
		t.Fatal(err)
	}
}

// A log that left comes back into its bucket: its checkpoint is there before its head is, and
// whoever is cut short in between is told what to do.
func TestALogThatLeftIsSaidToHaveLeftAlsoWhereItsLaterCheckpointIsPublic(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	list := revocations(t, key, 20)
	grow(t, dir, "", list[:10]...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	node := filepath.Join(t.TempDir(), "node")
	clone(t, dir, node)
	says(t, 0, nil, migrateArgs(dir, "--from-bucket", f)...)
	grow(t, dir, "", list[10:]...)
	cutAfter(t, dir, f, "the directory is marked")
	says(t, exitFailed, []string{"did not get into", "nothing was changed", "--to-bucket again"}, migrateArgs(dir, "--from-bucket", f)...)
	says(t, exitFailed, []string{"has left this bucket, and nothing was frozen"}, append([]string{"freeze", "--dir", node, "--name", key.Name()}, f.args()...)...)
	says(t, 0, []string{"20 entries"}, migrateArgs(dir, "--to-bucket", f)...)
}

// A directory whose log is on the way stays as it is where the bucket got another log meanwhile,
// and is told the way out, which it has.
func TestADirectoryOnTheWayToABucketThatHasAnotherLogIsToldTheWayOut(t *testing.T) {
	for _, older := range []bool{false, true} { // it is this ledger's, as it was
		dir, key := newLedgerWithTwoKeys(t)
		list := revocations(t, key, 4)
		grow(t, dir, "", list[:2]...)
		other, has := "", " 2" // entries
		if older {
			other = filepath.Join(t.TempDir(), "other")
			clone(t, dir, other)
		} else {
			other, _ = newLedgerWithTwoKeys(t)
			has = "has the log of another ledger"
		}
		grow(t, dir, "", list[2])
		m := objectstest.NewMemory()
		f := bucketAt(t, m)
		cutAfter(t, dir, f, "the directory is marked")
		empty(t, m)
		says(t, 0, nil, migrateArgs(other, "--to-bucket", f)...)
		mark := mustReadFile(t, filepath.Join(dir, movedFile))
		for _, way := range []string{"--to-bucket", "--from-bucket", "--to-bucket"} {
			says(t, exitFailed, []string{has, "nothing was done", "chirographd check", "chirographd rebuild", "remove " + filepath.Join(dir, movedFile)}, migrateArgs(dir, way, f)...)
			if now := mustReadFile(t, filepath.Join(dir, movedFile)); now != mark || !storeIsOwn(dir, key) {
				t.Errorf("%s changed it: %q, %q", way, mark, now)
			}
		}
		if err := os.Remove(filepath.Join(dir, movedFile)); err != nil {
			t.Fatal(err)
		}
		grow(t, dir, "", list[3])
		f.bucket = "ledgers/b"
		says(t, 0, []string{"4 entries"}, migrateArgs(dir, "--to-bucket", f)...)
	}
}

// A node's directory that has more than the bucket is told where the log is.
func TestADirectoryWhoseBucketGotAnotherLogIsToldWhereItsLogIs(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	older := filepath.Join(t.TempDir(), "older")
	clone(t, dir, older)
	grow(t, dir, "", revocations(t, key, 4)[3])
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	stranger, _ := newLedgerWithTwoKeys(t)
	for _, other := range []string{stranger, older} {
		empty(t, m)
		says(t, 0, nil, migrateArgs(other, "--to-bucket", f)...)
		says(t, exitFailed, []string{"or is another: " + bucketLost}, migrateArgs(dir, "--from-bucket", f)...)
		if err := mustBeIn(dir, f.bucket, key); err != nil {
			t.Error(err)
		}
	}
}
