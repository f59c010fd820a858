//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/verify"
)

// newLedgerWithTwoKeys makes a ledger whose checkpoints have two signatures.
func newLedgerWithTwoKeys(t *testing.T) (string, note.Key) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa")
	p, err := verify.ParsePolicy([]byte(mustReadFile(t, filepath.Join(dir, policyFile))))
	if err != nil {
		t.Fatal(err)
	}
	return dir, p.Logs[0].Key
}

func migrateArgs(dir, way string, f bucketFlags) []string {
	return append([]string{"migrate", "--dir", dir, way}, f.args()...)
}

// headIn returns the head of the log in a bucket; false where it has none.
func headIn(t *testing.T, m objects.Bucket, key note.Key) (objects.Head, bool) {
	t.Helper()
	b, _, err := m.Get(t.Context(), "a/head", objects.MaxHead)
	if errors.Is(err, objects.ErrAbsent) {
		return objects.Head{}, false
	}
	if err != nil {
		t.Fatal(err)
	}
	h, err := objects.ParseHead(b)
	if err != nil || h.Checkpoint.Origin != key.Name() {
		t.Fatalf("%+v, %v", h, err)
	}
	return h, true
}

func TestALedgerGoesIntoABucketAndBackAsItWas(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	list := revocations(t, key, 600)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	for i, size := range []int{0, 1, 300, 513} {
		before := 0
		if i > 0 {
			before = []int{0, 1, 300}[i-1]
		}
		grow(t, dir, "", list[before:size]...)
		root := headOf(t, dir, key).Root
		says(t, 0, []string{entries(uint64(size)), root.String(), "open"}, migrateArgs(dir, "--to-bucket", f)...)
		if h, ok := headIn(t, m, key); !ok || h.State != objects.Open || h.Checkpoint.Root != root || h.Epoch != uint64(2*i+1) {
			t.Fatalf("%d entries: %+v", size, h)
		}
		says(t, exitFailed, []string{"chirographd node runs it"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
		says(t, exitFailed, []string{"chirographd node runs it"}, "freeze", "--dir", dir, "--name", key.Name())
		says(t, exitFailed, []string{"chirographd node runs it"}, migrateArgs(dir, "--to-bucket", f)...)
		if err := mustBeIn(dir, f.bucket, key); err != nil {
			t.Error(err)
		}
		if err := mustBeIn(dir, "ledgers/b", key); err == nil {
			t.Error("it is in another bucket too")
		}
		says(t, 0, []string{entries(uint64(size)), root.String(), "open"}, migrateArgs(dir, "--from-bucket", f)...)
		if h, _ := headIn(t, m, key); h.State != objects.Moved {
			t.Fatalf("%d entries: %+v", size, h)
		}
		if got := headOf(t, dir, key); got.Root != root || got.Size != uint64(size) {
			t.Fatalf("%d entries: %+v", size, got)
		}
	}
	grow(t, dir, "", list[513:]...)
	says(t, exitFailed, []string{"nothing says that its log is in a bucket"}, migrateArgs(dir, "--from-bucket", f)...)
}

// A log may be served where its directory is, or be led in the bucket, and never both. What
// was cut short anywhere is done when it is said again.
func TestAMigrationThatIsCutShortIsDoneWhenItIsSaidAgain(t *testing.T) {
	origin, key := newLedgerWithTwoKeys(t)
	grow(t, origin, "", revocations(t, key, 260)...)
	root := headOf(t, origin, key).Root
	errCut := errors.New("cut")
	for _, fresh := range []bool{false, true} {
		for cut, way := 0, "--to-bucket"; ; cut++ {
			dir := filepath.Join(t.TempDir(), "ledger")
			clone(t, origin, dir)
			m := objectstest.NewMemory()
			f := bucketAt(t, m)
			if way == "--from-bucket" {
				says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
				if fresh { // a directory that has the keys, and nothing of the log
					for _, name := range []string{storeDir, guardDir, movedFile} {
						if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			done := ""
			n := 0
			err := migrateOnce(t, migrateFlags{dir: dir, to: way == "--to-bucket", from: way != "--to-bucket", bucketFlags: f}, func(step string) error {
				if n++; n > cut {
					done = step
					return errCut
				}
				return nil
			})
			what := fmt.Sprintf("%s, cut after %q, fresh %v", way, done, fresh)
			if err == nil && done == "" {
				if cut < 4 {
					t.Fatalf("%s has %d steps", way, cut)
				}
				if way == "--from-bucket" {
					break
				}
				cut, way = -1, "--from-bucket"
				continue
			}
			if !errors.Is(err, errCut) {
				t.Fatalf("%s: %v", what, err)
			}
			h, ok := headIn(t, m, key)
			led := ok && h.State == objects.Open
			served := mustBeHere(dir) == nil && storeIsOwn(dir, key)
			if led && served {
				t.Errorf("%s: the log is led in the bucket, and served in its directory", what)
			}
			says(t, 0, []string{"260 entries", root.String()}, migrateArgs(dir, way, f)...)
			h, _ = headIn(t, m, key)
			if way == "--to-bucket" && (h.State != objects.Open || mustBeHere(dir) == nil) || way != "--to-bucket" && (h.State != objects.Moved || mustBeHere(dir) != nil || headOf(t, dir, key).Root != root) {
				t.Errorf("%s, and said again: %s", what, h.State)
			}
			if way != "--to-bucket" {
				grow(t, dir, "", revocations(t, key, 262)[260:]...)
			}
		}
	}
}

func storeIsOwn(dir string, key note.Key) bool {
	s, g, err := (&freezing{freezeFlags: freezeFlags{dir: dir}}).open(key)
	if err != nil {
		return false
	}
	return errors.Join(g.Close(), s.Close()) == nil
}

// migrateOnce is one run, which ends where step says so.
func migrateOnce(t *testing.T, f migrateFlags, step func(string) error) error {
	t.Helper()
	m, err := newMigration(f, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	defer m.close()
	m.step = step
	if f.to {
		return m.toBucket(t.Context())
	}
	return m.fromBucket(t.Context())
}

// What went into the bucket, and from there to another directory, does not go there once more
// from the first, whose run was cut short: whoever said it again would have two go on.
func TestALogThatLeftTheBucketForAnotherDirectoryDoesNotComeAgainFromTheFirst(t *testing.T) {
	for _, before := range []bool{false, true} { // the bucket had the log once before
		one, key := newLedgerWithTwoKeys(t)
		list := revocations(t, key, 5)
		grow(t, one, "", list[:3]...)
		m := objectstest.NewMemory()
		f := bucketAt(t, m)
		if before {
			says(t, 0, nil, migrateArgs(one, "--to-bucket", f)...)
			says(t, 0, nil, migrateArgs(one, "--from-bucket", f)...)
		}
		two := filepath.Join(t.TempDir(), "two")
		clone(t, one, two)
		for _, name := range []string{storeDir, guardDir} {
			if err := os.RemoveAll(filepath.Join(two, name)); err != nil {
				t.Fatal(err)
			}
		}
		cut := errors.New("cut")
		if err := migrateOnce(t, migrateFlags{dir: one, to: true, bucketFlags: f}, func(s string) error {
			if s == "the head is there" {
				return cut
			}
			return nil
		}); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		says(t, 0, nil, migrateArgs(two, "--from-bucket", f)...)
		says(t, exitFailed, []string{"the log went into the bucket and left it since"}, migrateArgs(one, "--to-bucket", f)...)
		grow(t, two, "", list[3])
		says(t, exitFailed, []string{"the log went into the bucket and left it since"}, migrateArgs(one, "--to-bucket", f)...)
		if h, _ := headIn(t, m, key); h.State != objects.Moved {
			t.Errorf("the bucket had it before: %v: the head says %+v", before, h)
		}
		says(t, exitFailed, []string{"to-bucket"}, "serve", "--dir", one, "--listen", "127.0.0.1:0")
		// Where the other brings it there, the first is a node's directory.
		says(t, 0, []string{"4 entries"}, migrateArgs(two, "--to-bucket", f)...)
		says(t, 0, nil, migrateArgs(one, "--to-bucket", f)...)
		if err := mustBeIn(one, f.bucket, key); err != nil {
			t.Error(err)
		}
	}
}

// Who gives up while the log is on its way is told what to do, and can do it.
func TestALogThatDidNotGetIntoABucketDoesNotComeBackFromIt(t *testing.T) {
	for _, before := range []bool{false, true} { // the bucket had the log once before
		dir, key := newLedgerWithTwoKeys(t)
		grow(t, dir, "", revocations(t, key, 3)...)
		f := bucketAt(t, objectstest.NewMemory())
		if before {
			says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
			says(t, 0, nil, migrateArgs(dir, "--from-bucket", f)...)
		}
		cut := errors.New("cut")
		if err := migrateOnce(t, migrateFlags{dir: dir, to: true, bucketFlags: f}, func(s string) error {
			if s == "the directory is marked" {
				return cut
			}
			return nil
		}); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		mark := mustReadFile(t, filepath.Join(dir, movedFile))
		says(t, exitFailed, []string{"did not get into", "nothing was changed", "--to-bucket again"}, migrateArgs(dir, "--from-bucket", f)...)
		if now := mustReadFile(t, filepath.Join(dir, movedFile)); now != mark || !storeIsOwn(dir, key) {
			t.Errorf("it was changed: %q, %q", mark, now)
		}
		says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--to-bucket", f)...)
		says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--from-bucket", f)...)
		grow(t, dir, "", revocations(t, key, 4)[3])
	}
}

func TestOfTwoThatTakeALogFromABucketOneGoesOn(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	f := bucketAt(t, objectstest.NewMemory())
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	two := filepath.Join(t.TempDir(), "two")
	clone(t, dir, two)
	says(t, 0, nil, migrateArgs(two, "--from-bucket", f)...)
	says(t, exitFailed, []string{"left", "for another directory"}, migrateArgs(dir, "--from-bucket", f)...)
	says(t, exitFailed, []string{"from-bucket"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
}

func TestABucketWithSomethingElseIsRefused(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 300)...)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	other, otherKey := newLedgerWithTwoKeys(t)
	grow(t, other, "", revocations(t, otherKey, 2)...)
	says(t, 0, nil, migrateArgs(other, "--to-bucket", f)...)
	says(t, exitFailed, []string{"has the log of another ledger", "nothing was done"}, migrateArgs(dir, "--to-bucket", f)...)
	f.bucket = "ledgers/b"
	if _, err := m.Create(t.Context(), "b/tile/entries/000", []byte("something else")); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"other bytes than the log"}, migrateArgs(dir, "--to-bucket", f)...)
	if err := mustBeHere(dir); err != nil {
		t.Errorf("a ledger that did not move: %v", err)
	}
}

// What a store makes of what it was given is found before the bucket has a log.
func TestWhatWasPutIsReadBack(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 300)...)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	err := migrateOnce(t, migrateFlags{dir: dir, to: true, bucketFlags: f}, func(step string) error {
		if step != "tiles and bundles are there" {
			return nil
		}
		const name = "a/tile/0/001.p/44"
		b, v, err := m.Get(t.Context(), name, 1<<20)
		if err != nil {
			return err
		}
		b = bytes.Clone(b)
		b[0] ^= 1
		_, err = m.Swap(t.Context(), name, v, b)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "what is in the bucket is not the log") {
		t.Errorf("%v", err)
	}
	if _, ok := headIn(t, m, key); ok {
		t.Error("the bucket has a log")
	}
}

func TestAFrozenLogStaysFrozenWhereverItGoes(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	freeze := append([]string{"freeze", "--dir", dir, "--name", key.Name()}, f.args()...)
	says(t, exitFailed, []string{"leave --bucket out"}, append(freeze, "--list", "--name", "")...)
	says(t, exitFailed, []string{"nothing was frozen"}, append(freeze, "--name", "another.example")...)
	says(t, 0, []string{"frozen for good, with 3 entries"}, freeze...)
	says(t, 0, []string{"was frozen before, with 3 entries"}, freeze...)
	if h, _ := headIn(t, m, key); h.State != objects.Frozen || h.Owner != "" {
		t.Errorf("%+v", h)
	}
	says(t, 0, []string{"frozen"}, migrateArgs(dir, "--from-bucket", f)...)
	says(t, 0, []string{"was frozen before, with 3 entries"}, "freeze", "--dir", dir, "--name", key.Name())
	says(t, 0, []string{"frozen"}, migrateArgs(dir, "--to-bucket", f)...)
	if h, _ := headIn(t, m, key); h.State != objects.Frozen {
		t.Errorf("%+v", h)
	}
}

func TestAKeyOfABucketThatOthersCanReadIsRefused(t *testing.T) {
	f := bucketFlags{bucket: "ledgers", key: keyFileOf(t, "id\n"+bucketSecret+"\n")}
	if _, err := f.open(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(f.key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.open(); err == nil || strings.Contains(err.Error(), bucketSecret) {
		t.Error(err)
	}
}

func FuzzParseMoved(f *testing.F) {
	f.Add(moved{going, "ledgers/a", objects.Nonce{1}, objects.Open, objects.Nonce{2}, "http://a.example"}.bytes())
	f.Add(moved{step: there, bucket: "ledgers", nonce: objects.Nonce{2}, state: objects.Frozen}.bytes())
	f.Add([]byte("chirograph in-bucket 1\nthere\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseMoved(b); err == nil && !bytes.Equal(m.bytes(), b) {
			t.Errorf("%q is read as %q", b, m.bytes())
		}
	})
}
