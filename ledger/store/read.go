package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
)

// get returns a copy of what is at key.
func (s *Store) get(key []byte) (b []byte, err error) {
	err = s.look(key, func(value []byte) { b = append(b, value...) })
	return b, err
}

// part returns a copy of the bytes of what is at key, from number from to before to, or
// ErrNotFound where it has not so many.
func (s *Store) part(key []byte, from, to int) (b []byte, err error) {
	err = s.look(key, func(value []byte) {
		if to <= len(value) {
			b = append(b, value[from:to]...)
		}
	})
	if err == nil && b == nil {
		err = ErrNotFound
	}
	return b, err
}

// look has f see what is at key, until it returns.
func (s *Store) look(key []byte, f func(value []byte)) error {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return asOne(err)
	}
	f(value)
	return closer.Close()
}

// Entry returns the entry with that index, or ErrNotFound.
func (s *Store) Entry(index uint64) ([]byte, error) {
	b, err := s.get(entryKey(index))
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	return b, nil
}

// bundle returns the first t.Width entries beside the tile t.Index of level 0, as a
// bundle has them, and their leaf hashes, or ErrNotFound when one of them is not there.
func (s *Store) bundle(t tlog.Tile) (b, leaves []byte, err error) {
	first := t.Index * tlog.MaxWidth
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: entryKey(first),
		UpperBound: entryKey(first + uint64(t.Width)),
	})
	if err != nil {
		return nil, nil, err
	}
	next := first
	leaves = make([]byte, 0, t.Width*tlog.HashSize)
	for it.First(); it.Valid() && err == nil; it.Next() {
		if string(it.Key()) != string(entryKey(next)) {
			break
		}
		leaf := tlog.LeafHash(it.Value())
		leaves = append(leaves, leaf[:]...)
		b, err = tlog.AppendBundle(b, it.Value())
		next++
	}
	if err := errors.Join(err, asOne(it.Close())); err != nil {
		return nil, nil, fmt.Errorf("%s: entry %d: %w", t.Path(), next, err)
	}
	if next < first+uint64(t.Width) {
		return nil, nil, fmt.Errorf("%s: entry %d: %w", t.Path(), next, ErrNotFound)
	}
	return b, leaves, nil
}

// Tile returns the first t.Width hashes, 1 to 256, of a tile of level 0 or above, or
// ErrNotFound when they are not there.
func (s *Store) Tile(t tlog.Tile) ([]byte, error) {
	width := t.Width * tlog.HashSize
	// A full tile, and one that came in one batch, is one value.
	hashes, err := s.get(tileKey(t.Level, t.Index, 0))
	if err == nil && len(hashes) < width {
		hashes, err = s.tile(t.Level, t.Index)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Path(), err)
	}
	if len(hashes) < width || width <= 0 {
		return nil, fmt.Errorf("%s: %w", t.Path(), ErrNotFound)
	}
	return hashes[:width:width], nil
}

// tile returns all hashes that there are of a tile, put together from its pieces in
// one view of the database.
func (s *Store) tile(level int, index uint64) ([]byte, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: tileKey(level, index, 0),
		UpperBound: tileKey(level, index, tlog.MaxWidth),
	})
	if err != nil {
		return nil, err
	}
	var hashes []byte
	for it.First(); it.Valid() && err == nil; it.Next() {
		piece := it.Value()
		_, _, start, ok := parseTileKey(it.Key())
		switch {
		case !ok || start*tlog.HashSize != len(hashes):
			err = fmt.Errorf("tile %d of level %d: after %d bytes comes the key %x", index, level, len(hashes), it.Key())
		case len(piece) == 0 || len(piece)%tlog.HashSize != 0 || len(hashes)+len(piece) > tlog.MaxWidth*tlog.HashSize:
			err = fmt.Errorf("tile %d of level %d: after %d bytes come %d", index, level, len(hashes), len(piece))
		}
		hashes = append(hashes, piece...)
	}
	if err := errors.Join(err, asOne(it.Close())); err != nil {
		return nil, err
	}
	return hashes, nil
}

// A KeyRecord is a record that a key signed.
type KeyRecord struct {
	Index uint64
	Kind  record.Kind
}

// KeyRecords returns the records that the key signed, in the order of the log, with
// indexes from first on and below end, at most limit of them.
func (s *Store) KeyRecords(key note.PublicKey, first, end uint64, limit int) ([]KeyRecord, error) {
	if first >= end {
		return nil, nil
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: signedKey(key, first), UpperBound: signedKey(key, end)})
	if err != nil {
		return nil, err
	}
	var list []KeyRecord
	for it.First(); it.Valid() && len(list) < limit; it.Next() {
		k, v := it.Key(), it.Value()
		if len(k) != 41 || len(v) != 1 {
			err = fmt.Errorf("key %x: the value has %d bytes, not 1", k, len(v))
			break
		}
		list = append(list, KeyRecord{binary.BigEndian.Uint64(k[33:]), record.Kind(v[0])})
	}
	return list, errors.Join(err, asOne(it.Close()))
}
