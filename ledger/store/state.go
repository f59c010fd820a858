package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2"
)

// A State is the rules' state of the entries below a size: a [rules.State].
//
// What it reads it does not believe. An entry is proved to be in the tree. Whatever a
// row says is compared with the entries that it names, so that a row that was changed,
// or is another's, is an error and no answer. That a row is not there can be compared
// where the entry that is asked about says so (a contract's place); an id, a key, an
// end and a dispute without a row are absent, by the word of the database: package
// check finds out.
type State struct {
	store  *Store
	size   uint64
	time   int64
	prover *prover // of the store's head, which comes after the size

	reading *reading // nil where nothing is remembered
}

// State returns the state of a head, which is the store's or one before it. It is for
// the goroutine that writes.
func (s *Store) State(head Head) State {
	return State{s, head.Checkpoint.Size, head.Time, s.prover, nil}
}

// LastTime returns the time of the last entry in POSIX seconds, 0 if there is none.
func (s State) LastTime() int64 { return s.time }

// Index returns the index of the record of this id.
func (s State) Index(id record.ID) (index uint64, ok bool, err error) {
	index, _, ok, err = s.Find(id)
	return index, ok, err
}

// Find returns the entry that has the record of this id, with its index.
func (s State) Find(id record.ID) (index uint64, e record.Entry, ok bool, err error) {
	index, e, _, ok, err = s.find(id)
	return index, e, ok, err
}

// find is Find, with the note of the record.
func (s State) find(id record.ID) (index uint64, e record.Entry, n note.Note, ok bool, err error) {
	index, kind, ok, err := s.row(recordKey(id), 1)
	if err != nil || !ok {
		return 0, e, n, false, err
	}
	b, err := s.named(index)
	if err != nil {
		return 0, e, n, false, fmt.Errorf("record %s: %w", id, err)
	}
	e, n, err = parseEntry(index, b)
	if err != nil {
		return 0, e, n, false, err
	}
	if got := record.ID(sha256.Sum256(n.Text)); got != id {
		return 0, record.Entry{}, n, false, fmt.Errorf("the store is damaged: entry %d has the record %s, the index says %s", index, got, id)
	}
	if want := (record.Kind(kind[0])).String(); !bytes.HasPrefix(n.Text, []byte("chirograph/"+want+"/")) {
		return 0, record.Entry{}, n, false, fmt.Errorf("the store is damaged: the index says that record %s is a %s", id, want)
	}
	return index, e, n, index < s.size, nil
}

// named returns the entry that a row names. One that came after the size is there too,
// unproved: a batch shows a row and its entry together. So a number that was changed is
// not taken for that of a later entry.
func (s State) named(index uint64) (b []byte, err error) {
	if index < s.size {
		return s.Entry(index)
	}
	b, err = s.store.Entry(index)
	return b, lost(err)
}

// parseEntry takes an entry apart as far as the note of its record.
func parseEntry(index uint64, b []byte) (record.Entry, note.Note, error) {
	e, err := record.ParseEntry(b)
	if err != nil {
		return record.Entry{}, note.Note{}, fmt.Errorf("entry %d: %w", index, err)
	}
	n, err := note.Parse(e.Record)
	if err != nil {
		return record.Entry{}, note.Note{}, fmt.Errorf("entry %d: %w", index, err)
	}
	return e, n, nil
}

// Revoked returns the index of the entry that revokes the key.
func (s State) Revoked(key note.PublicKey) (index uint64, ok bool, err error) {
	index, _, ok, err = s.row(revokedKey(key), 0)
	if err != nil || !ok {
		return 0, false, err
	}
	r, err := s.record(index)
	if err != nil {
		return 0, false, fmt.Errorf("revocation of %s: %w", key.Fingerprint(), err)
	}
	if text := r.Record.Text(); text.Kind != record.Revocation || text.Key.Public() != key {
		return 0, false, fmt.Errorf("the store is damaged: the state says that entry %d revokes the key %s; it does not", index, key.Fingerprint())
	}
	return index, index < s.size, nil
}

// record returns the record that a row names.
func (s State) record(index uint64) (Registered, error) {
	if index < s.size {
		return s.Registered(index)
	}
	b, err := s.named(index)
	if err != nil {
		return Registered{}, err
	}
	return s.store.registered(index, b)
}

