package ledger

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// Receipt returns the offline proof of one entry, a tlog-proof with the entry as its
// extra, or ErrNotFound or ErrNoQuorum. Its checkpoint and inclusion have been verified.
func (v *View) Receipt(index uint64) ([]byte, error) {
	entry, err := v.Entry(index)
	if err != nil {
		return nil, err
	}
	return v.receipt(index, entry)
}

// Receipt returns what [View.Receipt] returns of the record. That of a new one is made
// of the bytes that were hashed into the tree, and not read back; it is proved all the
// same.
func (r Registration) Receipt() ([]byte, error) {
	if r.record == nil {
		return r.View.Receipt(r.Index)
	}
	return r.View.receipt(r.Index, record.Entry{Registered: r.Registered, Record: r.record.Bytes()}.Bytes())
}

// receipt returns the receipt of the entry of that index, whose bytes these are said to
// be.
func (v *View) receipt(index uint64, entry []byte) ([]byte, error) {
	hashes, err := tlog.InclusionProofOfNodes(v.Node, index, v.Size())
	if err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", index, err)
	}
	b := tlog.Proof{Extra: entry, Index: index, Hashes: hashes, Checkpoint: v.Checkpoint()}.Bytes()
	includer, err := v.includer()
	if err == nil {
		err = includer.Inclusion(b)
	}
	var failure *verify.Failure
	if errors.As(err, &failure) && failure.Step == verify.StepQuorum {
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
	hashes, err := tlog.ConsistencyProofOfNodes(v.Node, old, v.Size())
	if err != nil {
		return nil, fmt.Errorf("consistency with size %d: %w", old, err)
	}
	root, err := tlog.RootOfNodes(v.Node, old)
	if err != nil {
		return nil, fmt.Errorf("consistency with size %d: %w", old, err)
	}
	c := v.Checkpoint()
	if err := tlog.VerifyConsistency(old, root, c.Size, c.Root, hashes); err != nil {
		return nil, fmt.Errorf("consistency with size %d: %w", old, err)
	}
	return tlog.Consistency{Old: old, Hashes: hashes, Checkpoint: c}.Bytes(), nil
}
