package verify

import (
	"bytes"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// Inclusion verifies of a receipt what is the log's to prove: everything but the
// record in it, for a ledger that has admitted the record and checked it then.
func Inclusion(p *Policy, ledger note.Key, proof []byte) error {
	parsed, entry, err := parseReceipt(proof)
	if err == nil {
		_, err = registered(p, ledger, parsed, entry)
	}
	return err
}

// An Includer is a checkpoint whose signatures were verified once, for a ledger that
// gives out many receipts under it. It does not change.
type Includer struct {
	policy     *Policy
	checkpoint *Checkpoint
	bytes      []byte // of the checkpoint, shared with nobody
}

// Includer verifies a checkpoint of the ledger as [Inclusion] does that of a receipt.
// The quorum is asked for with each entry, because it depends on its time. The error is
// a [*Failure].
func (p *Policy) Includer(ledger note.Key, c tlog.SignedCheckpoint) (*Includer, error) {
	own := c.Bytes()
	parsed, err := tlog.ParseSignedCheckpoint(bytes.Clone(own))
	if err != nil {
		return nil, failed(StepProof, "%s", err)
	}
	verified, err := checkpointFor(p, ledger, parsed)
	if err != nil {
		return nil, err
	}
	return &Includer{p, verified, own}, nil
}

// Inclusion says of a receipt what the function [Inclusion] says, and fails unless the
// receipt has the very bytes of the checkpoint that was verified.
func (i *Includer) Inclusion(proof []byte) error {
	parsed, entry, err := parseReceipt(proof)
	if err != nil {
		return err
	}
	if !bytes.Equal(parsed.Checkpoint.Bytes(), i.bytes) {
		return failed(StepCheckpoint, "the receipt has another checkpoint, of size %d, than the one of size %d that was verified",
			parsed.Checkpoint.Size, i.checkpoint.Size)
	}
	_, err = registeredUnder(i.policy, i.checkpoint, parsed, entry)
	return err
}
