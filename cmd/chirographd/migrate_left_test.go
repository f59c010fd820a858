//go:build unix

package main

import (
	"errors"
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
