package verify

import (
	"github.com/chirograph/chirograph/crypto/tlog"
)

// An Extension is a pair of checkpoints of one log of which the newer tree begins
// with the older one: nothing in it was changed, removed or put in between.
type Extension struct {
	Old, New *Checkpoint
	SeenBy   int64 // POSIX seconds: when a quorum had cosigned the newer; 0 where there is only the ledger's word
}

// Consistency verifies that a log of the policy extended an older checkpoint. The
// proof is the body of a c2sp.org/tlog-witness add-checkpoint request, with the
// newer checkpoint. The error is a [*Failure].
func Consistency(p *Policy, old tlog.SignedCheckpoint, proof []byte) (*Extension, error) {
	parsed, err := tlog.ParseConsistency(proof)
	if err != nil {
		return nil, failed(StepForm, "proof: %s", err)
	}
	before, after, err := p.pair(old, parsed.Checkpoint)
	if err != nil {
		return nil, err
	}
	x := &Extension{Old: before, New: after}
	if x.SeenBy, err = p.SeenBy(after); err != nil {
		return nil, err
	}
	if parsed.Old != old.Size {
		return nil, failed(StepSize, "the proof is from size %d, the older checkpoint has %d", parsed.Old, old.Size)
	}
	if err := tlog.VerifyConsistency(old.Size, old.Root, after.Size, after.Root, parsed.Hashes); err != nil {
		return nil, failed(StepConsistency, "the tree of %d entries, %s, does not begin with the one of %d, %s",
			after.Size, after.Root, old.Size, old.Root)
	}
	return x, nil
}

// pair verifies the checkpoints of one log. Whatever line of theirs is at fault, of
// the log or of a witness, the step is the same.
func (p *Policy) pair(old, newer tlog.SignedCheckpoint) (before, after *Checkpoint, err error) {
	l, ok := p.signer(old, newer)
	if !ok {
		l, ok = p.signer(old)
	}
	if !ok {
		return nil, nil, failed(StepCheckpoint, "no log of the policy signed the older checkpoint, of %q", old.Origin)
	}
	if before, err = p.checkpointOf(l, old); err != nil {
		return nil, nil, failed(StepCheckpoint, "older: %s", err)
	}
	if after, err = p.checkpointOf(l, newer); err != nil {
		return nil, nil, failed(StepCheckpoint, "newer: %s", err)
	}
	return before, after, nil
}
