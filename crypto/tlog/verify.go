package tlog

import (
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// VerifyInclusion returns nil when hashes prove that the leaf with this hash is
// the one at index in the tree of that size and root (RFC 6962, section 2.1.1).
// The proof has exactly the hashes that it needs.
func VerifyInclusion(leaf Hash, index, size uint64, hashes []Hash, root Hash) error {
	if err := checkSize(size); err != nil {
		return err
	}
	if index >= size {
		return fmt.Errorf("inclusion: index %d is not below size %d", index, size)
	}
	got, err := proof.RootFromInclusionProof(rfc6962.DefaultHasher, index, size, leaf[:], hashBytes(hashes))
	if err != nil {
		return fmt.Errorf("inclusion of index %d in size %d: %w", index, size, err)
	}
	if Hash(got) != root {
		return fmt.Errorf("inclusion of index %d in size %d: the proof gives the root %s, the tree has %s", index, size, Hash(got), root)
	}
	return nil
}

// VerifyConsistency returns nil when hashes prove that the tree of that size and
// root begins with all leaves of the tree of size old and root oldRoot (RFC 6962,
// section 2.1.2). The proof has exactly the hashes that it needs: none when old
// is size, and then the roots are equal, or 0, and then oldRoot is [EmptyRoot].
func VerifyConsistency(old uint64, oldRoot Hash, size uint64, root Hash, hashes []Hash) error {
	if err := checkSize(size); err != nil {
		return err
	}
	if old > size {
		return fmt.Errorf("consistency: old size %d is above size %d", old, size)
	}
	// Not asked below, where any old root passes for that of the empty tree.
	if empty := EmptyRoot(); old == 0 && oldRoot != empty {
		return fmt.Errorf("consistency: a tree of size 0 has the root %s, not %s", empty, oldRoot)
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, size, hashBytes(hashes), oldRoot[:], root[:])
	if err == nil {
		return nil
	}
	if m := (proof.RootMismatchError{}); errors.As(err, &m) {
		err = fmt.Errorf("the proof gives the root %s, the tree has %s", Hash(m.CalculatedRoot), Hash(m.ExpectedRoot))
	}
	return fmt.Errorf("consistency of sizes %d and %d: %w", old, size, err)
}

// hashBytes returns the hashes as merkle takes them.
func hashBytes(hashes []Hash) [][]byte {
	s := make([][]byte, len(hashes))
	for i := range hashes {
		s[i] = hashes[i][:]
	}
	return s
}
