package audit

import (
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// A tiles reads the tiles of one tree, of which it knows the root alone, and proves
// each before it gives it away: a whole one by its root in the tile above, those at
// the right edge together by the root of the tree.
type tiles struct {
	tlog.Checkpoint
	fetch func(tlog.Tile) ([]byte, error)

	turn  chan struct{}  // is taken by who reads
	edge  map[int][]byte // partial tiles, by level; nil before they are read
	whole []wholeTile    // the last few of level 1 and above
}

type wholeTile struct {
	level int
	index uint64
	data  []byte
}

// keptTiles is how many whole tiles are kept: more than there are levels, so that a
// walk from left to right reads each once.
const keptTiles = 16

// tilesOf returns the tiles of a tree that the ledger serves.
func (a *auditor) tilesOf(c tlog.Checkpoint) *tiles {
	return &tiles{
		Checkpoint: c,
		fetch:      func(t tlog.Tile) ([]byte, error) { return a.Client.Tile(a.ctx, t) },
		turn:       make(chan struct{}, 1),
	}
}

// read is a tlog.TileReader. Its error is a [*finding] where a tile is not of the
// tree.
func (t *tiles) read(tile tlog.Tile) ([]byte, error) {
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	return t.proven(tile)
}

func (t *tiles) proven(tile tlog.Tile) ([]byte, error) {
	width := tlog.TileWidth(tile.Level, tile.Index, t.Size)
	if tile.Width > width {
		return nil, fmt.Errorf("%s has the width %d in a tree of size %d", tile.Path(), width, t.Size)
	}
	if t.edge == nil {
		if err := t.readEdge(); err != nil {
			return nil, err
		}
	}
	data := t.edge[tile.Level]
	if width == tlog.MaxWidth {
		var err error
		if data, err = t.readWhole(tile.Level, tile.Index); err != nil {
			return nil, err
		}
	}
	return data[:tile.Width*tlog.HashSize], nil
}

func (t *tiles) readEdge() error {
	edge := make(map[int][]byte)
	root, err := tlog.Root(func(tile tlog.Tile) ([]byte, error) {
		data, err := t.fetch(tile)
		edge[tile.Level] = data
		return data, err
	}, t.Size)
	if err != nil {
		return err
	}
	if root != t.Root {
		return found(Tree, 0, "the tiles at the right edge of the tree of %d entries give the root %s, the checkpoint has %s", t.Size, root, t.Root)
	}
	t.edge = edge
	return nil
}

func (t *tiles) readWhole(level int, index uint64) ([]byte, error) {
	for _, w := range t.whole {
		if w.level == level && w.index == index {
			return w.data, nil
		}
	}
	tile := tlog.Tile{Level: level, Index: index, Width: tlog.MaxWidth}
	data, err := t.fetch(tile)
	if err != nil {
		return nil, err
	}
	want, err := t.above(level, index, t.proven)
	if err != nil {
		return nil, err
	}
	if root := rootOf(data); root != want {
		return nil, t.wrong(tile, root, want)
	}
	if level > 0 {
		if len(t.whole) == keptTiles {
			t.whole = t.whole[1:]
		}
		t.whole = append(t.whole, wholeTile{level, index, data})
	}
	return data, nil
}

// rootOfWhole returns the root that a whole tile has in the tree.
func (t *tiles) rootOfWhole(level int, index uint64) (tlog.Hash, error) {
	return t.above(level, index, t.read)
}

// above returns the same as the tile above has it.
func (t *tiles) above(level int, index uint64, read tlog.TileReader) (tlog.Hash, error) {
	place := index % tlog.MaxWidth
	hashes, err := read(tlog.Tile{Level: level + 1, Index: index / tlog.MaxWidth, Width: int(place) + 1})
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.Hash(hashes[place*tlog.HashSize:]), nil
}

// wrong says of a whole tile that it is not of the tree.
func (t *tiles) wrong(tile tlog.Tile, root, want tlog.Hash) error {
	return found(Tree, tile.Index<<(8*(tile.Level+1)), "%s as it is served has the root %s, in the tree of %d entries it has %s", tile.Path(), root, t.Size, want)
}

// rootOf returns the root of the perfect tree over the hashes of a whole tile.
func rootOf(hashes []byte) tlog.Hash {
	tree := tlog.NewTree()
	for ; len(hashes) > 0; hashes = hashes[tlog.HashSize:] {
		tree.Append(tlog.Hash(hashes[:tlog.HashSize]), nil)
	}
	return tree.Root()
}

// rootAt returns the root of the tree's first entries.
func (t *tiles) rootAt(size uint64) (tlog.Hash, error) {
	if size == t.Size && size > 0 {
		return t.Root, nil
	}
	return tlog.Root(t.read, size)
}
