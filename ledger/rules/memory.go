package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Memory is a State in memory. Its zero value is that of an empty log.
type Memory struct {
	next     uint64
	time     int64
	entries  map[record.ID]*Entry
	revoked  map[note.PublicKey]uint64
	places   map[record.ID]Place
	ends     map[record.ID][]End
	disputes map[record.ID][]Dispute
}

// Add makes a record part of the state as the entry of that index, which is above
// those that were added before: records in between are simply not known. It asks no
// rule.
func (m *Memory) Add(index uint64, t int64, r *record.Record) error {
	if index < m.next {
		return fmt.Errorf("entry %d comes after entry %d", index, m.next-1)
	}
	effect, err := Fold(m, index, t, r)
	if err != nil {
		return err
	}
	if m.entries == nil {
		*m = Memory{
			entries: make(map[record.ID]*Entry), revoked: make(map[note.PublicKey]uint64), places: make(map[record.ID]Place),
			ends: make(map[record.ID][]End), disputes: make(map[record.ID][]Dispute),
		}
	}
	m.next, m.time = index+1, t
	m.entries[r.ID()] = &Entry{index, t, r.ID(), r.Text()}
	if effect.Place != nil {
		m.places[r.ID()] = *effect.Place
	}
	if effect.End != nil {
		m.ends[effect.Contract] = LastEnds(append(m.ends[effect.Contract], *effect.End))
	}
	if effect.Dispute != nil {
		m.disputes[effect.Chain] = append(m.disputes[effect.Chain], *effect.Dispute)
	}
	if effect.Resolves != nil {
		if i, ok := m.dispute(effect.Chain, effect.Resolves.Index); ok {
			m.disputes[effect.Chain][i] = *effect.Resolves
		}
	}
	if effect.Revokes != nil {
		m.revoked[*effect.Revokes] = index
	}
	return nil
}

func (m *Memory) Index(id record.ID) (uint64, bool, error) {
	e := m.entries[id]
	if e == nil {
		return 0, false, nil
	}
	return e.Index, true, nil
}

func (m *Memory) Lookup(id record.ID) (*Entry, error) { return m.entries[id], nil }

func (m *Memory) Revoked(key note.PublicKey) (uint64, bool, error) {
	index, ok := m.revoked[key]
	return index, ok, nil
}

func (m *Memory) Place(contract record.ID) (Place, error) {
	if p, ok := m.places[contract]; ok {
		return p, nil
	}
	return Place{Chain: contract}, nil
}

func (m *Memory) Ends(contract record.ID) ([]End, error) { return m.ends[contract], nil }

// LastEnds returns of all ends of a contract, in the order of the log, those that
// [State.Ends] has.
func LastEnds(all []End) []End {
	var ends []End
	for _, replaces := range []bool{true, false} {
		for _, e := range slices.Backward(all) {
			if e.Replaces == replaces {
				ends = append(ends, e)
				break
			}
		}
	}
	return ends
}

// dispute returns where the dispute that is the entry of this index stands in its
// chain.
func (m *Memory) dispute(chain record.ID, index uint64) (int, bool) {
	return slices.BinarySearchFunc(m.disputes[chain], index, func(d Dispute, index uint64) int { return cmp.Compare(d.Index, index) })
}

func (m *Memory) Dispute(chain record.ID, index uint64) (Dispute, bool, error) {
	i, ok := m.dispute(chain, index)
	if !ok {
		return Dispute{}, false, nil
	}
	return m.disputes[chain][i], true, nil
}

func (m *Memory) Disputes(at Place, limit int) ([]Dispute, error) {
	var open []Dispute
	for _, d := range m.disputes[at.Chain] {
		if d.Resolved == nil && d.Depth <= at.Depth {
			open = append(open, d)
		}
	}
	slices.SortFunc(open, CompareDisputes)
	return open[:min(len(open), limit)], nil
}

func (m *Memory) LastTime() int64 { return m.time }
