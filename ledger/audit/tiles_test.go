package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// A bigTree has a tree of three levels of tiles, of leaves that are no entries.
type bigTree struct {
	tree   tlog.Tree
	hashes map[int][]byte
}

// bigSize has two whole tiles of level 1, and partial ones of every level.
const bigSize = 2<<16 + 300

func newBigTree() *bigTree {
	b := &bigTree{hashes: make(map[int][]byte)}
	for i := range uint64(bigSize) {
		b.tree.Append(tlog.LeafHash(binary.BigEndian.AppendUint64(nil, i)), func(level int, _ uint64, h tlog.Hash) {
			b.hashes[level] = append(b.hashes[level], h[:]...)
		})
	}
	return b
}

func (b *bigTree) tile(t tlog.Tile) ([]byte, error) {
	start := int(t.Index) * tlog.MaxWidth * tlog.HashSize
	return b.hashes[t.Level][start : start+t.Width*tlog.HashSize], nil
}

func (b *bigTree) tiles(fetch func(tlog.Tile) ([]byte, error)) *tiles {
	return &tiles{Checkpoint: tlog.Checkpoint{Size: b.tree.Size(), Root: b.tree.Root()}, fetch: fetch, turn: make(chan struct{}, 1)}
}

// A walk over a log asks for each tile above the leaves once.
func TestTilesAreAskedForOnceOnTheWayThroughALog(t *testing.T) {
	b := newBigTree()
	asked := make(map[tlog.Tile]int)
	r := b.tiles(func(tile tlog.Tile) ([]byte, error) {
		asked[tile]++
		return b.tile(tile)
	})
	for n := range uint64(bigSize / 256) {
		tile := tlog.Tile{Level: 1, Index: n / 256, Width: int(n%256) + 1}
		got, err := r.read(tile)
		if want := must(b.tile(tile)); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %v", tile.Path(), err)
		}
	}
	want := map[tlog.Tile]int{
		{Level: 0, Index: 513, Width: 44}: 1, {Level: 1, Index: 2, Width: 1}: 1, {Level: 2, Index: 0, Width: 2}: 1,
		{Level: 1, Index: 0, Width: 256}: 1, {Level: 1, Index: 1, Width: 256}: 1,
	}
	if !maps.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

// Whatever was changed is named, and nothing of it is given away.
func TestNoTileIsGivenAwayThatIsNotOfTheTree(t *testing.T) {
	b := newBigTree()
	for _, c := range []struct {
		changed, read tlog.Tile
		index         uint64
	}{
		{tlog.Tile{Level: 0, Index: 300, Width: 256}, tlog.Tile{Level: 0, Index: 300, Width: 7}, 300 * 256},
		{tlog.Tile{Level: 1, Index: 1, Width: 256}, tlog.Tile{Level: 0, Index: 300, Width: 7}, 1 << 16},
		{tlog.Tile{Level: 1, Index: 1, Width: 256}, tlog.Tile{Level: 1, Index: 1, Width: 256}, 1 << 16},
		{tlog.Tile{Level: 2, Index: 0, Width: 2}, tlog.Tile{Level: 0, Index: 3, Width: 7}, 0},
		{tlog.Tile{Level: 0, Index: 513, Width: 44}, tlog.Tile{Level: 1, Index: 0, Width: 1}, 0},
	} {
		r := b.tiles(func(tile tlog.Tile) ([]byte, error) {
			data, err := b.tile(tile)
			if tile == c.changed {
				data = flip(bytes.Clone(data))
			}
			return data, err
		})
		data, err := r.read(c.read)
		var f *finding
		if data != nil || !errors.As(err, &f) || f.Rule != Tree || f.Index != c.index || f.Error() != f.String() {
			t.Errorf("%s changed: %v", c.changed.Path(), err)
		}
	}
}

func TestTilesProveWhatIsAskedOfThem(t *testing.T) {
	b := newBigTree()
	r := b.tiles(b.tile)
	for _, index := range []uint64{0, 255, 256, 65_535, 65_536, 131_071, 131_072, 131_328, bigSize - 1} {
		hashes := must(tlog.InclusionProof(r.read, index, bigSize))
		if err := tlog.VerifyInclusion(tlog.LeafHash(binary.BigEndian.AppendUint64(nil, index)), index, bigSize, hashes, r.Root); err != nil {
			t.Error(err)
		}
		hashes = must(tlog.ConsistencyProof(r.read, index, bigSize))
		if err := tlog.VerifyConsistency(index, must(r.rootAt(index)), bigSize, r.Root, hashes); err != nil {
			t.Error(err)
		}
	}
	if len(r.whole) > keptTiles {
		t.Errorf("%d tiles are kept", len(r.whole))
	}
	if _, err := r.read(tlog.Tile{Level: 0, Index: 513, Width: 45}); err == nil {
		t.Error("a tile that is wider than the tree")
	}
}

func TestKeptTilesAreBounded(t *testing.T) {
	b := newBigTree()
	r := b.tiles(b.tile)
	for range 3 * keptTiles {
		r.whole = append(r.whole, wholeTile{level: 9})
		if len(r.whole) > keptTiles {
			r.whole = r.whole[1:]
		}
	}
	must(r.read(tlog.Tile{Level: 1, Index: 0, Width: 256}))
	if len(r.whole) != keptTiles || r.whole[keptTiles-1].level != 1 {
		t.Errorf("%d tiles are kept", len(r.whole))
	}
}

func TestErrorOfTheLedgerIsPassedOn(t *testing.T) {
	b := newBigTree()
	for _, level := range []int{0, 1, 2} {
		r := b.tiles(func(tile tlog.Tile) ([]byte, error) {
			if tile.Level == level {
				return nil, errBad
			}
			return b.tile(tile)
		})
		if data, err := r.read(tlog.Tile{Level: 0, Index: 3, Width: 256}); data != nil || !errors.Is(err, errBad) {
			t.Errorf("level %d: %v", level, err)
		}
	}
}
