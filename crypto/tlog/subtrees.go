package tlog

import "fmt"

// A NodeReader returns a node of a tree: the root of the perfect subtree over the
// 2^level leaves from index<<level on, which the tree has.
type NodeReader func(level uint, index uint64) (Hash, error)

// Subtrees has the roots of all perfect subtrees over the hashes of a tile, so that
// none is hashed for a second proof: about twice the bytes of the tile. It does not
// change.
type Subtrees struct{ roots [tileHeight + 1][]byte }

// NewSubtrees returns those of the hashes of a tile, at most 256, which it keeps.
func NewSubtrees(hashes []byte) *Subtrees {
	if n := len(hashes); n > MaxWidth*HashSize || n%HashSize != 0 {
		panic(fmt.Sprintf("tlog: a tile of %d bytes", n))
	}
	s := new(Subtrees)
	s.roots[0] = hashes
	room := make([]byte, 0, len(hashes)) // fewer roots than hashes are above them
	for height := range tileHeight {
		roots := room[len(room):]
		for below := s.roots[height]; len(below) >= 2*HashSize; below = below[2*HashSize:] {
			root := NodeHash(Hash(below[:HashSize]), Hash(below[HashSize:2*HashSize]))
			roots = append(roots, root[:]...)
		}
		s.roots[height+1], room = roots, room[:len(room)+len(roots)]
	}
	return s
}

// Hashes returns the hashes of the tile. They are shared, and not to be changed.
func (s *Subtrees) Hashes() []byte { return s.roots[0] }

// Root returns the root over the 2^height hashes from index<<height on; false where
// the tile has not so many. The height is 0 to 8.
func (s *Subtrees) Root(height uint, index uint64) (Hash, bool) {
	roots := s.roots[height]
	if index >= uint64(len(roots)/HashSize) {
		return Hash{}, false
	}
	return Hash(roots[index*HashSize:]), true
}

// NodePlace says where tiles have a node: in the tile of that level and index, as the
// root of number within over 2^height of its hashes. The height is 0 to 7.
func NodePlace(level uint, index uint64) (tileLevel int, tile uint64, height uint, within uint64) {
	height = level % tileHeight
	perTile := uint64(MaxWidth) >> height
	return int(level / tileHeight), index / perTile, height, index % perTile
}

// RootOfNodes returns the root of the tree of that size.
func RootOfNodes(read NodeReader, size uint64) (Hash, error) {
	if err := checkSize(size); err != nil {
		return Hash{}, err
	}
	t := Tree{size: size}
	for level := range t.roots {
		if n := size >> level; n&1 == 1 {
			var err error
			if t.roots[level], err = read(uint(level), n-1); err != nil {
				return Hash{}, fmt.Errorf("tree of size %d: %w", size, err)
			}
		}
	}
	return t.Root(), nil
}
