package store

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// cosigned returns the checkpoint of a store's head with one more line.
func cosigned(s *Store) tlog.SignedCheckpoint {
	c := s.Head().Checkpoint
	lines := append([]note.Signature{}, c.Note.Signatures...)
	c.Note.Signatures = append(lines, note.Signature{Name: "witness.example", ID: 1, Bytes: make([]byte, 72)})
	return c
}

func TestAHeadIsPublishedWhenItIsCommittedUnlessThatIsHeld(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	demand := func(size uint64, lines int) {
		t.Helper()
		for range 2 {
			h := s.Published()
			if h.Checkpoint.Size != size || len(h.Checkpoint.Note.Signatures) != lines || h.Time != max(int64(size)-1, 0) {
				t.Fatalf("published is size %d with %d lines, of %d; want %d with %d", h.Checkpoint.Size, len(h.Checkpoint.Note.Signatures), h.Time, size, lines)
			}
			closeStore(t, s)
			s = openStore(t, fs)
		}
	}
	demand(0, 1)
	grow(t, s, 3, 2)
	demand(3, 1)
	if err := s.Hold(); err != nil {
		t.Fatal(err)
	}
	grow(t, s, 5, 2)
	demand(3, 1)
	if err := s.Publish(cosigned(s)); err != nil {
		t.Fatal(err)
	}
	demand(5, 2)
	grow(t, s, 6, 1)
	demand(5, 2)
	if err := s.Publish(s.Head().Checkpoint); err != nil {
		t.Fatal(err)
	}
	grow(t, s, 8, 1)
	demand(8, 1)
	closeStore(t, s)
}

func TestOnlyWhatTheLogBeginsWithIsPublished(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	grow(t, s, 3, 1)
	big := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: 4, Root: tlog.EmptyRoot()})
	if err := s.Publish(big); err == nil || !strings.Contains(err.Error(), "the store has 3 entries") {
		t.Errorf("a larger one: %v", err)
	}
	unsigned := cosigned(s)
	unsigned.Note.Signatures = unsigned.Note.Signatures[1:]
	if err := s.Publish(unsigned); err == nil || !strings.Contains(err.Error(), "no signature of the ledger") {
		t.Errorf("one that is not signed: %v", err)
	}
	// Another tree under the ledger's signature, which only damage can put there.
	bad := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: 2, Root: tlog.EmptyRoot()})
	if err := s.setPublished(&Head{bad, 1}); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if _, err := Open(config(fs)); err == nil || !strings.Contains(err.Error(), "published head: the tree of 3 entries does not begin with that of the checkpoint of size 2") {
		t.Errorf("opened with it: %v", err)
	}
}

func TestABatchGoesOnFromWhatIsReadBack(t *testing.T) {
	t.Parallel()
	for _, size := range []uint64{0, 1, 255, 256, 257, 300, 511, 512} {
		s := newStore(t, vfs.NewMem())
		grow(t, s, size, 100)
		heads := []tlog.Checkpoint{emptyLog().Checkpoint, s.Head().Checkpoint.Checkpoint}
		for _, more := range []uint64{1, 255, 256, 600} {
			b := s.NewBatch()
			fill(t, b, size, size+more)
			for _, old := range heads {
				if err := b.Continues(old); err != nil {
					t.Errorf("size %d, %d more, from %d: %v", size, more, old.Size, err)
				}
				old.Root[3] ^= 1
				if err := b.Continues(old); err == nil {
					t.Errorf("size %d, %d more: goes on from another tree of size %d", size, more, old.Size)
				}
			}
			if err := b.Continues(tlog.Checkpoint{Size: size + more + 1}); err == nil || !strings.Contains(err.Error(), "has left") {
				t.Errorf("goes on from what is larger: %v", err)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
		closeStore(t, s)
	}
}

func TestABatchWhoseTreeWentWrongInMemoryDoesNotGoOn(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 300, 300)
	b := s.NewBatch()
	// As if a bit had flipped: the tree has another entry than the database.
	tree := tlog.NewTree()
	for i := range uint64(300) {
		tree.Append(tlog.LeafHash([]byte{byte(i)}), nil)
	}
	b.tree = tree
	fill(t, b, 300, 301)
	if err := b.Continues(s.Head().Checkpoint.Checkpoint); err == nil || !strings.Contains(err.Error(), "does not begin with") {
		t.Errorf("goes on: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}
