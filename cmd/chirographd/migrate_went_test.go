//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// Of what another brought into the bucket, a run that is said again says nothing that it has not
// read.
func TestATreeThatWasNotComparedIsNotNamed(t *testing.T) {
	one, key := newLedgerWithTwoKeys(t)
	list := revocations(t, key, 4)
	grow(t, one, "", list[:3]...)
	two := filepath.Join(t.TempDir(), "two")
	clone(t, one, two)
	grow(t, two, "", list[3])
	f := bucketAt(t, objectstest.NewMemory())
	cutAfter(t, one, f, "the directory is marked")
	says(t, 0, []string{"4 entries, root " + headOf(t, two, key).Root.String()}, migrateArgs(two, "--to-bucket", f)...)
	code, out, _ := chirographd(t, migrateArgs(one, "--to-bucket", f)...)
	if root := headOf(t, one, key).Root.String(); code != 0 || strings.Contains(out, root) || !strings.Contains(out, "with 4 entries, open: nodes went on there, or another directory brought it; that it begins with the 3 entries of "+one+" was not compared") {
		t.Errorf("exit code %d: %s", code, out)
	}
	says(t, exitFailed, []string{"chirographd node runs it"}, "serve", "--dir", one, "--listen", "127.0.0.1:0")
}
