package store

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func hashed(n uint64) record.ID {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
}

// An id that was added is never said to be absent, and few others are looked for in vain.
func TestWhatWasSeenIsNeverForgotten(t *testing.T) {
	const entries = 100_000
	s := newSeen(entries)
	for n := range uint64(entries) {
		s.add(hashed(n))
	}
	vain := 0
	for n := range uint64(entries) {
		if !s.may(hashed(n)) {
			t.Fatalf("id %d is forgotten", n)
		}
		if s.may(hashed(entries + n)) {
			vain++
		}
	}
	if vain > entries/100 {
		t.Errorf("%d of %d are looked for in vain", vain, entries)
	}
}

// It has a bound, whatever number a ledger claims.
func TestWhatIsSeenIsBounded(t *testing.T) {
	const limit = maxSeen * 8 / seenBits
	for _, c := range []struct{ entries, blocks uint64 }{
		{0, 1}, {1, 1}, {31, 1}, {32, 2}, {limit - 1, maxSeen / 64}, {limit, maxSeen/64 + 1}, {limit + 1, maxSeen/64 + 1}, {1<<63 - 1, maxSeen/64 + 1},
	} {
		if got := uint64(len(newSeen(c.entries))); got != c.blocks {
			t.Errorf("for %d entries it has %d blocks, want %d", c.entries, got, c.blocks)
		}
	}
}

// openBulk opens a copy that is read in bulk.
func openBulk(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	cfg := config(fs)
	cfg.Bulk = true
	s, err := OpenCopy(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// readTo appends revocations as an audit reads them, in batches of at most step, until the
// copy has size.
func readTo(t testing.TB, s *Store, size, step uint64) {
	t.Helper()
	for n := s.Head().Checkpoint.Size; n < size; {
		b := s.NewBatch()
		for end := min(n+step, size); n < end; n++ {
			r := revocation(t, n)
			entry := record.Entry{Registered: int64(n), Record: r.Bytes()}.Bytes()
			if index, ok, err := b.Index(r.ID()); ok || err != nil {
				t.Fatalf("record %d is entry %d already: %v", n, index, err)
			}
			if index, err := b.AppendRead(entry, tlog.LeafHash(entry), int64(n), r); err != nil || index != n {
				t.Fatalf("revocation %d: index %d, %v", n, index, err)
			}
			if index, ok, err := b.Index(r.ID()); !ok || index != n || err != nil {
				t.Fatalf("record %d is not there: %v", n, err)
			}
		}
		if err := b.CommitCopy(); err != nil {
			t.Fatal(err)
		}
	}
}

// Whichever way a copy came about, it has the same in it; and one that was begun in bulk
// goes on without, and the other way round.
func TestACopyReadInBulkIsTheSameCopy(t *testing.T) {
	fs := vfs.NewMem()
	s := openBulk(t, fs)
	s.Foresee(600)
	readTo(t, s, 300, 100)
	closeStore(t, s)
	s = openCopy(t, fs)
	copyTo(t, s, 400, 100)
	closeStore(t, s)
	s = openBulk(t, fs)
	readTo(t, s, 600, 70)
	got, want := dump(t, s), model(t, 600)
	for k := range want {
		if k != "format" && k != "head" && got[k] != want[k] {
			t.Errorf("key %q: %q, want %q", k, got[k], want[k])
		}
	}
	if len(got) != len(want) || !strings.HasPrefix(got["format"], copyFormat) {
		t.Errorf("%d keys, want %d; format %q", len(got), len(want), got["format"])
	}
	closeStore(t, s)
}

// What is foreseen changes no answer: of a copy that has entries nothing is foreseen, and
// in one that has none each id is found that came since.
func TestForeseenIDsAnswerAsTheDatabaseDoes(t *testing.T) {
	s := openBulk(t, vfs.NewMem())
	s.Foresee(200)
	readTo(t, s, 200, 50)
	again := func(what string) {
		b := s.NewBatch()
		for n := range uint64(400) {
			if index, ok, err := b.Index(revocation(t, n).ID()); err != nil || ok != (n < 200) || ok && index != n {
				t.Errorf("%s: record %d: %d, %t, %v", what, n, index, ok, err)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s.seen == nil {
		t.Error("nothing was foreseen")
	}
	again("foreseen")
	s.seen = nil
	s.Foresee(400) // it has entries of which nobody told it
	if s.seen != nil {
		t.Error("foreseen with entries")
	}
	again("not foreseen")
	closeStore(t, s)
	own := newStore(t, vfs.NewMem())
	if own.Foresee(400); own.seen != nil {
		t.Error("a ledger's own store foresees")
	}
	closeStore(t, own)
}
