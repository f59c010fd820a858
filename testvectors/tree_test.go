package testvectors

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
)

// A tree gives MTH(D[from:to]), from below to.
type tree func(from, to uint64) []byte

// splitSize returns the largest power of two below n, which is at least 2.
func splitSize(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

func nodeHash(left, right []byte) []byte { return shaBytes([]byte{1}, left, right) }

// treeOf returns the tree of leaves with these hashes.
func treeOf(leaves [][]byte) tree {
	var mth tree
	mth = func(from, to uint64) []byte {
		if to-from == 1 {
			return leaves[from]
		}
		k := splitSize(to - from)
		return nodeHash(mth(from, from+k), mth(from+k, to))
	}
	return mth
}

// numbered returns the tree of n leaves, "leaf 0" and so on.
func numbered(n int) tree {
	leaves := make([][]byte, n)
	for i := range leaves {
		leaves[i] = numberedLeaf(uint64(i))
	}
	return treeOf(leaves)
}

func numberedLeaf(i uint64) []byte { return leafHash(fmt.Sprintf("leaf %d", i)) }

// uniform is the tree, of any size, all of whose leaves are "leaf".
func uniform() tree {
	known := make(map[uint64][]byte)
	var mth func(n uint64) []byte
	mth = func(n uint64) []byte {
		if n == 1 {
			return leafHash("leaf")
		}
		if known[n] == nil {
			k := splitSize(n)
			known[n] = nodeHash(mth(k), mth(n-k))
		}
		return known[n]
	}
	return func(from, to uint64) []byte { return mth(to - from) }
}

func emptyRoot() []byte { return shaBytes() }

// root returns the root of the tree cut off at size n.
func (t tree) root(n uint64) []byte {
	if n == 0 {
		return emptyRoot()
	}
	return t(0, n)
}

// path is PATH(m, D[n]) of RFC 6962, section 2.1.1.
func (t tree) path(m, n uint64) [][]byte { return t.pathIn(0, m, n) }

func (t tree) pathIn(from, m, n uint64) [][]byte {
	if n == 1 {
		return nil
	}
	k := splitSize(n)
	if m < k {
		return append(t.pathIn(from, m, k), t(from+k, from+n))
	}
	return append(t.pathIn(from+k, m-k, n-k), t(from, from+k))
}

// proof is PROOF(m, D[n]) of RFC 6962, section 2.1.2; empty for 0 and n.
func (t tree) proof(m, n uint64) [][]byte {
	if m == 0 {
		return nil
	}
	return t.subproof(0, m, n, true)
}

func (t tree) subproof(from, m, n uint64, whole bool) [][]byte {
	if m == n {
		if whole {
			return nil
		}
		return [][]byte{t(from, from+m)}
	}
	k := splitSize(n)
	if m <= k {
		return append(t.subproof(from, m, k, whole), t(from+k, from+n))
	}
	return append(t.subproof(from+k, m-k, n-k, false), t(from, from+k))
}

func hexes(hashes [][]byte) []string {
	list := make([]string, 0, len(hashes))
	for _, h := range hashes {
		list = append(list, hex.EncodeToString(h))
	}
	return list
}

// A spoiled proof is a good one with a fault.
type spoiled struct {
	name, comment string
	hashes        [][]byte
}

// spoil returns the ways in which a good proof of that length can be spoiled.
func spoil(good [][]byte) []spoiled {
	list := []spoiled{{"long", "A hash follows those of the proof.", append(slices.Clone(good), shaBytes([]byte("one too many")))}}
	if len(good) == 0 {
		return list
	}
	flipped := slices.Clone(good)
	last := len(good) - 1
	flipped[last] = slices.Clone(good[last])
	flipped[last][31] ^= 1
	list = append(list,
		spoiled{"short", "The last hash of the proof is missing.", good[:last]},
		spoiled{"flipped", "A bit of the last hash is flipped.", flipped},
		spoiled{"doubled", "The first hash of the proof is there twice.", append([][]byte{good[0]}, good...)})
	if len(good) > 1 {
		swapped := slices.Clone(good)
		swapped[0], swapped[1] = good[1], good[0]
		list = append(list,
			spoiled{"short-in-front", "The first hash of the proof is missing.", good[1:]},
			spoiled{"swapped", "The first two hashes are exchanged.", swapped})
	}
	return list
}
