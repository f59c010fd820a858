package store

import (
	"crypto/ed25519"

	"github.com/chirograph/chirograph/crypto/note"
)

// knownKeys is how many public keys of stored records are remembered: some 160 bytes each,
// 5 MB. To decode one takes longer than all else that a line of a record costs, and the
// records of a page name the same ones again and again. It is as many as 512 records have
// of the most keys, which is what the largest page tells of.
const knownKeys = 1 << 15

// readKey is [note.ParsePublicKey]. A key that is remembered is not decoded again.
func (s *Store) readKey(b []byte) (note.PublicKey, error) {
	if len(b) != ed25519.PublicKeySize {
		return note.ParsePublicKey(b)
	}
	raw := [ed25519.PublicKeySize]byte(b)
	if k, ok := s.known.get(raw); ok {
		return k, nil
	}
	k, err := note.ParsePublicKey(b)
	if err == nil {
		s.known.put(raw, k, knownKeys)
	}
	return k, err
}

// A reading is what was read for one answer.
type reading struct {
	records map[uint64]Registered // that were opened, by index: proved to be in the tree
	cost    int64
}

// entryCost is what an entry that is read costs beside its bytes, in bytes: to find it, to
// prove it and to take it apart.
const entryCost = 2 << 10

// Reading returns the State for one answer, which one goroutine makes: it opens no record
// twice, and counts what it reads.
func (s State) Reading() State {
	s.reading = &reading{records: make(map[uint64]Registered)}
	return s
}

// Cost returns what was read of entries since [State.Reading], in bytes, with 2 KiB more for
// each entry that was not read in a bundle; 0 where nothing is counted.
func (s State) Cost() int64 {
	if s.reading == nil {
		return 0
	}
	return s.reading.cost
}

func (r *reading) read(bytes int) {
	if r != nil {
		r.cost += int64(bytes)
	}
}

func (r *reading) opened(index uint64) (reg Registered, ok bool) {
	if r != nil {
		reg, ok = r.records[index]
	}
	return reg, ok
}

func (r *reading) keep(reg Registered) {
	if r != nil {
		r.records[reg.Index] = reg
	}
}
