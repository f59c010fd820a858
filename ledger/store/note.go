package store

import (
	"encoding/binary"
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
)

// Note has the batch write what the maker of a copy keeps with it, in the place of what
// was there. It is written with the entries or not at all.
func (b *Batch) Note(value []byte) { b.set(noteKey, value) }

// Noted returns what the last [Batch.Note] wrote, or ErrNotFound.
func (s *Store) Noted() ([]byte, error) { return s.get(noteKey) }

// Describe says in words where a key of the indexes or the state is.
func Describe(key []byte) string {
	id := func() record.ID { return record.ID(key[1:33]) }
	if len(key) == 0 {
		return "the empty key"
	}
	if name, public, ok := parseNameKey(key); ok {
		return fmt.Sprintf("index: name %q of the key %x", name, public)
	}
	if want, ok := keyLengths[key[0]]; !ok || len(key) != want {
		return fmt.Sprintf("key %x", key)
	}
	last := binary.BigEndian.Uint64(key[len(key)-8:])
	switch key[0] {
	case 'r':
		return fmt.Sprintf("index: record %s", id())
	case 'k':
		return fmt.Sprintf("index: key %x, entry %d", key[1:33], last)
	case 'h':
		return fmt.Sprintf("index: contract %s, entry %d of its time line", id(), last)
	case 'v':
		return fmt.Sprintf("state: revocation of the key %x", key[1:])
	case 'c':
		return fmt.Sprintf("state: contract %s, its place", id())
	case 'x':
		return fmt.Sprintf("state: contract %s, its end by entry %d", id(), last)
	case 'd':
		return fmt.Sprintf("state: chain %s, dispute %d", id(), last)
	case 'o':
		return fmt.Sprintf("state: chain %s, open dispute %d", id(), last)
	default:
		return fmt.Sprintf("state: chain %s, resolution %d", id(), last)
	}
}

var keyLengths = map[byte]int{'r': 33, 'v': 33, 'c': 33, 'k': 41, 'h': 41, 'd': 41, 's': 41, 'x': 42, 'o': 49}
