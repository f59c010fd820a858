package tlog

import (
	"fmt"
	"math/bits"
)

// A Tree knows of a tree its size and the roots of the perfect subtrees that it
// is made of from left to right: enough for its root, and to go on. A copy of a
// Tree is another tree. Two are of the same leaves when they are ==, and the zero
// value is the tree of size 0.
type Tree struct {
	size uint64
	// The subtree with 2^k leaves is at k where the bit k of size is set, and
	// the zero hash where it is not.
	roots [63]Hash
}

// NewTree returns the tree of size 0.
func NewTree() Tree { return Tree{} }

// Size returns the number of leaves, at most [MaxSize].
func (t *Tree) Size() uint64 { return t.size }

// Root returns the root of the tree.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return EmptyRoot()
	}
	k := bits.TrailingZeros64(t.size)
	h := t.roots[k]
	for k++; t.size>>k != 0; k++ {
		if t.size>>k&1 == 1 {
			h = NodeHash(t.roots[k], h)
		}
	}
	return h
}

// Append adds a leaf by its hash. It calls emit, which may be nil, with each
// hash that tiles have from now on: the leaf at level 0, and whatever subtrees it
// completes, level by level. On each level, indexes come one by one.
//
// Append panics in a tree of [MaxSize] leaves, which no log ever reaches.
func (t *Tree) Append(leaf Hash, emit func(level int, index uint64, h Hash)) {
	if t.size == MaxSize {
		panic("tlog: tree is full")
	}
	if emit != nil {
		emit(0, t.size, leaf)
	}
	h, k := leaf, 0
	for ; t.size>>k&1 == 1; k++ {
		h = NodeHash(t.roots[k], h)
		t.roots[k] = Hash{}
		if emit != nil && (k+1)%tileHeight == 0 {
			emit((k+1)/tileHeight, t.size>>(k+1), h)
		}
	}
	t.roots[k] = h
	t.size++
}

// TreeFromTiles returns the tree of that size as its tiles have it. It reads the
// last tile of each level that is not full, at most eight. Whether the tiles are
// those of a checkpoint, [Tree.Root] says.
func TreeFromTiles(size uint64, read TileReader) (Tree, error) {
	if err := checkSize(size); err != nil {
		return Tree{}, err
	}
	t := Tree{size: size}
	for level := 0; size>>(level*tileHeight) != 0; level++ {
		n := size >> (level * tileHeight)
		width := n % MaxWidth
		if width == 0 {
			continue
		}
		data, err := readTile(read, Tile{level, n / MaxWidth, int(width)})
		if err != nil {
			return Tree{}, fmt.Errorf("tree of size %d: %w", size, err)
		}
		// The bits of width are those of size from this level on.
		for k := tileHeight - 1; k >= 0; k-- {
			if width>>k&1 == 1 {
				length := HashSize << k
				t.roots[level*tileHeight+k] = subtreeRoot(data[:length])
				data = data[length:]
			}
		}
	}
	return t, nil
}
