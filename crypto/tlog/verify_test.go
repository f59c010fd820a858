package tlog_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// spoiled returns proofs that differ from this one: each hash changed, left out
// and doubled, each two swapped, one more at either end, and none at all.
func spoiled(hashes []tlog.Hash) map[string][]tlog.Hash {
	bad := map[string][]tlog.Hash{
		"long at the end":   append(slices.Clone(hashes), leaf(1)),
		"long at the start": append([]tlog.Hash{leaf(1)}, hashes...),
	}
	if len(hashes) > 0 {
		bad["none"] = nil
	}
	for i := range hashes {
		changed := slices.Clone(hashes)
		changed[i][31] ^= 1
		bad[fmt.Sprint("changed at ", i)] = changed
		bad[fmt.Sprint("short of ", i)] = slices.Delete(slices.Clone(hashes), i, i+1)
		bad[fmt.Sprint("doubled at ", i)] = slices.Insert(slices.Clone(hashes), i, hashes[i])
		for j := range i {
			swapped := slices.Clone(hashes)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			bad[fmt.Sprint("swapped at ", i, " and ", j)] = swapped
		}
	}
	return bad
}

func TestNoOtherProofOfInclusionHolds(t *testing.T) {
	l := newLog(t, 40)
	for size := 1; size <= len(l.leaves); size++ {
		root := mth(l.leaves[:size])
		for index := range size {
			hashes := path(index, l.leaves[:size])
			verify := func(leaf tlog.Hash, index int, root tlog.Hash, hashes []tlog.Hash) error {
				return tlog.VerifyInclusion(leaf, uint64(index), uint64(size), hashes, root)
			}
			if err := verify(l.leaves[index], index, root, hashes); err != nil {
				t.Fatal(err)
			}
			for name, bad := range spoiled(hashes) {
				if verify(l.leaves[index], index, root, bad) == nil {
					t.Errorf("index %d in size %d: a proof that is %s holds", index, size, name)
				}
			}
			if verify(leaf(-1), index, root, hashes) == nil || verify(l.leaves[index], index, leaf(-1), hashes) == nil {
				t.Errorf("index %d in size %d: holds for another leaf or root", index, size)
			}
			for other := range size + 2 {
				if other != index && verify(l.leaves[index], other, root, hashes) == nil {
					t.Errorf("index %d in size %d: holds for index %d", index, size, other)
				}
			}
		}
	}
}

func TestNoOtherProofOfConsistencyHolds(t *testing.T) {
	l := newLog(t, 40)
	for size := 0; size <= len(l.leaves); size++ {
		root := mth(l.leaves[:size])
		for old := 0; old <= size; old++ {
			oldRoot := mth(l.leaves[:old])
			var hashes []tlog.Hash
			if old > 0 {
				hashes = subproof(old, l.leaves[:size], true)
			}
			verify := func(oldRoot, root tlog.Hash, hashes []tlog.Hash) error {
				return tlog.VerifyConsistency(uint64(old), oldRoot, uint64(size), root, hashes)
			}
			if err := verify(oldRoot, root, hashes); err != nil {
				t.Fatal(err)
			}
			for name, bad := range spoiled(hashes) {
				if verify(oldRoot, root, bad) == nil {
					t.Errorf("sizes %d and %d: a proof that is %s holds", old, size, name)
				}
			}
			if verify(leaf(-1), root, hashes) == nil {
				t.Errorf("sizes %d and %d: holds for another old root", old, size)
			}
			if (old > 0 || size == 0) && verify(oldRoot, leaf(-1), hashes) == nil {
				t.Errorf("sizes %d and %d: holds for another root", old, size)
			}
		}
	}
}

// Every tree begins with the empty one, whose root is known all the same.
func TestTheEmptyTreeHasOneRoot(t *testing.T) {
	empty, other := tlog.EmptyRoot(), leaf(0)
	for _, size := range []uint64{0, 1, 2, 1000, tlog.MaxSize} {
		root := other
		if size == 0 {
			root = empty
		}
		if err := tlog.VerifyConsistency(0, empty, size, root, nil); err != nil {
			t.Error(err)
		}
		wantError(t, tlog.VerifyConsistency(0, other, size, root, nil), "size 0 has the root "+empty.String()+", not "+other.String())
		wantError(t, tlog.VerifyConsistency(0, tlog.Hash{}, size, root, nil), "size 0 has the root "+empty.String())
		if tlog.VerifyConsistency(0, empty, size, root, []tlog.Hash{other}) == nil {
			t.Errorf("sizes 0 and %d: a proof with a hash holds", size)
		}
	}
	if tlog.VerifyConsistency(0, other, 0, other, nil) == nil {
		t.Error("two trees of size 0 agree on another root")
	}
}

func TestAFailedProofNamesBothRoots(t *testing.T) {
	l := newLog(t, 9)
	root, oldRoot, other := mth(l.leaves), mth(l.leaves[:5]), leaf(-1)
	hashes := subproof(5, l.leaves, true)
	wantError(t, tlog.VerifyInclusion(l.leaves[3], 3, 9, path(3, l.leaves), other), "the proof gives the root "+root.String()+", the tree has "+other.String())
	wantError(t, tlog.VerifyConsistency(5, oldRoot, 9, other, hashes), "the proof gives the root "+root.String()+", the tree has "+other.String())
	wantError(t, tlog.VerifyConsistency(5, other, 9, root, hashes), "the proof gives the root "+oldRoot.String()+", the tree has "+other.String())
	wantError(t, tlog.VerifyConsistency(9, oldRoot, 9, root, nil), oldRoot.String())
	wantError(t, tlog.VerifyInclusion(l.leaves[3], 3, 9, nil, root), "index 3 in size 9: wrong proof size 0, want 4")
}
