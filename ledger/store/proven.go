package store

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// How much is kept of what was proved, in numbers that hold for all readers together:
// 73 MiB, reached at 16 million entries.
const (
	upperTiles  = 512     // above level 0, with their subtrees 16 KiB each: all there are up to 33 million entries
	lowerTiles  = 4096    // of level 0, 8 KiB each: the leaf hashes of a million entries
	lowerMarks  = 1 << 16 // of tiles of level 0, some 400 bytes each: all there are up to 16 million entries
	lowerGroups = 4096    // of leaf hashes, with their subtrees 2 KiB each: of the 130,000 entries that proofs read last
)

// A group is 32 hashes of a tile of level 0, which are read for a proof alone: to hash
// them costs an eighth of the tile, and eight roots of groups are kept for each tile.
const (
	groupHeight = 5
	groupBytes  = tlog.HashSize << groupHeight
	groups      = tlog.MaxWidth >> groupHeight // of a tile
)

// A mark is what is kept of each whole tile of level 0 that was proved, so that what is
// read of it later is proved without hashing all of it again.
type mark struct {
	sum   [sha256.Size]byte // SHA-256 of the tile's bytes
	roots [groups * tlog.HashSize]byte
}

func newMark(hashes []byte) *mark {
	m := &mark{sum: sha256.Sum256(hashes)}
	for i := range groups {
		root := subtreeRoot(hashes[i*groupBytes : (i+1)*groupBytes])
		copy(m.roots[i*tlog.HashSize:], root[:])
	}
	return m
}

// root returns the root over the 2^height hashes from index<<height on, for a height of 5
// to 8.
func (m *mark) root(height uint, index uint64) tlog.Hash {
	size := uint64(tlog.HashSize) << (height - groupHeight)
	return subtreeRoot(m.roots[index*size : (index+1)*size])
}

// proven has what was proved of tiles that are whole, and so in every later tree too.
type proven struct {
	upper  memory[tlog.Tile, *tlog.Subtrees]
	tiles  memory[uint64, []byte]         // by index
	marks  memory[uint64, *mark]          // by index
	groups memory[uint64, *tlog.Subtrees] // by index of the tile, and place in it
}

// A memory is a map of bounded size: the oldest makes room.
type memory[K comparable, V any] struct {
	mu     sync.RWMutex
	values map[K]V
	order  []K
	oldest int // place in order, once that is full
}

func (c *memory[K, V]) get(k K) (v V, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok = c.values[k]
	return v, ok
}

// put keeps v beside at most limit-1 others, but where there is a value already.
func (c *memory[K, V]) put(k K, v V, limit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.values[k]; ok {
		return
	}
	if c.values == nil {
		c.values = make(map[K]V)
	}
	if len(c.order) < limit {
		c.order = append(c.order, k)
	} else {
		delete(c.values, c.order[c.oldest])
		c.order[c.oldest] = k
		c.oldest = (c.oldest + 1) % limit
	}
	c.values[k] = v
}

// lowerTile returns the hashes of a whole tile of level 0.
func (p *prover) lowerTile(index uint64) ([]byte, error) {
	keep := &p.store.proven
	if hashes, ok := keep.tiles.get(index); ok {
		return hashes, nil
	}
	hashes, err := p.readWhole(0, index)
	if err != nil {
		return nil, err
	}
	if m, ok := keep.marks.get(index); !ok {
		_, err = p.prove(index, hashes)
	} else if sum := sha256.Sum256(hashes); sum != m.sum {
		err = fmt.Errorf("the store is damaged: %s has the SHA-256 %x, it had %x when it was proved", whole(0, index).Path(), sum, m.sum)
	}
	if err != nil {
		return nil, err
	}
	keep.tiles.put(index, hashes, lowerTiles)
	return hashes, nil
}

// lowerNode returns the root over 2^height hashes of a whole tile of level 0, number
// within of them.
func (p *prover) lowerNode(index uint64, height uint, within uint64) (tlog.Hash, error) {
	if height < groupHeight {
		below := groupHeight - height
		group, err := p.group(index, within>>below)
		if err != nil {
			return tlog.Hash{}, err
		}
		root, _ := group.Root(height, within&(1<<below-1))
		return root, nil
	}
	m, err := p.mark(index)
	if err != nil {
		return tlog.Hash{}, err
	}
	return m.root(height, within), nil
}

// group returns a group of a whole tile of level 0.
func (p *prover) group(index, place uint64) (*tlog.Subtrees, error) {
	keep, name := &p.store.proven, index*groups+place
	if group, ok := keep.groups.get(name); ok {
		return group, nil
	}
	m, err := p.mark(index)
	if err != nil {
		return nil, err
	}
	from := int(place) * groupBytes
	hashes, err := p.store.part(tileKey(0, index, 0), from, from+groupBytes)
	if err != nil {
		return nil, lost(fmt.Errorf("%s: %w", whole(0, index).Path(), err))
	}
	group := tlog.NewSubtrees(hashes)
	if root, _ := group.Root(groupHeight, 0); root != m.root(groupHeight, place) {
		return nil, fmt.Errorf("the store is damaged: %d hashes of %s from number %d on have the root %s, they had %s when they were proved",
			tlog.MaxWidth/groups, whole(0, index).Path(), place*tlog.MaxWidth/groups, root, m.root(groupHeight, place))
	}
	keep.groups.put(name, group, lowerGroups)
	return group, nil
}

// mark returns that of a whole tile of level 0.
func (p *prover) mark(index uint64) (*mark, error) {
	if m, ok := p.store.proven.marks.get(index); ok {
		return m, nil
	}
	hashes, err := p.readWhole(0, index)
	if err != nil {
		return nil, err
	}
	return p.prove(index, hashes)
}

// prove proves a whole tile of level 0 by its root in the tile above, and keeps its mark.
func (p *prover) prove(index uint64, hashes []byte) (*mark, error) {
	want, err := p.hash(1, index)
	if err != nil {
		return nil, err
	}
	m := newMark(hashes)
	if root := m.root(8, 0); root != want {
		return nil, differs(whole(0, index), root, want)
	}
	p.store.proven.marks.put(index, m, lowerMarks)
	return m, nil
}

func whole(level int, index uint64) tlog.Tile {
	return tlog.Tile{Level: level, Index: index, Width: tlog.MaxWidth}
}

// readWhole returns the hashes of a whole tile, which are not proved.
func (p *prover) readWhole(level int, index uint64) ([]byte, error) {
	hashes, err := p.store.Tile(whole(level, index))
	return hashes, lost(err)
}

func differs(t tlog.Tile, root, want tlog.Hash) error {
	return fmt.Errorf("the store is damaged: %s has the root %s, the tile above has %s", t.Path(), root, want)
}
