package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A NamedKey is a key under a name.
type NamedKey struct {
	Name  string
	Key   note.PublicKey
	First uint64 // the first entry whose record names the key so, and is signed by it
}

// maxLaterNames is how many rows of entries beyond the size [State.Names] passes over: as
// many as a batch has, whose names are there before they are public. A log stores no second
// batch before the first is public; 65,536 rows are passed in some milliseconds.
const maxLaterNames = 1024 * record.MaxKeys

// Names returns the keys that signed under a name with this beginning, at most limit of
// them, by the bytes of the names, and of one name by those of the keys: those behind after,
// of which the first entry says nothing, or from the beginning where its name is empty. More
// says whether there are others, or may be: so many rows are of entries beyond the size that
// it looked no further. Whoever goes on behind the last of each list gets them all, however
// many others call their keys so. A name under which a key did not sign is in no row: whoever
// writes a text can give any key any name. That a row names the first record is the word of
// the database, as that a row is not there; its id has no other record pass for that one.
func (s State) Names(prefix string, after NamedKey, limit int) (list []NamedKey, more bool, err error) {
	lower, upper, ok := nameRange(prefix)
	if !ok {
		return nil, false, nil
	}
	if after.Name != "" {
		if behind := append(nameKey(after.Name, after.Key), 0); bytes.Compare(behind, lower) > 0 {
			lower = behind // no row is between a key and itself with a 0
		}
		if bytes.Compare(lower, upper) >= 0 {
			return nil, false, nil
		}
	}
	later, highest := 0, uint64(0)
	var last Registered // rows beside each other are often of one record
	err = s.store.each(lower, upper, func(key, value []byte) error {
		if len(value) != 40 {
			return wrongLength(key, value, 40)
		}
		first, id := binary.BigEndian.Uint64(value), record.ID(value[8:])
		switch {
		case first < s.size && len(list) == limit || first >= s.size && later == maxLaterNames:
			more = true
			return errEnough
		case first >= s.size:
			later, highest = later+1, max(highest, first)
			return nil
		}
		if last.Record == nil || last.Index != first {
			if last, err = s.record(first); err != nil {
				return fmt.Errorf("name at key %x: %w", key, err)
			}
		}
		public, name, ok := namedBy(last.Record, key)
		if !ok || last.Record.ID() != id {
			return fmt.Errorf("the store is damaged: entry %d is not the record %s, or not signed as it says: %s", first, id, Describe(key))
		}
		list = append(list, NamedKey{name, public, first})
		return nil
	})
	if err == nil && later > 0 {
		if _, err = s.record(highest); err != nil { // else a row that is damaged would pass for a later one
			err = fmt.Errorf("a name of entry %d: %w", highest, err)
		}
	}
	if err != nil {
		return nil, false, err
	}
	return list, more, nil
}

// namedBy returns the key that signed a record, and the name, that a nameKey is of.
func namedBy(r *record.Record, row []byte) (key note.PublicKey, name string, ok bool) {
	for _, k := range r.Signed() {
		if bytes.Equal(nameKey(k.Name(), k.Public()), row) {
			return k.Public(), k.Name(), true
		}
	}
	return note.PublicKey{}, "", false
}

// A naming is a key under the name by which a record that it signed names it first.
type naming struct {
	name string
	key  note.PublicKey
}

// newNamings returns those of the keys, which signed one record, of which no row says yet
// that the key signed under the name. Memory knows those of most days: makers come again.
func (b *Batch) newNamings(signed []note.Key) (list []naming, err error) {
	for _, k := range signed {
		n := naming{k.Name(), k.Public()}
		if b.overlay.named[n] || b.store.named.has(n) {
			continue
		}
		has, err := b.names.has(b.store, nameKey(n.name, n.key))
		if err != nil {
			return nil, err
		}
		n.name = strings.Clone(n.name) // else it would keep the text that it is of
		if has {
			b.store.named.add(n)
		} else {
			list = append(list, n)
		}
	}
	return list, nil
}

// foldNames adds the rows of namings that are new with an entry.
func (b *Batch) foldNames(index uint64, id record.ID, list []naming) {
	for _, n := range list {
		b.overlay.named[n] = true
		b.row(nameKey(n.name, n.key), append(entryKey(index)[1:], id[:]...))
	}
}
