package store

import (
	"errors"
	"fmt"
	"sync"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// A prover reads the tree of the store's head from the database, and gives no hash and no
// entry away that it has not proved to be of that tree: a whole tile by its root in
// the tile above, those at the right edge together by the root of the tree, an entry
// by its leaf. What does not agree is an error that says where, and not [ErrNotFound].
type prover struct {
	store *Store
	tree  tlog.Checkpoint

	mu   sync.Mutex
	edge *[levels]*tlog.Subtrees // partial tiles, by level; nil before they are proved
}

// lost makes an error of what should be there: below its size the store has everything.
func lost(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("the store is damaged: %v", err)
	}
	return err
}

// tile returns all hashes that the tree has of a tile.
func (p *prover) tile(level int, index uint64) ([]byte, error) {
	if level == 0 && index < p.tree.Size/tlog.MaxWidth {
		return p.lowerTile(index)
	}
	tile, err := p.subtrees(level, index)
	if err != nil {
		return nil, err
	}
	return tile.Hashes(), nil
}

// subtrees returns all hashes that the tree has of a tile, with the subtrees over them.
// The tile is above level 0, or partial.
func (p *prover) subtrees(level int, index uint64) (*tlog.Subtrees, error) {
	t := tlog.Tile{Level: level, Index: index, Width: tlog.TileWidth(level, index, p.tree.Size)}
	if t.Width == 0 || level < 0 {
		return nil, fmt.Errorf("%s: %w", t.Path(), ErrNotFound)
	}
	if t.Width < tlog.MaxWidth {
		edge, err := p.rightEdge()
		if err != nil {
			return nil, err
		}
		return edge[level], nil
	}
	if tile, ok := p.store.proven.upper.get(t); ok {
		return tile, nil
	}
	hashes, err := p.readWhole(level, index)
	if err != nil {
		return nil, err
	}
	want, err := p.hash(level+1, index)
	if err != nil {
		return nil, err
	}
	tile := tlog.NewSubtrees(hashes)
	if root, _ := tile.Root(8, 0); root != want {
		return nil, differs(t, root, want)
	}
	p.store.proven.upper.put(t, tile, upperTiles)
	return tile, nil
}

// hash returns hash number n of a level, which the tree has.
func (p *prover) hash(level int, n uint64) (tlog.Hash, error) {
	return p.node(uint(level)*8, n)
}

// node is a tlog.NodeReader, and the error is ErrNotFound where the tree has no such node.
func (p *prover) node(level uint, index uint64) (tlog.Hash, error) {
	tileLevel, n, height, within := tlog.NodePlace(level, index)
	if tileLevel == 0 && n < p.tree.Size/tlog.MaxWidth {
		return p.lowerNode(n, height, within)
	}
	tile, err := p.subtrees(tileLevel, n)
	if err != nil {
		return tlog.Hash{}, err
	}
	root, ok := tile.Root(height, within)
	if !ok {
		return tlog.Hash{}, fmt.Errorf("node %d of level %d in a tree of size %d: %w", index, level, p.tree.Size, ErrNotFound)
	}
	return root, nil
}

// rightEdge reads the tiles that are not full once, and proves them.
func (p *prover) rightEdge() (*[levels]*tlog.Subtrees, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.edge != nil {
		return p.edge, nil
	}
	var edge [levels]*tlog.Subtrees
	root, err := tlog.RootOfNodes(func(level uint, index uint64) (tlog.Hash, error) {
		tileLevel, n, height, within := tlog.NodePlace(level, index)
		if edge[tileLevel] == nil {
			hashes, err := p.store.Tile(tlog.Tile{Level: tileLevel, Index: n, Width: tlog.TileWidth(tileLevel, n, p.tree.Size)})
			if err != nil {
				return tlog.Hash{}, lost(err)
			}
			edge[tileLevel] = tlog.NewSubtrees(hashes)
		}
		root, _ := edge[tileLevel].Root(height, within)
		return root, nil
	}, p.tree.Size)
	if err != nil {
		return nil, err
	}
	if root != p.tree.Root {
		return nil, fmt.Errorf("the store is damaged: the tiles at the right edge of size %d give the root %s, the checkpoint has %s", p.tree.Size, root, p.tree.Root)
	}
	p.edge = &edge
	return p.edge, nil
}