// row returns the index that the value at key begins with, whatever the size, and the
// bytes after it, of which there are so many.
func (s State) row(key []byte, more int) (index uint64, rest []byte, ok bool, err error) {
	value, err := s.store.get(key)
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil, false, nil
	case err != nil:
		return 0, nil, false, err
	case len(value) != 8+more:
		return 0, nil, false, wrongLength(key, value, 8+more)
	}
	return binary.BigEndian.Uint64(value), value[8:], true, nil
}

func wrongLength(key, value []byte, length int) error {
	return fmt.Errorf("the store is damaged: the value at key %x has %d bytes, not %d", key, len(value), length)
}

// Lookup returns the registered record of this id, nil if there is none.
func (s State) Lookup(id record.ID) (*rules.Entry, error) {
	index, e, n, ok, err := s.find(id)
	if err != nil || !ok {
		return nil, err
	}
	r, ok := s.reading.opened(index)
	if !ok {
		if r, err = s.store.opened(index, e, n); err != nil {
			return nil, err
		}
		s.reading.keep(r)
	}
	return &rules.Entry{Index: index, Registered: e.Registered, ID: id, Text: r.Record.Text()}, nil
}

// A Registered is a record with its place in the log.
type Registered struct {
	Index  uint64
	Time   int64 // POSIX seconds
	Record *record.Record
}

// Registered returns the record at that index, which is proved to be in the tree, or
// ErrNotFound.
func (s State) Registered(index uint64) (Registered, error) {
	if r, ok := s.reading.opened(index); ok {
		return r, nil
	}
	b, err := s.Entry(index)
	if err != nil {
		return Registered{}, err
	}
	r, err := s.store.registered(index, b)
	if err == nil {
		s.reading.keep(r)
	}
	return r, err
}

// Registered returns the record at that index, or ErrNotFound.
func (s *Store) Registered(index uint64) (Registered, error) {
	b, err := s.Entry(index)
	if err != nil {
		return Registered{}, err
	}
	return s.registered(index, b)
}

func (s *Store) registered(index uint64, b []byte) (Registered, error) {
	e, n, err := parseEntry(index, b)
	if err != nil {
		return Registered{}, err
	}
	return s.opened(index, e, n)
}

// opened returns the record of an entry, which parseEntry has taken apart.
func (s *Store) opened(index uint64, e record.Entry, n note.Note) (Registered, error) {
	r, err := record.OpenNote(n, s.readKey, checkedBefore)
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
	p, err := s.place(contract)
	if err != nil {
		return rules.Place{}, err
	}
	// What the contract says that it replaces comes one place before it.
	e, err := s.Lookup(contract)
	if err != nil || e == nil || e.Text.Replaces == (record.ID{}) && p.Depth == 0 {
		return p, err
	}
	before, err := s.place(e.Text.Replaces)
	if err != nil {
		return rules.Place{}, err
	}
	if want := (rules.Place{Chain: before.Chain, Depth: before.Depth + 1}); p != want || e.Text.Replaces == (record.ID{}) {
		return rules.Place{}, fmt.Errorf("the store is damaged: the state has contract %s at depth %d of the chain %s, it replaces %s, at depth %d of %s",
			contract, p.Depth, p.Chain, e.Text.Replaces, before.Depth, before.Chain)
	}
	return p, nil
}

func (s State) place(contract record.ID) (rules.Place, error) {
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
	for _, e := range ends {
		if err := s.checkEnd(contract, e); err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// checkEnd compares an end with the entry that it names.
func (s State) checkEnd(contract record.ID, e rules.End) error {
	r, err := s.record(e.Index)
	if err != nil {
		return fmt.Errorf("end of contract %s: %w", contract, err)
	}
	// What a termination or a contract adds, it says without a state.
	effect, err := rules.Fold(new(rules.Memory), e.Index, r.Time, r.Record)
	if err != nil || effect.End == nil || *effect.End != e || effect.Contract != contract {
		return fmt.Errorf("the store is damaged: the state says that entry %d, record %s, ends contract %s on %s; it does not", e.Index, e.ID, contract, e.Day)
	}
	return nil
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
	return errors.Join(err, asOne(it.Close()))
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
	return errors.Join(err, asOne(it.Close()))
}

// lastNumber returns the number at the end of a key.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }
