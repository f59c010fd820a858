//go:build unix

package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A slip in --bucket binds a new node to nothing: there is no mark before the log was seen.
func TestANewNodeThatNamedAWrongBucketMayNameTheRightOne(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	stranger, _ := newLedgerWithTwoKeys(t)
	others := objectstest.NewMemory()
	says(t, 0, nil, migrateArgs(stranger, "--to-bucket", bucketAt(t, others))...)
	two := nodeDirectory(t, dir)
	before := filesIn(t, two)
	gone := bucketAt(t, objectstest.NewMemory())
	gone.bucket = "others"
	for _, c := range []struct {
		f    bucketFlags
		says string
	}{
		{bucketAt(t, objectstest.NewMemory()), "the bucket has no log"},
		{bucketAt(t, others), "the bucket has the log of another ledger"},
		{gone, "there is no such bucket"},
	} {
		if said := refusedNode(t, two, c.f); !strings.Contains(said, c.says) {
			t.Errorf("it said %q, not %q", said, c.says)
		}
		if after := filesIn(t, two); after != before {
			t.Errorf("%s: it had the files %s, and has %s", c.says, before, after)
		}
	}
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	n := startNodeAs(t, two, b, func(g *nodeFlags) { g.bucket = f })
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	mustReadFile(t, filepath.Join(two, movedFile))
	other := f
	other.bucket = "ledgers/b"
	if said := refusedNode(t, two, other); !strings.Contains(said, "is in the bucket "+f.bucket) {
		t.Error(said)
	}
}

// Who says init on a second machine has another ledger of the name: to migrate it would be wrong.
func TestALedgerThatInitMadeAnewIsToldThatTheBucketHasAnother(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	anew, other := newLedgerWithTwoKeys(t)
	before := filesIn(t, anew)
	args := append([]string{"node", "--dir", anew, "--listen", "127.0.0.1:0", "--at", "http://127.0.0.1:1"}, f.args()...)
	says(t, exitFailed, []string{"the bucket has the log of another ledger: of " + key.String() + ", not of " + other.String(), "init is for the first node alone", "into a new directory copy ledger.key, ledger.key.pub, policy"}, args...)
	wantNot(t, []string{"migrate"}, args...)
	if after := filesIn(t, anew); after != before {
		t.Errorf("it had the files %s, and has %s", before, after)
	}
}

func TestANodeOfALogThatIsFrozenSaysSoWhenItStarts(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	says(t, 0, nil, "freeze", "--dir", dir, "--name", key.Name())
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &oneLine{end: cancel}
	err = runNode(ctx, nodeFlags{dir: dir, bucket: f, listen: "127.0.0.1:0", at: "http://127.0.0.1:1", after: leastAfter}, b, out, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	wantWords(t, out.String(), true, "3 entries, frozen for good: it registers nothing")
}
