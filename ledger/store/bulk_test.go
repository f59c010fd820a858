package store

import (
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

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
