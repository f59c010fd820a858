package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
)

// NewestKeyRecords returns the last records below an index that the key signed, the newest
// first: at most limit of them.
func (s *Store) NewestKeyRecords(key note.PublicKey, end uint64, limit int) (list []KeyRecord, err error) {
	err = s.backwards(signedKey(key, 0), signedKey(key, end), func(k, v []byte) error {
		switch {
		case len(list) == limit:
			return errEnough
		case len(k) != 41 || len(v) != 1:
			return fmt.Errorf("key %x: the value has %d bytes, not 1", k, len(v))
		}
		list = append(list, KeyRecord{binary.BigEndian.Uint64(k[33:]), record.Kind(v[0])})
		return nil
	})
	return list, err
}

// NewestHistory returns the last entries that belong to a contract, as [State.History]
// has them, the newest first: at most limit of them.
func (s State) NewestHistory(contract record.ID, limit int) (list []uint64, err error) {
	err = s.store.backwards(historyKey(contract, 0), historyKey(contract, s.size), func(k, _ []byte) error {
		if len(list) == limit {
			return errEnough
		}
		list = append(list, lastNumber(k))
		return nil
	})
	return list, err
}

// backwards calls f with each key and value in [lower, upper), the last first, until it
// fails.
func (s *Store) backwards(lower, upper []byte, f func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for it.Last(); it.Valid() && err == nil; it.Prev() {
		err = f(it.Key(), it.Value())
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return errors.Join(err, asOne(it.Close()))
}
