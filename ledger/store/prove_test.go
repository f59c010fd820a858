package store

import (
	"errors"
	"strings"
	"sync"
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

// What is kept of a tile proves what is read of it later.
func TestWhatIsReadAgainIsProvedAgain(t *testing.T) {
	t.Parallel()
	const size = 600
	for _, n := range []uint64{0, 31, 32, 255, 256, 511} {
		s := newStore(t, vfs.NewMem())
		grow(t, s, size, size)
		state := s.State(s.Head())
		tile := tlog.Tile{Level: 0, Index: n / 256, Width: tlog.MaxWidth}
		if _, err := state.Node(5, n>>5); err != nil { // proves all of the tile
			t.Fatal(err)
		}
		key := tileKey(0, n/256, 0)
		right := string(mustGet(t, s, key))
		reads := map[string]func() error{
			"tile":  func() error { return second(state.Tile(tile)) },
			"entry": func() error { return second(state.Entry(n)) },
			"leaf":  func() error { return second(state.Node(0, n)) },
			"node":  func() error { return second(state.Node(4, n>>4)) },
		}
		for what, spoil := range map[string]func(){
			"flipped": func() { put(t, s, string(key), flip(t, s, key, int(n%256)*tlog.HashSize)) },
			"cut":     func() { put(t, s, string(key), right[:max(1, n%256)*tlog.HashSize]) },
			"gone":    func() { drop(t, s, key) },
		} {
			spoil()
			for name, read := range reads {
				if err := read(); err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "the store is damaged: ") {
					t.Errorf("hash %d %s: %s: %v", n, what, name, err)
				}
			}
			put(t, s, string(key), right)
		}
		for name, read := range reads {
			if err := read(); err != nil {
				t.Errorf("hash %d, which is right again: %s: %v", n, name, err)
			}
		}
		closeStore(t, s)
	}
}

func TestEachNodeIsThatOfTheTree(t *testing.T) {
	t.Parallel()
	for _, size := range []uint64{1, 31, 256, 257, 1000, largest} {
		s := newStore(t, vfs.NewMem())
		grow(t, s, size, 1<<14)
		state := s.State(s.Head())
		below := make([]tlog.Hash, size)
		for i := range below {
			b, err := s.Entry(uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			below[i] = tlog.LeafHash(b)
		}
		for level := uint(0); len(below) > 0; level++ {
			for i, want := range below {
				if got, err := state.Node(level, uint64(i)); err != nil || got != want {
					t.Fatalf("size %d: node %d of level %d: %s, %v, want %s", size, i, level, got, err, want)
				}
			}
			if _, err := state.Node(level, uint64(len(below))); !errors.Is(err, ErrNotFound) {
				t.Fatalf("size %d: node %d of level %d, which it has not: %v", size, len(below), level, err)
			}
			var above []tlog.Hash
			for ; len(below) >= 2; below = below[2:] {
				above = append(above, tlog.NodeHash(below[0], below[1]))
			}
			below = above
		}
		closeStore(t, s)
	}
}

func TestManyReadersProveAtOnce(t *testing.T) {
	const size = 1000
	s := newStore(t, vfs.NewMem())
	grow(t, s, size, size)
	state := s.State(s.Head())
	var group sync.WaitGroup
	for reader := range uint64(4) {
		group.Go(func() {
			for i := range uint64(size) {
				n := (i*331 + reader*97) % size
				hashes, err := state.Tile(tlog.Tile{Level: 0, Index: n / 256, Width: int(n%256) + 1})
				if err == nil {
					var leaf tlog.Hash
					if leaf, err = state.Node(0, n); err == nil && leaf != tlog.Hash(hashes[n%256*tlog.HashSize:]) {
						t.Errorf("leaf %d is %s, its tile has another", n, leaf)
					}
				}
				if err := errors.Join(err, second(state.Entry(n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
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
