package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Incident: a bit of a leaf hash flipped in memory, and the log served both trees.
func TestABitFlipInALeafHashIsNamedAndNotServed(t *testing.T) {
	t.Parallel()
	for _, size := range []uint64{200, 256, 257, 512, 600} {
		for _, n := range []uint64{0, 17, 199, 255, 300, 511, 599} {
			if n >= size {
				continue
			}
			s := newStore(t, vfs.NewMem())
			grow(t, s, size, 1000)
			key := tileKey(0, n/256, 0)
			put(t, s, string(key), flip(t, s, key, int(n%256)*tlog.HashSize))
			state := s.State(s.Head())
			tile := tlog.Tile{Level: 0, Index: n / 256, Width: tlog.TileWidth(0, n/256, size)}
			errs := map[string]error{"tile": second(state.Tile(tile)), "entry": second(state.Entry(n))}
			// A whole bundle is proved without its tile, and is right.
			if tile.Level = -1; tile.Width < tlog.MaxWidth {
				errs["bundle"] = second(state.Bundle(tile))
			} else if _, err := state.Bundle(tile); err != nil {
				t.Errorf("size %d, hash %d: the bundle, which is right: %v", size, n, err)
			}
			for what, err := range errs {
				if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "the store is damaged: ") {
					t.Errorf("size %d, hash %d: %s: %v", size, n, what, err)
				}
			}
			closeStore(t, s)
		}
	}
}

func TestOnlyWhatIsProvedIsKeptInMemory(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 600, 600)
	key := tileKey(0, 0, 0)
	right := string(mustGet(t, s, key))
	put(t, s, string(key), flip(t, s, key, 40))
	tile := tlog.Tile{Level: 0, Index: 0, Width: 256}
	state := s.State(s.Head())
	if _, err := state.Tile(tile); err == nil {
		t.Error("a damaged tile is served")
	}
	put(t, s, string(key), right)
	b, err := state.Tile(tile)
	if err != nil || string(b) != right {
		t.Errorf("the tile, now that it is right: %v", err)
	}
	// What is kept is what was proved, whatever becomes of the database.
	put(t, s, string(key), flip(t, s, key, 40))
	if b, err = state.Tile(tile); err != nil || string(b) != right {
		t.Errorf("the tile that was proved: %v", err)
	}
	closeStore(t, s)
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	for _, limit := range []int{1, 7, upperTiles} {
		var c memory[int, string]
		for i := range 3 * limit {
			c.put(i, "first", limit)
			c.put(i, "second", limit)
			if want := min(i+1, limit); len(c.values) != want || len(c.order) != want {
				t.Fatalf("limit %d: after %d there are %d, not %d", limit, i+1, len(c.values), want)
			}
			for n := range i + 1 {
				if v, ok := c.get(n); ok != (n > i-limit) || ok && v != "first" {
					t.Fatalf("limit %d: of %d, number %d is %q, %v", limit, i+1, n, v, ok)
				}
			}
		}
	}
}

func mustGet(t *testing.T, s *Store, key []byte) []byte {
	t.Helper()
	b, err := s.get(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
