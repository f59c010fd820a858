package ledger

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// Receipt returns the offline proof of one entry, a tlog-proof with the entry as its
// extra, or ErrNotFound or ErrNoQuorum. Its checkpoint and inclusion have been verified.
func (v *View) Receipt(index uint64) ([]byte, error) {
	entry, err := v.Entry(index)
	if err != nil {
		return nil, err
	}
	hashes, err := tlog.InclusionProof(v.Tile, index, v.Size())
	if err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", index, err)
	}
	b := tlog.Proof{Extra: entry, Index: index, Hashes: hashes, Checkpoint: v.Checkpoint()}.Bytes()
	var failure *verify.Failure
	if err := verify.Inclusion(v.policy, v.store.Key(), b); errors.As(err, &failure) && failure.Step == verify.StepQuorum {
		return nil, fmt.Errorf("receipt of entry %d: %w: %w", index, ErrNoQuorum, err)
	} else if err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", index, err)
	}
	return b, nil
}

// Consistency returns the proof that the published log begins with the log of size
// old, or ErrNotFound when it is smaller. It has been verified.
func (v *View) Consistency(old uint64) ([]byte, error) {
	if old > v.Size() {
		return nil, fmt.Errorf("size %d: the log has %d: %w", old, v.Size(), ErrNotFound)
	}
	hashes, err := tlog.ConsistencyProof(v.Tile, old, v.Size())
	if err != nil {
		return nil, fmt.Errorf("consistency with size %d: %w", old, err)
	}
	root, err := tlog.Root(v.Tile, old)
	if err != nil {
		return nil, fmt.Errorf("consistency with size %d: %w", old, err)
	}
	c := v.Checkpoint()
	if err := tlog.VerifyConsistency(old, root, c.Size, c.Root, hashes); err != nil {
		return nil, fmt.Errorf("consistency with size %d: %w", old, err)
	}
	return tlog.Consistency{Old: old, Hashes: hashes, Checkpoint: c}.Bytes(), nil
}
