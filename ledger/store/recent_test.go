package store

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func numbered(n uint64) (id record.ID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

func TestTheLastIDsAreKnownExactly(t *testing.T) {
	const begin = 77
	var r recent
	if r.since(0) || r.since(begin) {
		t.Error("what has not begun knows entries")
	}
	r.begin(begin)
	const end = begin + 2*recentIDs + 5
	for n := uint64(begin); n < end; n++ {
		r.add(numbered(n))
		first := max(begin, n+1-min(n+1, recentIDs))
		if r.since(first-1) || !r.since(first) || !r.since(n+1) {
			t.Fatalf("after entry %d the entries are known from number %d on, not %d", n, r.first, first)
		}
		if r.has(numbered(first-1)) || !r.has(numbered(first)) || !r.has(numbered(n)) || r.has(numbered(n+1)) || len(r.ids) != int(n+1-first) {
			t.Fatalf("after entry %d other ids are known than those from %d on", n, first)
		}
	}
	// An id that is there twice, which the rules forbid, stays as long as one of them.
	r.add(numbered(end - recentIDs + 1))
	r.add(numbered(0))
	r.add(numbered(1))
	if !r.has(numbered(end - recentIDs + 1)) {
		t.Error("an id is forgotten with the first of two entries")
	}
}

func TestKeysThatAreNotRevokedAreKnownExactlyAndAreBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 0))
	var v lately[note.PublicKey]
	key := func(n int) note.PublicKey { return newSigner("key.example", uint64(n)).Public() }
	keys := make([]note.PublicKey, 64)
	for n := range keys {
		keys[n] = key(n)
	}
	revoked := make(map[note.PublicKey]bool)
	for range 10_000 {
		k := keys[random.IntN(len(keys))]
		switch random.IntN(3) {
		case 0:
			v.forget(k)
			revoked[k] = true
		default:
			// The database is asked, and its state may be another one since.
			v.add(k)
			delete(revoked, k)
		}
		for _, k := range keys {
			if v.has(k) && revoked[k] {
				t.Fatal("a key is valid that was revoked")
			}
		}
		if len(v.keys) > len(v.order) || len(v.order) > latelyMost {
			t.Fatalf("%d keys at %d places", len(v.keys), len(v.order))
		}
	}
	// One past the bound, the oldest goes.
	v = lately[note.PublicKey]{}
	v.order, v.next = make([]note.PublicKey, latelyMost-1), latelyMost-1
	v.add(keys[0])
	v.add(keys[1])
	if len(v.order) != latelyMost || v.next != 1 || !v.has(keys[0]) || !v.has(keys[1]) {
		t.Errorf("%d places, the next is %d", len(v.order), v.next)
	}
	v.next = latelyMost - 1
	v.add(keys[2])
	if v.has(keys[0]) || !v.has(keys[1]) || !v.has(keys[2]) || len(v.keys) != 2 {
		t.Error("the key at the place that is taken stays, or another goes")
	}
}

// indexIn is what a state says of an id.
func indexIn(t *testing.T, s rules.State, id record.ID) (index uint64, ok bool) {
	t.Helper()
	index, ok, err := s.Index(id)
	if err != nil {
		t.Fatal(err)
	}
	return index, ok
}

func TestWhoKnowsThatARecordWasNotThereIsAnsweredAsTheDatabaseDoes(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	var old []State
	for size := uint64(0); size <= 12; size += 3 {
		grow(t, s, size, 3)
		old = append(old, s.State(s.Head()))
	}
	for round := range 2 {
		b := s.NewBatch()
		fill(t, b, 12, 14)
		for n := range uint64(16) {
			r := revocation(t, n)
			wantIndex, want := indexIn(t, b, r.ID())
			if want != (n < 14) || want && wantIndex != n {
				t.Fatalf("record %d: %d, %v", n, wantIndex, want)
			}
			for _, state := range old {
				a, index, ok, err := state.Absence(r.ID())
				if wantThen := n < state.size; err != nil || ok != wantThen || ok && index != n || ok == (a != Absence{}) {
					t.Fatalf("record %d at size %d: %d, %v, %v", n, state.size, index, ok, err)
				}
				other := a
				other.store = new(Store)
				for _, a := range []Absence{a, {}, {s, revocation(t, n+1).ID(), state.size}, other} {
					if gotIndex, got := indexIn(t, b.Knowing(a), r.ID()); gotIndex != wantIndex || got != want {
						t.Errorf("round %d, record %d, absent below %d: %d, %v, want %d, %v", round, n, a.below, gotIndex, got, wantIndex, want)
					}
				}
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			// After a start nothing is in memory, and the same is known.
			fs := s.disk.FS
			closeStore(t, s)
			s = openStore(t, fs)
			for i := range old {
				old[i].store = s
				old[i].prover = s.prover
			}
		}
	}
	closeStore(t, s)
}

func TestARevocationIsSeenByTheNextRecordHoweverOftenTheKeyWasAskedFor(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	key := revocation(t, 0).Text().Key.Public()
	isRevoked := func(b *Batch) bool {
		_, ok, err := b.Revoked(key)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for range 3 {
		// Of a batch that is given up nothing stays.
		b := s.NewBatch()
		if isRevoked(b) {
			t.Error("the key is revoked by nothing")
		}
		fill(t, b, 0, 1)
		if !isRevoked(b) {
			t.Error("the key is not revoked for the next of the batch")
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b := s.NewBatch()
	if isRevoked(b) || !s.valid.has(key) {
		t.Error("what is known of the key is lost with a batch")
	}
	fill(t, b, 0, 1)
	commit(t, b)
	if b = s.NewBatch(); !isRevoked(b) || s.valid.has(key) {
		t.Error("the key is not revoked by what is committed")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}
