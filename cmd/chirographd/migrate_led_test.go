//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/verify"
)

// Whoever forgot to stop the nodes is told, and the log goes on where it is.
func TestALogThatANodeLeadsDoesNotLeaveItsBucket(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	policy := policyOf(t, dir)
	grow(t, dir, "", revocations(t, key, 3)...)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	two := nodeDirectory(t, dir)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	n := startNodeAs(t, dir, b, func(g *nodeFlags) { g.bucket = f })
	n.ready(t)
	submitTo(t, n.url, policy, 4)
	refusal := []string{"a node leads the log: " + n.url + " changed the head", "stop all nodes first"}
	says(t, exitFailed, refusal, migrateArgs(two, "--from-bucket", f)...)
	says(t, exitFailed, []string{"--takeover-after 4.999s: at least 5s"}, append(migrateArgs(two, "--from-bucket", f), "--takeover-after", "4999ms")...)
	if was, err := readMoved(two); was != nil || err != nil {
		t.Errorf("the directory says %+v, %v", was, err)
	}
	// One that a run was cut short in is a node's again.
	if err := keepMoved(two, moved{step: leaving, bucket: f.bucket, nonce: objects.Nonce{1}, state: objects.Open, at: f.endpoint}); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, refusal, migrateArgs(two, "--from-bucket", f)...)
	if err := mustBeIn(two, f.bucket, key); err != nil {
		t.Error(err)
	}
	says(t, exitFailed, []string{"another chirographd runs in this directory"}, migrateArgs(dir, "--from-bucket", f)...)
	submitTo(t, n.url, policy, 5)
	if h, _ := headIn(t, m, key); h.Owner != n.url || h.State != objects.Open || h.Epoch != 2 {
		t.Errorf("%+v\n%s", h, n.logs)
	}
	if err := n.end(); err != nil {
		t.Fatal(err)
	}
	says(t, 0, []string{"5 entries"}, migrateArgs(two, "--from-bucket", f)...)
}

// A node that begins to lead while the log is read keeps it.
func TestANodeThatLeadsMeanwhileKeepsTheLog(t *testing.T) {
	dir, key := newLedgerWithTwoKeys(t)
	grow(t, dir, "", revocations(t, key, 3)...)
	m := objectstest.NewMemory()
	f := bucketAt(t, m)
	says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
	b, err := f.open()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	two, policy := nodeDirectory(t, dir), policyOf(t, dir)
	var n *runningNode
	err = migrateOnce(t, migrateFlags{dir: two, from: true, after: leastAfter, bucketFlags: f}, func(step string) error {
		if n == nil && step == "the directory is marked" {
			n = startNodeAs(t, dir, b, func(g *nodeFlags) { g.bucket = f })
			n.ready(t)
			submitTo(t, n.url, policy, 4)
		}
		return nil
	})
	if !errors.Is(err, objects.ErrLed) || !strings.Contains(err.Error(), n.url) {
		t.Errorf("%v\n%s", err, n.logs)
	}
	if h, _ := headIn(t, m, key); h.Owner != n.url || h.State != objects.Open {
		t.Errorf("%+v\n%s", h, n.logs)
	}
	if err := mustBeIn(two, f.bucket, key); err != nil {
		t.Error(err)
	}
}

func policyOf(t *testing.T, dir string) *verify.Policy {
	t.Helper()
	p, err := verify.ParsePolicy([]byte(mustReadFile(t, filepath.Join(dir, policyFile))))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// nodeDirectory makes that of one more node of a ledger.
func nodeDirectory(t *testing.T, of string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{keyFile, keyFile + ".pub", cosignerFile, policyFile} {
		b, err := os.ReadFile(filepath.Join(of, name))
		if name == cosignerFile && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// empty removes all that is in a bucket.
func empty(t *testing.T, m objects.Bucket) {
	t.Helper()
	names, err := m.List(t.Context(), "", "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := m.Delete(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
}

// A bucket that was emptied while a log was on its way there gets it once more only where no
// node can have gone on with it; else it is said how to go on.
func TestALogDoesNotComeTwiceIntoABucketThatWasEmptied(t *testing.T) {
	cut := errors.New("cut")
	for _, before := range []bool{false, true} { // the bucket had the log once before
		for _, last := range []string{"tiles and bundles are there", "all was read back", "the checkpoint is there", "the directory is marked", "the head is there"} {
			what := fmt.Sprintf("cut after %q, before %v", last, before)
			dir, key := newLedgerWithTwoKeys(t)
			list := revocations(t, key, 4)
			grow(t, dir, "", list[:3]...)
			m := objectstest.NewMemory()
			f := bucketAt(t, m)
			if before {
				says(t, 0, nil, migrateArgs(dir, "--to-bucket", f)...)
				says(t, 0, nil, migrateArgs(dir, "--from-bucket", f)...)
			}
			if err := migrateOnce(t, migrateFlags{dir: dir, to: true, after: leastAfter, bucketFlags: f}, func(step string) error {
				if step == last {
					return cut
				}
				return nil
			}); !errors.Is(err, cut) {
				t.Fatal(err)
			}
			empty(t, m)
			mark, err := readMoved(dir)
			if err != nil {
				t.Fatal(err)
			}
			if mark == nil { // the ledger is where it was
				says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--to-bucket", f)...)
				continue
			}
			refusal := []string{"it was emptied since, or is another", "chirographd check", "chirographd rebuild", "remove " + filepath.Join(dir, movedFile)}
			for _, way := range []string{"--to-bucket", "--from-bucket", "--to-bucket"} {
				says(t, exitFailed, refusal, migrateArgs(dir, way, f)...)
			}
			if _, has := headIn(t, m, key); has {
				t.Errorf("%s: the bucket has a log", what)
			}
			if now, err := readMoved(dir); err != nil || *now != *mark || !storeIsOwn(dir, key) {
				t.Errorf("%s: the directory was changed: %+v, %v", what, now, err)
			}
			// The way out.
			if err := os.Remove(filepath.Join(dir, movedFile)); err != nil {
				t.Fatal(err)
			}
			grow(t, dir, "", list[3])
			says(t, 0, []string{"4 entries"}, migrateArgs(dir, "--to-bucket", f)...)
		}
	}
}

// Where the head alone is gone, what is public says whether nodes went on.
func TestALogDoesNotComeTwiceWhereItsHeadIsGone(t *testing.T) {
	cut := errors.New("cut")
	for _, more := range []bool{false, true} {
		dir, key := newLedgerWithTwoKeys(t)
		list := revocations(t, key, 4)
		grow(t, dir, "", list[:3]...)
		two := filepath.Join(t.TempDir(), "two")
		m := objectstest.NewMemory()
		f := bucketAt(t, m)
		if err := migrateOnce(t, migrateFlags{dir: dir, to: true, after: leastAfter, bucketFlags: f}, func(step string) error {
			if step == "the head is there" {
				return cut
			}
			return nil
		}); !errors.Is(err, cut) {
			t.Fatal(err)
		}
		if more { // as nodes leave it
			clone(t, dir, two)
			if err := os.Remove(filepath.Join(two, movedFile)); err != nil {
				t.Fatal(err)
			}
			grow(t, two, "", list[3])
			other := bucketAt(t, objectstest.NewMemory())
			elsewhere, err := other.open()
			if err != nil {
				t.Fatal(err)
			}
			defer elsewhere.Close()
			says(t, 0, nil, migrateArgs(two, "--to-bucket", other)...)
			c, _, err := elsewhere.Get(t.Context(), objects.CheckpointName, 1<<16)
			if err != nil {
				t.Fatal(err)
			}
			_, v, err := m.Get(t.Context(), "a/"+objects.CheckpointName, 1<<16)
			if err == nil {
				_, err = m.Swap(t.Context(), "a/"+objects.CheckpointName, v, c)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Delete(t.Context(), "a/"+objects.HeadName); err != nil {
			t.Fatal(err)
		}
		if !more {
			says(t, 0, []string{"3 entries"}, migrateArgs(dir, "--to-bucket", f)...)
			continue
		}
		says(t, exitFailed, []string{"the tree has 3 entries, a checkpoint of size 4 has left"}, migrateArgs(dir, "--to-bucket", f)...)
		if _, has := headIn(t, m, key); has {
			t.Error("there are two logs")
		}
	}
}

// A reluctant bucket takes no write of one object before it has refused so many; none for -1.
type reluctant struct {
	objects.Bucket
	name    string
	left    atomic.Int32
	refused atomic.Int32
}

func (b *reluctant) refuse(name string) error {
	if !strings.HasPrefix(name, b.name) || b.left.Load() == 0 {
		return nil
	}
	b.left.Add(-1)
	return fmt.Errorf("PUT %s: 503 SlowDown, request %d", name, b.refused.Add(1))
}

func (b *reluctant) Create(ctx context.Context, name string, body []byte) (objects.Version, error) {
	if err := b.refuse(name); err != nil {
		return "", err
	}
	return b.Bucket.Create(ctx, name, body)
}

func (b *reluctant) Swap(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
	if err := b.refuse(name); err != nil {
		return "", err
	}
	return b.Bucket.Swap(ctx, name, v, body)
}

// migrateOver is a migration over a bucket, with a clock of its own. It returns what it says beside
// its result.
func migrateOver(t *testing.T, dir, way string, b objects.Bucket) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		m, failed := newMigration(migrateFlags{dir: dir, to: way == "--to-bucket", from: way != "--to-bucket", after: leastAfter, bucketFlags: bucketFlags{bucket: "ledgers"}}, io.Discard, &out)
		if failed != nil {
			t.Fatal(failed)
		}
		defer m.close()
		m.register.Bucket = b
		if way == "--to-bucket" {
			err = m.toBucket(t.Context())
		} else {
			err = m.fromBucket(t.Context())
		}
	})
	return out.String(), err
}

// Whoever moves a log is told what the bucket does not take, once, and when it does; what it
// never takes ends the migration, which goes on when it is said again.
func TestAMigrationTellsWhatTheBucketDoesNotTake(t *testing.T) {
	// Made out here: what waits for a network or a process would stop the clock of the bubble.
	origin, key := newLedgerWithTwoKeys(t)
	grow(t, origin, "", revocations(t, key, 3)...)
	t.Setenv(keyID, "anyone")
	t.Setenv(keySecret, bucketSecret)
	const yet, again = "the bucket does not take the %s yet, and is asked again: PUT ", "the bucket takes the %s again\n"
	for _, test := range []struct {
		way, object, what string
		refusals          int32
		told              bool
		ends              string // the error
	}{
		{"--to-bucket", "tile/", "tiles", 4, false, ""},
		{"--to-bucket", "tile/entries/", "tiles", 9, true, ""},
		{"--to-bucket", "tile/entries/", "tiles", -1, true, "it was tried 12 times"},
		{"--to-bucket", "head", "head", 9, true, ""},
		{"--to-bucket", "head", "head", -1, true, "it was tried 12 times; whether the head was made is not known"},
		{"--from-bucket", "head", "head", 9, true, ""},
		{"--from-bucket", "head", "head", -1, true, "it was tried 12 times; whether the head was changed is not known"},
	} {
		t.Run(fmt.Sprintf("%s %s %d", test.way, test.object, test.refusals), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ledger")
			clone(t, origin, dir)
			memory := objectstest.NewMemory()
			if test.way == "--from-bucket" {
				if _, err := migrateOver(t, dir, "--to-bucket", memory); err != nil {
					t.Fatal(err)
				}
			}
			b := &reluctant{Bucket: memory, name: test.object}
			b.left.Store(test.refusals)
			said, err := migrateOver(t, dir, test.way, b)
			if test.ends == "" && err != nil || test.ends != "" && (err == nil || !strings.Contains(err.Error(), test.ends) || !strings.Contains(err.Error(), "503 SlowDown")) {
				t.Errorf("it ended with %v", err)
			}
			wantWords(t, said, test.told, fmt.Sprintf(yet, test.what))
			wantWords(t, said, test.told && test.ends == "", fmt.Sprintf(again, test.what))
			if n := strings.Count(said, "does not take"); n > 1 {
				t.Errorf("it is told %d times:\n%s", n, said)
			}
			if test.ends != "" {
				if n := b.refused.Load(); n < 12 {
					t.Errorf("%d tries", n)
				}
				if _, err := migrateOver(t, dir, test.way, memory); err != nil {
					t.Errorf("said again: %v", err)
				}
			}
		})
	}
}
