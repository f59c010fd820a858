package testvectors

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// inclusionInputs are the inputs of the classes' vectors, in their order.
func inclusionInputs(leaf []byte, index, size uint64, proof [][]byte, root []byte) []member {
	return []member{{"leaf", hex.EncodeToString(leaf)}, {"index", fmt.Sprint(index)}, {"size", fmt.Sprint(size)},
		{"proof", hexes(proof)}, {"root", hex.EncodeToString(root)}}
}

func inclusionVectors() []vector {
	return slices.Concat(smallInclusions(), largeInclusions(), wrongInclusions())
}

func smallInclusions() []vector {
	t := numbered(9)
	var vs []vector
	for size := uint64(1); size <= 9; size++ {
		for index := range size {
			name := fmt.Sprintf("size-%d-index-%d", size, index)
			good := t.path(index, size)
			vs = append(vs, accepted("inclusion", name, fmt.Sprintf("Leaf %d of %d.", index, size), inclusionInputs(numberedLeaf(index), index, size, good, t.root(size))...))
			if index != 0 && index != size/2 && index != size-1 {
				continue
			}
			for _, s := range spoil(good) {
				vs = append(vs, refused("inclusion", name+"-"+s.name, "proof", s.comment, inclusionInputs(numberedLeaf(index), index, size, s.hashes, t.root(size))...))
			}
		}
	}
	return vs
}

func largeInclusions() []vector {
	t := numbered(65_537)
	var vs []vector
	for _, c := range []struct{ size, index uint64 }{
		{255, 254}, {256, 0}, {256, 255}, {257, 0}, {257, 255}, {257, 256}, {1000, 777},
		{65_535, 65_534}, {65_536, 65_535}, {65_537, 65_535}, {65_537, 65_536},
	} {
		good := t.path(c.index, c.size)
		name := fmt.Sprintf("size-%d-index-%d", c.size, c.index)
		vs = append(vs, accepted("inclusion", name, fmt.Sprintf("Leaf %d of %d.", c.index, c.size), inclusionInputs(numberedLeaf(c.index), c.index, c.size, good, t.root(c.size))...))
		for _, s := range spoil(good)[:2] {
			vs = append(vs, refused("inclusion", name+"-"+s.name, "proof", s.comment, inclusionInputs(numberedLeaf(c.index), c.index, c.size, s.hashes, t.root(c.size))...))
		}
	}
	const largest = 1<<63 - 1
	u := uniform()
	for _, c := range []struct {
		name        string
		size, index uint64
	}{
		{"size-2-53-plus-1-first", 1<<53 + 1, 0}, {"size-2-53-plus-1-last", 1<<53 + 1, 1 << 53},
		{"size-2-62-last", 1 << 62, 1<<62 - 1}, {"size-2-62-plus-1-last", 1<<62 + 1, 1 << 62},
		{"size-2-63-minus-1-first", largest, 0}, {"size-2-63-minus-1-last", largest, largest - 1}, {"size-2-63-minus-1-middle", largest, 1<<62 - 1},
	} {
		vs = append(vs, accepted("inclusion", c.name, fmt.Sprintf("Leaf %d of %d, all leaves being the same.", c.index, c.size), inclusionInputs(leafHash("leaf"), c.index, c.size, u.path(c.index, c.size), u.root(c.size))...))
	}
	middle := u.path(1<<62-1, largest)
	return append(vs, refused("inclusion", "of-64-hashes", "proof", "A proof of 63 hashes has one more, which is more than any may have.",
		inclusionInputs(leafHash("leaf"), 1<<62-1, largest, append(slices.Clone(middle), leafHash("leaf")), u.root(largest))...))
}

func wrongInclusions() []vector {
	t := numbered(9)
	leaf, good, root := numberedLeaf(2), t.path(2, 7), t.root(7)
	reversed := slices.Clone(good)
	slices.Reverse(reversed)
	one := numberedLeaf(0)
	bad := func(name, kind, comment string, leaf []byte, index, size uint64, proof [][]byte, root []byte) vector {
		return refused("inclusion", name, kind, comment, inclusionInputs(leaf, index, size, proof, root)...)
	}
	return []vector{
		bad("index-is-size", "index", "The index is the size.", leaf, 7, 7, good, root),
		bad("index-beyond-size", "index", "The index is beyond the size.", leaf, 8, 7, good, root),
		bad("index-far-beyond-size", "index", "The index is as large as one may be.", leaf, 1<<63-1, 7, good, root),
		bad("size-0", "index", "The tree is empty.", one, 0, 0, nil, emptyRoot()),
		bad("size-0-and-root-of-leaf", "index", "The tree is empty, the root that of a tree of this leaf.", one, 0, 0, nil, one),
		bad("size-1-index-1", "index", "A tree of one leaf has only the index 0.", one, 1, 1, nil, one),
		bad("leaf-of-neighbour", "proof", "The leaf is that of another index.", numberedLeaf(3), 2, 7, good, root),
		bad("index-of-neighbour", "proof", "The index is that of the neighbour, the proof not.", leaf, 3, 7, good, root),
		bad("proof-of-neighbour", "proof", "The proof is that of another index.", leaf, 2, 7, t.path(3, 7), root),
		bad("proof-of-other-size", "proof", "The proof is that of a larger tree.", leaf, 2, 7, t.path(2, 9), root),
		bad("root-of-other-size", "proof", "The root is that of a larger tree.", leaf, 2, 7, good, t.root(8)),
		bad("size-of-other-shape", "proof", "The size is that of a larger tree, in which the path is longer.", leaf, 2, 9, good, root),
		bad("reversed", "proof", "The hashes run from the root to the leaf.", leaf, 2, 7, reversed, root),
		bad("root-of-zeros", "proof", "The root is 32 zero bytes.", leaf, 2, 7, good, make([]byte, 32)),
		bad("root-is-empty-root", "proof", "The root is that of the empty tree.", leaf, 2, 7, good, emptyRoot()),
		bad("node-as-leaf", "proof", "The leaf hash is that of the node above leaf and neighbour, whose hash is left out.", nodeHash(numberedLeaf(2), numberedLeaf(3)), 2, 7, good[1:], root),
		bad("leaf-without-prefix", "proof", "The leaf hash is SHA-256 of the leaf without the 0x00.", shaBytes([]byte("leaf 2")), 2, 7, good, root),
		bad("size-1-other-root", "proof", "A tree of one leaf has its hash as the root.", one, 0, 1, nil, numberedLeaf(1)),
	}
}
