package check

import (
	"bytes"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// levels is how many levels of tiles a tree has at most.
const levels = 8

// A tree compares the tiles of a store with what its entries give, from left to right
// and from the leaves up. Where two do not agree, the hash above says which of them is
// wrong: with one damage on the way to the root there is one finding, where it is.
type tree struct {
	raw    *store.Raw
	found  *findings
	beyond bool // the store has entries beyond those of the tree, and tiles of them
	// Made of what is below: the hashes of the tile of each level that is not full
	// yet, those taken as right where the store has others.
	Edge [levels][]byte `json:"edge"`
}

// bundle takes the leaf hashes of the entries from a multiple of 256 on, up to 256 or to
// the end of the log: the zero hash for an entry that is not there, which is said elsewhere.
func (t *tree) bundle(index uint64, leaves []byte) error {
	t.Edge[0] = leaves
	for level := 0; len(t.Edge[level]) == tlog.MaxWidth*tlog.HashSize; level++ {
		above, _ := t.raw.Tile(level+1, index/tlog.MaxWidth)
		at := int(index%tlog.MaxWidth) * tlog.HashSize
		var want *tlog.Hash
		if at < len(above) {
			want = new(tlog.Hash(above[at:]))
		}
		root, err := t.tile(level, index, want)
		if err != nil {
			return err
		}
		t.Edge[level] = nil
		t.Edge[level+1] = append(t.Edge[level+1], root[:]...)
		index /= tlog.MaxWidth
	}
	return nil
}

// tile compares a whole tile, whose root the tile above says is want, and returns the
// root that is taken as right.
func (t *tree) tile(level int, index uint64, want *tlog.Hash) (tlog.Hash, error) {
	made := t.Edge[level]
	root := rootOf(made)
	stored, err := t.stored(level, index, len(made))
	if err != nil || stored == nil {
		return root, err
	}
	right := unknown
	switch rooted := rootOf(stored); {
	case want != nil && *want == rooted:
		right, root = below, rooted
	case want != nil && *want == root:
		right = above
	}
	return root, t.compare(level, index, stored, made, right)
}

// Where, of two that do not agree, the damage is.
type place int

const (
	unknown place = iota
	below         // the tile agrees with what is above it
	above         // what is below the tile does
)

// compare tells of each hash of a tile that is not the one that follows from below.
func (t *tree) compare(level int, index uint64, stored, made []byte, damage place) error {
	for i := 0; i < len(made); i += tlog.HashSize {
		s, m := tlog.Hash(stored[i:]), tlog.Hash(made[i:])
		if s == m || m == (tlog.Hash{}) {
			continue
		}
		n := index*tlog.MaxWidth + uint64(i/tlog.HashSize)
		tile, hash := tileName(level, index), i/tlog.HashSize
		var err error
		switch {
		case damage == below && level == 0:
			err = t.found.entry(n, "it has the leaf hash %s, in the tree it has %s (%s, hash %d)", m, s, tile, hash)
		case damage == below:
			err = t.found.found(tileName(level-1, n), "it has the root %s, in the tree it has %s (%s, hash %d)", m, s, tile, hash)
		case damage == above:
			err = t.found.found(tile, "hash %d is %s, what is below gives %s", hash, s, m)
		case level == 0:
			err = t.found.entry(n, "it has the leaf hash %s, %s has %s as hash %d, and the tile above agrees with neither", m, tile, s, hash)
		default:
			err = t.found.found(tile, "hash %d is %s, what is below gives %s, and what is above agrees with neither", hash, s, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stored returns a tile as the store has it, nil after a finding.
func (t *tree) stored(level int, index uint64, length int) ([]byte, error) {
	stored, err := t.raw.Tile(level, index)
	switch {
	case err != nil:
		return nil, t.found.found(tileName(level, index), "%s", err)
	case t.beyond && len(stored) > length:
		return stored[:length], nil
	case len(stored) != length:
		return nil, t.found.found(tileName(level, index), "it has %d hashes, in the tree it has %d", len(stored)/tlog.HashSize, length/tlog.HashSize)
	}
	return stored, nil
}

// end compares the tiles at the right edge, which the root of the head binds together.
func (t *tree) end(head tlog.Checkpoint) error {
	var stored [levels][]byte
	complete := true
	for level := range levels {
		n := head.Size >> (8 * level)
		if len(t.Edge[level]) == 0 {
			continue
		}
		var err error
		if stored[level], err = t.stored(level, n/tlog.MaxWidth, len(t.Edge[level])); err != nil {
			return err
		}
		complete = complete && stored[level] != nil
	}
	read := func(edge *[levels][]byte) tlog.Hash {
		root, err := tlog.Root(func(tile tlog.Tile) ([]byte, error) { return edge[tile.Level], nil }, head.Size)
		if err != nil {
			return tlog.Hash{}
		}
		return root
	}
	made, kept := read(&t.Edge), tlog.Hash{}
	if complete {
		kept = read(&stored)
	}
	damage := unknown
	switch head.Root {
	case kept:
		damage = below
	case made:
		damage = above
	}
	before := len(*t.found)
	for level := range levels {
		if stored[level] == nil || bytes.Equal(stored[level], t.Edge[level]) {
			continue
		}
		if err := t.compare(level, head.Size>>(8*level)/tlog.MaxWidth, stored[level], t.Edge[level], damage); err != nil {
			return err
		}
	}
	if damage == unknown && len(*t.found) == before {
		return t.found.found("checkpoint", "of size %d it has the root %s, entries and tiles give %s", head.Size, head.Root, made)
	}
	return nil
}

// tileName is the name of a tile without its width, level and index: 0/000.
func tileName(level int, index uint64) string {
	return tlog.Tile{Level: level, Index: index, Width: tlog.MaxWidth}.Path()
}

// rootOf returns the root of the perfect tree over the hashes of a whole tile.
func rootOf(hashes []byte) tlog.Hash {
	if len(hashes) == tlog.HashSize {
		return tlog.Hash(hashes)
	}
	half := len(hashes) / 2
	return tlog.NodeHash(rootOf(hashes[:half]), rootOf(hashes[half:]))
}
