package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2"
)

// A State is the rules' state of the entries below a size: a [rules.State].
type State struct {
	store *Store
	size  uint64
	time  int64
}

// State returns the state of a head, which is the store's or one before it.
func (s *Store) State(head Head) State {
	return State{s, head.Checkpoint.Size, head.Time}
}

// LastTime returns the time of the last entry in POSIX seconds, 0 if there is none.
func (s State) LastTime() int64 { return s.time }

// Index returns the index of the record of this id.
func (s State) Index(id record.ID) (index uint64, ok bool, err error) {
	return s.below(recordKey(id), 9)
}

// Revoked returns the index of the entry that revokes the key.
func (s State) Revoked(key note.PublicKey) (index uint64, ok bool, err error) {
	return s.below(revokedKey(key), 8)
}

// below returns the index that the value at key begins with, if it is below the
// size. A value has length bytes.
func (s State) below(key []byte, length int) (uint64, bool, error) {
	value, err := s.store.get(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case len(value) != length:
		return 0, false, wrongLength(key, value, length)
	}
	index := binary.BigEndian.Uint64(value)
	return index, index < s.size, nil
}

func wrongLength(key, value []byte, length int) error {
	return fmt.Errorf("key %x: the value has %d bytes, not %d", key, len(value), length)
}

// Lookup returns the registered record of this id, nil if there is none.
func (s State) Lookup(id record.ID) (*rules.Entry, error) {
	index, ok, err := s.Index(id)
	if err != nil || !ok {
		return nil, err
	}
	r, err := s.store.Registered(index)
	if errors.Is(err, ErrNotFound) { // below the size everything is there
		return nil, fmt.Errorf("record %s is damaged: %v", id, err)
	}
	if err != nil {
		return nil, err
	}
	if r.Record.ID() != id {
		return nil, fmt.Errorf("entry %d has the record %s, the index says %s", index, r.Record.ID(), id)
	}
	return &rules.Entry{Index: index, Registered: r.Time, ID: id, Text: r.Record.Text()}, nil
}

// A Registered is a record with its place in the log.
type Registered struct {
	Index  uint64
	Time   int64 // POSIX seconds
	Record *record.Record
}

// Registered returns the record at that index, or ErrNotFound.
func (s *Store) Registered(index uint64) (Registered, error) {
	b, err := s.Entry(index)
	if err != nil {
		return Registered{}, err
	}
	e, err := record.ParseEntry(b)
	if err != nil {
		return Registered{}, fmt.Errorf("entry %d: %w", index, err)
	}
	r, err := record.Open(e.Record, checkedBefore)
	if err != nil {
		return Registered{}, fmt.Errorf("entry %d: %w", index, err)
	}
	return Registered{index, e.Registered, r}, nil
}

// checkedBefore takes the word of the store: what is in it was a *record.Record when
// it came, and is, byte for byte, what the tree says. To check the signatures again
// for each reader would let readers use up the processor.
func checkedBefore(note.PublicKey, []byte, []byte) bool { return true }

// Place returns where a registered contract stands in its chain. The first of a
// chain, as most contracts are, has no key.
func (s State) Place(contract record.ID) (rules.Place, error) {
	key := placeKey(contract)
	value, err := s.store.get(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return rules.Place{Chain: contract}, nil
	case err != nil:
		return rules.Place{}, err
	case len(value) != 40:
		return rules.Place{}, wrongLength(key, value, 40)
	}
	return rules.Place{Chain: record.ID(value[:32]), Depth: binary.BigEndian.Uint64(value[32:])}, nil
}

