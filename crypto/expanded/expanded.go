// Package expanded checks Ed25519 signatures by keys that come again and again, in
// less than half of the time, with one and the same answer: [Keys.Verify] says what
// [note.PublicKey.Verify] says, for every key, message and signature.
//
// To check a signature (R, S) of M by the key A is to compute [S]B − [k]A with
// k = SHA-512(R || A || M) mod L, and to compare its encoding with R (FORMATS.md, section
// 2.8). crypto/ed25519 doubles a point 252 times for that. Here a key that is met again
// is expanded: multiples of −A are kept, as those of B are, and what is left are additions.
// It is the same equation, without cofactor and without a batch, on whole numbers k and S below
// L; so a part of small order in A goes through it as it does through crypto/ed25519.
//
// Nothing here is secret, and nothing takes the same time for all inputs. Nothing
// that verifies offline, for which trust weighs more than time, uses it.
package expanded

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/chirograph/chirograph/crypto/note"
)

const (
	// MaxExpanded is how many expanded keys [New] keeps: 7,680 bytes each, 31 MB.
	// Whoever has fewer than these in use has them all at hand.
	MaxExpanded = 4096
	// maxMet is how many keys are remembered that are not expanded, or not yet: 33
	// bytes each. It is larger, so that keys which sign once do not soon drive
	// out those that will come again.
	maxMet = 4 * MaxExpanded
	// ways is how many of them share a place. With one, of two keys that share it and sign
	// in turn none would ever be met again: one in nine of 2,000.
	ways = 4
	// turns is how many checks by keys that are met again go by, when no place is free, until
	// one expands its key. Else more keys than there are places, one after the other
	// and again, would all be expanded in vain.
	turns = 8
)

// Keys remembers public keys, and expands those that sign again. What it remembers
// is bounded, and changes the time of an answer alone. Whoever brings a million keys makes
// no check slower than the standard library's, but for those at which a key is expanded,
// which take up to twice as long: the second of a key, and one in eight when all places are
// taken. It may be used by many at once.
type Keys struct {
	seed maphash.Seed

	mu    sync.RWMutex
	known map[[32]byte]*key // those in ring
	ring  []*key            // expanded keys, as many as are kept
	hand  int               // in ring, where the next one to leave is looked for
	met   []place           // by hash
	turn  int               // checks by keys that were met, since there is no free place
}

// A key is expanded. Only used changes.
type key struct {
	public note.PublicKey
	table  keyTable
	used   atomic.Bool // since the hand went by
}

// A met is a key that is not expanded.
type met struct {
	public note.PublicKey // zero: none
	signed bool           // a signature of it was verified
}

// A place has the keys that share it, who came last first.
type place [ways]met

// find returns what is remembered of a key, and false if nothing is.
func (p *place) find(raw [32]byte) (met, bool) {
	for _, m := range p {
		if m.public != (note.PublicKey{}) && [32]byte(m.public.Bytes()) == raw {
			return m, true
		}
	}
	return met{}, false
}

// put remembers a key first, in the stead of what was remembered of it, or of the last.
func (p *place) put(m met) {
	last := 0
	for last < ways-1 && p[last].public != m.public {
		last++
	}
	m.signed = m.signed || p[last].public == m.public && p[last].signed
	copy(p[1:last+1], p[:last])
	p[0] = m
}

// New returns an empty Keys that keeps [MaxExpanded] expanded keys.
func New() *Keys { return newKeys(MaxExpanded, maxMet) }

func newKeys(expanded, others int) *Keys {
	return &Keys{
		seed:  maphash.MakeSeed(),
		known: make(map[[32]byte]*key),
		ring:  make([]*key, 0, expanded),
		met:   make([]place, others/ways),
	}
}

// ParsePublicKey is [note.ParsePublicKey]. A key that is remembered is not decoded
// again.
func (k *Keys) ParsePublicKey(b []byte) (note.PublicKey, error) {
	if len(b) != 32 {
		return note.ParsePublicKey(b)
	}
	raw := [32]byte(b)
	place := k.place(raw)
	k.mu.RLock()
	e := k.known[raw]
	m, ok := k.met[place].find(raw)
	k.mu.RUnlock()
	switch {
	case e != nil:
		return e.public, nil
	case ok:
		return m.public, nil
	}
	public, err := note.ParsePublicKey(b)
	if err != nil {
		return note.PublicKey{}, err
	}
	k.mu.Lock()
	k.met[place].put(met{public: public})
	k.mu.Unlock()
	return public, nil
}

// Verify is [note.PublicKey.Verify].
func (k *Keys) Verify(public note.PublicKey, message, sig []byte) bool {
	if public == (note.PublicKey{}) || len(sig) != signatureSize {
		return false
	}
	raw := [32]byte(public.Bytes())
	place := k.place(raw)
	k.mu.RLock()
	e := k.known[raw]
	m, _ := k.met[place].find(raw)
	k.mu.RUnlock()
	switch {
	case e != nil:
		if !e.used.Load() { // to write what is there would take the line from other cores
			e.used.Store(true)
		}
		return e.table.verify(raw, message, sig)
	case m.signed && k.isTurn():
		e = expand(public)
		k.keep(raw, e)
		return e.table.verify(raw, message, sig)
	case !public.Verify(message, sig):
		return false
	}
	if !m.signed {
		k.mu.Lock()
		k.met[place].put(met{public, true})
		k.mu.Unlock()
	}
	return true
}

// isTurn says whether a key that was met may be expanded now.
func (k *Keys) isTurn() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ring) < cap(k.ring) {
		return true
	}
	k.turn = (k.turn + 1) % turns
	return k.turn == 0
}

// place returns where a key that is not expanded is remembered. Nobody outside can
// choose keys that share a place.
func (k *Keys) place(raw [32]byte) int {
	return int(maphash.Bytes(k.seed, raw[:]) % uint64(len(k.met)))
}

func expand(public note.PublicKey) *key {
	e := &key{public: public}
	e.table.fill(public.Bytes())
	return e
}

// keep remembers an expanded key, in the place of one that has not signed since the hand
// last went by, when there is no other. New ones have not: keys that come twice make room
// for each other, and not those that are at work.
func (k *Keys) keep(raw [32]byte, e *key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.known[raw] != nil: // somebody else was as quick
		return
	case len(k.ring) < cap(k.ring):
		k.ring = append(k.ring, e)
	default:
		for k.ring[k.hand].used.Swap(false) {
			k.hand = (k.hand + 1) % len(k.ring)
		}
		delete(k.known, [32]byte(k.ring[k.hand].public.Bytes()))
		k.ring[k.hand] = e
		k.hand = (k.hand + 1) % len(k.ring)
	}
	k.known[raw] = e
}
