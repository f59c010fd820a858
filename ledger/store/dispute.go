package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

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
	if err != nil {
		return d, false, err
	}
	if len(value) != 48 {
		return rules.Dispute{}, false, wrongLength(key, value, 48)
	}
	d = rules.Dispute{Index: index, ID: record.ID(value[16:]), Depth: binary.BigEndian.Uint64(value)}
	if err := s.checkDispute(chain, d); err != nil {
		return rules.Dispute{}, false, err
	}
	if resolved := binary.BigEndian.Uint64(value[8:]); resolved != unresolved {
		if err := s.checkResolved(d, resolved); err != nil {
			return rules.Dispute{}, false, err
		}
		if resolved < s.size {
			d.Resolved = &resolved
		}
	}
	return d, true, nil
}

// checkDispute compares a dispute with the entry that it names.
func (s State) checkDispute(chain record.ID, d rules.Dispute) error {
	r, err := s.record(d.Index)
	if err != nil {
		return fmt.Errorf("dispute %d: %w", d.Index, err)
	}
	text := r.Record.Text()
	place, err := s.place(text.Contract)
	if err != nil {
		return fmt.Errorf("dispute %d: %w", d.Index, err)
	}
	if text.About != rules.AboutDispute || r.Record.ID() != d.ID || place != (rules.Place{Chain: chain, Depth: d.Depth}) {
		return fmt.Errorf("the store is damaged: the state says that entry %d, record %s, is a dispute of the contract at depth %d of the chain %s; it is not",
			d.Index, d.ID, d.Depth, chain)
	}
	return nil
}

// checkResolved compares what is said to resolve a dispute with the entry that it is.
func (s State) checkResolved(d rules.Dispute, resolved uint64) error {
	r, err := s.record(resolved)
	if err != nil {
		return fmt.Errorf("dispute %d: what resolves it: %w", d.Index, err)
	}
	if text := r.Record.Text(); text.About != rules.AboutResolution || text.Answers != d.ID {
		return fmt.Errorf("the store is damaged: the state says that entry %d resolves the dispute %s; it does not", resolved, d.ID)
	}
	return nil
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
			d := rules.Dispute{Index: index, ID: record.ID(value), Depth: depth}
			if err := s.checkDispute(at.Chain, d); err != nil {
				return err
			}
			open = append(open, d)
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
