package store

import (
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Incident: another log's key for duplicates was cut short, so that two entries were one.
func TestATruncatedDedupKeyDoesNotMakeTwoRecordsOne(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 3, 3)
	state := s.State(s.Head())
	r := revocation(t, 1)
	for i := range len(record.ID{}) {
		id := r.ID()
		id[i] ^= 1
		if index, ok, err := state.Index(id); ok || err != nil {
			t.Errorf("an id that differs in byte %d is entry %d, %v", i, index, err)
		}
		// A row under a key that begins as the id does is another's.
		cut := r.ID()
		put(t, s, string(recordKey(cut)[:1+i]), string(entryKey(1)[1:])+"\x04")
		if _, ok, err := state.Index(id); ok || err != nil {
			t.Errorf("a row of %d bytes counts: %v", 1+i, err)
		}
		key := r.Text().Key.Public().Bytes()
		key[i] ^= 1
		other, err := note.ParsePublicKey(key)
		if err != nil {
			continue // no key
		}
		if index, ok, err := state.Revoked(other); ok || err != nil {
			t.Errorf("a key that differs in byte %d is revoked by %d, %v", i, index, err)
		}
	}
	if index, ok, err := state.Index(r.ID()); index != 1 || !ok || err != nil {
		t.Errorf("record 1 is entry %d, %v, %v", index, ok, err)
	}
	// A row that names the entry of another id is no answer.
	other := revocation(t, 2).ID()
	put(t, s, string(recordKey(r.ID())), string(entryKey(2)[1:])+"\x04")
	if _, _, err := state.Index(r.ID()); err == nil {
		t.Errorf("the row of record %s names the entry of %s, and is believed", r.ID(), other)
	}
	closeStore(t, s)
}
