package store

import (
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
)

// sameNewest compares what is read from the end with what is read from the beginning, of
// the records of keys and the time lines of contracts.
func sameNewest(s *Store, state State, log rulestest.Model) error {
	keys := make(map[note.PublicKey]bool)
	for _, e := range log {
		for _, k := range e.Record.Signed() {
			keys[k.Public()] = true
		}
	}
	for _, limit := range []int{0, 1, 2, len(log) + 1} {
		for key := range keys {
			want, err := s.KeyRecords(key, 0, state.size, len(log)+1)
			if err != nil {
				return err
			}
			slices.Reverse(want)
			want = want[:min(limit, len(want))]
			if got, err := s.NewestKeyRecords(key, state.size, limit); err != nil || !slices.Equal(got, want) {
				return fmt.Errorf("size %d: the last %d of key %s are %v, %v, want %v", state.size, limit, key, got, err, want)
			}
		}
		for _, id := range log.Contracts() {
			want := log.History(id)
			slices.Reverse(want)
			want = want[:min(limit, len(want))]
			if got, err := state.NewestHistory(id, limit); err != nil || !slices.Equal(got, want) {
				return fmt.Errorf("size %d: the last %d of %s are %v, %v, want %v", state.size, limit, id, got, err, want)
			}
		}
	}
	return nil
}