// leaf says whether this is the leaf hash of an entry of the tree.
func (p *prover) leaf(index uint64, got tlog.Hash) error {
	want, err := p.node(0, index)
	if err == nil && got != want {
		err = otherLeaf(index, got, want)
	}
	return err
}

func otherLeaf(index uint64, got, want tlog.Hash) error {
	return fmt.Errorf("the store is damaged: entry %d has the leaf hash %s, its tile has %s", index, got, want)
}

// leaves says whether these are the first leaf hashes of a tile of the tree. The error
// names the first that differs.
func (p *prover) leaves(tile uint64, got []byte) error {
	// The root over a whole tile says as much as the tile, which need not be read.
	if len(got) == tlog.MaxWidth*tlog.HashSize {
		want, err := p.hash(1, tile)
		if err != nil || subtreeRoot(got) == want {
			return err
		}
	}
	want, err := p.tile(0, tile)
	if err != nil {
		return err
	}
	for i := 0; i < len(got); i += tlog.HashSize {
		if g, w := tlog.Hash(got[i:]), tlog.Hash(want[i:]); g != w {
			return otherLeaf(tile*tlog.MaxWidth+uint64(i/tlog.HashSize), g, w)
		}
	}
	return nil
}

// Tile returns the first t.Width hashes, 1 to 256, of a tile of level 0 or above, or
// ErrNotFound where the tree has not so many. They are proved to be of the tree, and
// shared: nobody changes them.
func (s State) Tile(t tlog.Tile) ([]byte, error) {
	if t.Level < 0 || t.Width < 1 || t.Width > tlog.TileWidth(t.Level, t.Index, s.size) {
		return nil, fmt.Errorf("%s: %w", t.Path(), ErrNotFound)
	}
	hashes, err := s.prover.tile(t.Level, t.Index)
	if err != nil {
		return nil, err
	}
	width := t.Width * tlog.HashSize
	return hashes[:width:width], nil
}

// Node returns a node as [tlog.NodeReader] has it, proved to be of the tree, or
// ErrNotFound where the tree has not all of its leaves.
func (s State) Node(level uint, index uint64) (tlog.Hash, error) {
	if level > 63 || index >= s.size>>level {
		return tlog.Hash{}, fmt.Errorf("node %d of level %d in a tree of size %d: %w", index, level, s.size, ErrNotFound)
	}
	return s.prover.node(level, index)
}

// Entry returns the entry with that index, proved to be of the tree, or ErrNotFound.
func (s State) Entry(index uint64) ([]byte, error) {
	if index >= s.size {
		return nil, fmt.Errorf("entry %d: %w", index, ErrNotFound)
	}
	b, err := s.store.Entry(index)
	if err != nil {
		return nil, lost(err)
	}
	s.reading.read(entryCost + len(b))
	return b, s.prover.leaf(index, tlog.LeafHash(b))
}

// Bundle returns the first t.Width entries beside the tile t.Index of level 0, as a
// bundle has them, proved to be of the tree, or ErrNotFound where it has not so many.
// It has at most 256 times [record.MaxEntry] bytes, and two for each.
func (s State) Bundle(t tlog.Tile) ([]byte, error) {
	if t.Width < 1 || t.Width > tlog.TileWidth(-1, t.Index, s.size) {
		return nil, fmt.Errorf("%s: %w", t.Path(), ErrNotFound)
	}
	b, leaves, err := s.store.bundle(t)
	if err != nil {
		return nil, lost(err)
	}
	s.reading.read(len(b))
	if err := s.prover.leaves(t.Index, leaves); err != nil {
		return nil, err
	}
	return b, nil
}
