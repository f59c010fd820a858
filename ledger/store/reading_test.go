package store

import (
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// What one answer is made of is opened once, whatever asks for it, and counted as often as
// it is read.
func TestAReadingOpensNoRecordTwice(t *testing.T) {
	contract, dispute, next := cases(t)
	s := newStore(t, vfs.NewMem())
	b := s.NewBatch()
	for _, r := range []*record.Record{contract, dispute, next} {
		if _, err := b.Append(1, r); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, b)
	plain := s.State(s.Head())
	state := plain.Reading()
	open := func(s State, index uint64) *record.Record {
		t.Helper()
		r, err := s.Registered(index)
		if err != nil {
			t.Fatal(err)
		}
		return r.Record
	}
	cost := int64(0)
	read := func(index uint64) int64 {
		e, err := plain.Entry(index)
		if err != nil {
			t.Fatal(err)
		}
		return int64(len(e)) + entryCost
	}
	step := func(what string, more int64) {
		t.Helper()
		if cost += more; state.Cost() != cost {
			t.Errorf("after %s it has cost %d, want %d", what, state.Cost(), cost)
			cost = state.Cost()
		}
	}
	step("nothing", 0)
	first := open(state, 1)
	step("an entry", read(1))
	if other := open(plain, 1); open(state, 1) != first || open(state.Reading(), 1) == first || open(plain, 1) == other {
		t.Error("a record is opened twice, or is another answer's")
	}
	step("the same", 0)
	if list, err := state.Disputes(rules.Place{Chain: contract.ID()}, 9); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	step("what is said of it", 0)
	if e, err := state.Lookup(contract.ID()); err != nil || e.Text != open(state, 0).Text() {
		t.Errorf("a contract by its id is opened twice: %v", err)
	}
	step("a contract by its id", read(0))
	if ends, err := state.Ends(contract.ID()); err != nil || len(ends) != 1 {
		t.Fatal(ends, err)
	}
	step("what ends it", read(2))
	if plain.Cost() != 0 {
		t.Errorf("another has cost %d", plain.Cost())
	}
	closeStore(t, s)
}

// A key of a stored record is what note.ParsePublicKey says, and decoded once.
func TestStoredKeysAreRemembered(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 3, 3)
	text := revocation(t, 0).Text()
	raw := [32]byte(text.Key.Public().Bytes())
	if _, ok := s.known.get(raw); ok {
		t.Fatal("it is known before it is read")
	}
	if _, err := s.State(s.Head()).Registered(0); err != nil {
		t.Fatal(err)
	}
	if k, ok := s.known.get(raw); !ok || k != text.Key.Public() {
		t.Errorf("%v, %v", k, ok)
	}
	for _, b := range [][]byte{nil, raw[:31], raw[:], raw[:], append(raw[:], 0), make([]byte, 32), {31: 0x80}} {
		got, err := s.readKey(b)
		want, err2 := note.ParsePublicKey(b)
		if got != want || (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Errorf("%x: %v, %v, want %v, %v", b, got, err, want, err2)
		}
	}
	if n := len(s.known.values); n != 2 { // it, and the ledger's
		t.Errorf("%d are remembered", n)
	}
	closeStore(t, s)
}