// Ends returns what ends a contract: at most the one that replaces it, and the last
// termination.
func (s State) Ends(contract record.ID) ([]rules.End, error) {
	var ends []rules.End
	for _, replaces := range []bool{true, false} {
		err := s.store.last(endKey(contract, replaces, 0), endKey(contract, replaces, s.size), func(key, value []byte) error {
			if len(value) != 36 {
				return wrongLength(key, value, 36)
			}
			ends = append(ends, rules.End{
				Index: lastNumber(key), ID: record.ID(value[4:]), Replaces: replaces,
				Day: record.Date(binary.BigEndian.Uint32(value)),
			})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// Dispute returns the dispute in a chain that is the entry of this index.
func (s State) Dispute(chain record.ID, index uint64) (d rules.Dispute, ok bool, err error) {
	if index >= s.size {
		return rules.Dispute{}, false, nil
	}
	key := disputeKey(chain, index)
	value, err := s.store.get(key)
	if errors.Is(err, ErrNotFound) {
		return rules.Dispute{}, false, nil
	}
	if err == nil {
		d, err = s.parseDispute(key, value)
	}
	return d, err == nil, err
}

// Disputes returns the open disputes of the contract at this place and of those
// before it in its chain, at most limit. How many others are open, or were, does not
// matter, but for those that were settled since the size.
func (s State) Disputes(at rules.Place, limit int) ([]rules.Dispute, error) {
	// What is settled in between is in both, and not in neither.
	open, err := s.open(at, limit)
	if err != nil {
		return nil, err
	}
	since, err := s.settledSince(at)
	if err != nil {
		return nil, err
	}
	open = append(open, since...)
	slices.SortFunc(open, rules.CompareDisputes)
	open = slices.CompactFunc(open, func(a, b rules.Dispute) bool { return a.Index == b.Index })
	return open[:min(len(open), limit)], nil
}

// open returns those that are open in the store.
func (s State) open(at rules.Place, limit int) ([]rules.Dispute, error) {
	var open []rules.Dispute
	err := s.store.each(openKey(at.Chain, 0, 0), openKey(at.Chain, at.Depth+1, 0), func(key, value []byte) error {
		if len(open) == limit {
			return errEnough
		}
		if len(value) != len(record.ID{}) {
			return wrongLength(key, value, len(record.ID{}))
		}
		depth := binary.BigEndian.Uint64(key[len(key)-16:])
		if index := lastNumber(key); index < s.size {
			open = append(open, rules.Dispute{Index: index, ID: record.ID(value), Depth: depth})
		}
		return nil
	})
	return open, err
}

// settledSince returns those that were open at the size, and no longer are.
func (s State) settledSince(at rules.Place) ([]rules.Dispute, error) {
	var since []rules.Dispute
	err := s.store.each(settledKey(at.Chain, s.size), settledKey(at.Chain, math.MaxUint64), func(key, value []byte) error {
		if len(value) != 8 {
			return wrongLength(key, value, 8)
		}
		index := binary.BigEndian.Uint64(value)
		if index >= s.size {
			return nil
		}
		d, ok, err := s.Dispute(at.Chain, index)
		if err == nil && !ok {
			err = fmt.Errorf("key %x: there is no dispute %d", key, index)
		}
		if err == nil && d.Depth <= at.Depth {
			since = append(since, d)
		}
		return err
	})
	return since, err
}

// unresolved stands where the index of a resolution will.
const unresolved = ^uint64(0)

func disputeValue(d rules.Dispute) []byte {
	resolved := unresolved
	if d.Resolved != nil {
		resolved = *d.Resolved
	}
	b := binary.BigEndian.AppendUint64(nil, d.Depth)
	return append(binary.BigEndian.AppendUint64(b, resolved), d.ID[:]...)
}

// parseDispute reads a dispute as it was at the size.
func (s State) parseDispute(key, value []byte) (rules.Dispute, error) {
	if len(value) != 48 {
		return rules.Dispute{}, wrongLength(key, value, 48)
	}
	d := rules.Dispute{Index: lastNumber(key), ID: record.ID(value[16:]), Depth: binary.BigEndian.Uint64(value)}
	if resolved := binary.BigEndian.Uint64(value[8:]); resolved < s.size {
		d.Resolved = &resolved
	}
	return d, nil
}

// History returns the entries that belong to a contract, in the order of the log,
// with indexes from first on, at most limit of them: its statements and
// terminations, the contract that replaces it, and the contracts made under it.
func (s State) History(contract record.ID, first uint64, limit int) ([]uint64, error) {
	var list []uint64
	if first >= s.size {
		return nil, nil
	}
	err := s.store.each(historyKey(contract, first), historyKey(contract, s.size), func(key, _ []byte) error {
		if len(list) == limit {
			return errEnough
		}
		list = append(list, lastNumber(key))
		return nil
	})
	return list, err
}

// errEnough ends a walk that has what it wants.
var errEnough = errors.New("enough")

// each calls f with each key and value in [lower, upper), in order, until it fails.
func (s *Store) each(lower, upper []byte, f func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for it.First(); it.Valid() && err == nil; it.Next() {
		err = f(it.Key(), it.Value())
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return errors.Join(err, it.Close())
}

// last calls f with the last key and value in [lower, upper), if there is one.
func (s *Store) last(lower, upper []byte, f func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	if it.Last() {
		err = f(it.Key(), it.Value())
	}
	return errors.Join(err, it.Close())
}

// lastNumber returns the number at the end of a key.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }
