package store

import (
	"bytes"
	"math"
	"testing"
)

// Whatever key a database has, it is told from those of a ledger, and named.
func FuzzKeys(f *testing.F) {
	for _, key := range [][]byte{
		nil, {0}, {'e'}, {'k'}, {'t'}, {0xFF}, formatKey, headKey, publishedKey, keptKey, noteKey, frozenKey,
		entryKey(0), entryKey(7), entryKey(math.MaxUint64), append(entryKey(3), 'x'), tileKey(0, 0, 0), tileKey(255, math.MaxUint64, math.MaxUint16),
		append([]byte{'r'}, make([]byte, 32)...), append([]byte{'x'}, make([]byte, 41)...),
		append([]byte("aname.example\x00"), make([]byte, 32)...), append([]byte("a\x1b\x00"), make([]byte, 32)...), []byte("a"),
	} {
		f.Add(key, 32, uint64(7))
	}
	f.Fuzz(func(t *testing.T, key []byte, length int, size uint64) {
		if length < 0 {
			length = -(length + 1)
		}
		if Describe(key) == "" {
			t.Errorf("%x has no name", key)
		}
		next := afterTable(key)
		if next != nil && bytes.Compare(next, key) <= 0 {
			t.Errorf("after the table of %x comes %x", key, next)
		}
		if next != nil || strange(key, length, size) {
			return
		}
		// What is no stranger is one of few.
		named := bytes.Equal(key, formatKey) || bytes.Equal(key, publishedKey) || bytes.Equal(key, frozenKey)
		if len(key) == 9 {
			named = named || bytes.Equal(key, entryKey(lastNumber(key))) && lastNumber(key) < size
		}
		if level, index, start, ok := parseTileKey(key); ok {
			named = named || bytes.Equal(key, tileKey(level, index, start)) && length > 0
		}
		if !named {
			t.Errorf("%x, of %d bytes, is no stranger in a ledger of %d", key, length, size)
		}
	})
}
