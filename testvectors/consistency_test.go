package testvectors

import (
	"encoding/hex"
	"fmt"
	"slices"
)

func consistencyInputs(old, size uint64, oldRoot, root []byte, proof [][]byte) []member {
	return []member{{"old_size", fmt.Sprint(old)}, {"size", fmt.Sprint(size)}, {"old_root", hex.EncodeToString(oldRoot)},
		{"root", hex.EncodeToString(root)}, {"proof", hexes(proof)}}
}

func consistencyVectors() []vector {
	return slices.Concat(smallConsistencies(), largeConsistencies(), wrongConsistencies())
}

func smallConsistencies() []vector {
	t := numbered(9)
	var vs []vector
	for size := range uint64(10) {
		for old := range size + 1 {
			name := fmt.Sprintf("size-%d-from-%d", size, old)
			good := t.proof(old, size)
			vs = append(vs, accepted("consistency", name, fmt.Sprintf("From %d to %d leaves.", old, size), consistencyInputs(old, size, t.root(old), t.root(size), good)...))
			if old > 1 && old != size/2 && old < size-1 {
				continue
			}
			for _, s := range spoil(good) {
				vs = append(vs, refused("consistency", name+"-"+s.name, "proof", s.comment, consistencyInputs(old, size, t.root(old), t.root(size), s.hashes)...))
			}
		}
	}
	return vs
}

func largeConsistencies() []vector {
	t := numbered(65_537)
	var vs []vector
	for _, c := range []struct{ old, size uint64 }{
		{1, 256}, {255, 256}, {255, 257}, {256, 257}, {300, 1000}, {256, 65_536}, {65_535, 65_536}, {65_536, 65_537}, {65_535, 65_537}, {40_000, 65_537},
	} {
		good := t.proof(c.old, c.size)
		name := fmt.Sprintf("size-%d-from-%d", c.size, c.old)
		vs = append(vs, accepted("consistency", name, fmt.Sprintf("From %d to %d leaves.", c.old, c.size), consistencyInputs(c.old, c.size, t.root(c.old), t.root(c.size), good)...))
		for _, s := range spoil(good)[:2] {
			vs = append(vs, refused("consistency", name+"-"+s.name, "proof", s.comment, consistencyInputs(c.old, c.size, t.root(c.old), t.root(c.size), s.hashes)...))
		}
	}
	const largest = 1<<63 - 1
	u := uniform()
	for _, c := range []struct {
		name      string
		old, size uint64
	}{
		{"size-2-53-plus-1-from-2-53", 1 << 53, 1<<53 + 1}, {"size-2-63-minus-1-from-1", 1, largest},
		{"size-2-63-minus-1-from-2-62", 1 << 62, largest}, {"size-2-63-minus-1-from-2-62-minus-1", 1<<62 - 1, largest},
		{"size-2-63-minus-1-from-2-63-minus-2", largest - 1, largest}, {"size-2-63-minus-1-from-same", largest, largest}, {"size-2-63-minus-1-from-0", 0, largest},
	} {
		vs = append(vs, accepted("consistency", c.name, fmt.Sprintf("From %d to %d leaves, all being the same.", c.old, c.size), consistencyInputs(c.old, c.size, u.root(c.old), u.root(c.size), u.proof(c.old, c.size))...))
	}
	return vs
}

func wrongConsistencies() []vector {
	t, other := numbered(9), uniform()
	bad := func(name, comment string, old, size uint64, oldRoot, root []byte, proof [][]byte) vector {
		return refused("consistency", name, "proof", comment, consistencyInputs(old, size, oldRoot, root, proof)...)
	}
	good := t.proof(3, 7)
	reversed := slices.Clone(good)
	slices.Reverse(reversed)
	return []vector{
		bad("old-beyond-size", "The older tree is larger.", 7, 3, t.root(7), t.root(3), good),
		bad("old-beyond-size-without-hashes", "The older tree is larger.", 2, 1, t.root(2), t.root(1), nil),
		bad("old-beyond-size-0", "The newer tree is empty, the older is not.", 1, 0, t.root(1), emptyRoot(), nil),
		bad("same-size-other-root", "The sizes are equal, the roots are not.", 7, 7, t.root(7), other.root(7), nil),
		bad("same-size-swapped-proof", "The sizes are equal, and a proof from a smaller size comes along.", 7, 7, t.root(7), t.root(7), good),
		bad("size-0-other-root", "Both trees are empty, and the newer has another root.", 0, 0, emptyRoot(), t.root(1), nil),
		bad("size-0-other-roots", "Both trees are empty, and have the root of none.", 0, 0, t.root(1), t.root(1), nil),
		bad("from-0-other-old-root", "The older tree is empty and has another root.", 0, 7, t.root(1), t.root(7), nil),
		bad("from-0-old-root-of-zeros", "The older tree is empty and has a root of 32 zero bytes.", 0, 7, make([]byte, 32), t.root(7), nil),
		bad("from-0-with-proof", "The older tree is empty, and a proof from another size comes along.", 0, 7, emptyRoot(), t.root(7), good),
		bad("old-root-of-other-tree", "The older root is that of another tree.", 3, 7, other.root(3), t.root(7), good),
		bad("old-root-of-other-size", "The older root is that of another size.", 3, 7, t.root(2), t.root(7), good),
		bad("root-of-other-tree", "The newer root is that of another tree.", 3, 7, t.root(3), other.root(7), good),
		bad("root-of-other-size", "The newer root is that of another size.", 3, 7, t.root(3), t.root(6), good),
		bad("roots-exchanged", "The roots are exchanged.", 3, 7, t.root(7), t.root(3), good),
		bad("proof-of-other-old-size", "The proof is from another size.", 3, 7, t.root(3), t.root(7), t.proof(5, 7)),
		bad("proof-of-other-size", "The proof is to another size.", 3, 7, t.root(3), t.root(7), t.proof(3, 9)),
		bad("old-size-of-neighbour", "The older size is one too large.", 4, 7, t.root(3), t.root(7), good),
		bad("reversed", "The hashes run the other way.", 3, 7, t.root(3), t.root(7), reversed),
		bad("power-of-two-with-old-root", "The older size is a power of two, whose root the proof does not repeat.", 4, 7, t.root(4), t.root(7), append([][]byte{t.root(4)}, t.proof(4, 7)...)),
		bad("last-leaf-changed", "The older tree has another last leaf.", 3, 7, nodeHash(t(0, 2), leafHash("other")), t.root(7), good),
		bad("without-hashes", "There is no proof at all.", 3, 7, t.root(3), t.root(7), nil),
	}
}
