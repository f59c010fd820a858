package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// Receipt fetches the receipt of a record against the ledger's latest checkpoint.
// The error is a [*Refusal] with the status 404 where the ledger has no such record.
func (c *Client) Receipt(ctx context.Context, id record.ID) (*Receipt, error) {
	path := "/records/" + id.String() + "/receipt"
	a, err := c.get(ctx, path, tlog.MaxProof)
	if err != nil {
		return nil, err
	}
	receipt, err := c.receipt(id, a.body)
	if err != nil {
		return nil, fmt.Errorf("GET %s%s: %w", c.base, path, err)
	}
	return receipt, nil
}

// receipt verifies that b is a receipt of this ledger for this record.
func (c *Client) receipt(id record.ID, b []byte) (*Receipt, error) {
	reg, err := verify.Receipt(c.policy, b)
	var failure *verify.Failure
	if errors.As(err, &failure) && failure.Step == verify.StepQuorum {
		err = c.unmet(id, b, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the receipt does not hold: %w", err)
	}
	if got := reg.Record.ID(); got != id {
		return nil, fmt.Errorf("the receipt is of record %s, not of %s", got, id)
	}
	if err := c.ours(reg.Checkpoint); err != nil {
		return nil, fmt.Errorf("the receipt %w", err)
	}
	return &Receipt{Registration: reg, Bytes: b}, nil
}

// An Unmet is the error of a receipt that has not the quorum of the policy, and holds
// otherwise: that the record is registered is the signed word of the ledger.
type Unmet struct {
	Index   uint64
	Missing []verify.Witness // of the policy, without a cosignature that counts for the entry
	Err     error            // a [*verify.Failure] of the quorum
}

func (u *Unmet) Error() string { return u.Err.Error() }
func (u *Unmet) Unwrap() error { return u.Err }

// unmet returns the failure of the quorum as an [*Unmet], if the receipt is of that record.
func (c *Client) unmet(id record.ID, b []byte, failure error) error {
	p, err := tlog.ParseProof(b)
	if err != nil {
		return err
	}
	entry, err := record.ParseEntry(p.Extra)
	if err != nil {
		return err
	}
	r, err := record.Open(entry.Record, note.PublicKey.Verify)
	switch {
	case err != nil:
		return err
	case r.ID() != id:
		return fmt.Errorf("it is of record %s, not of %s", r.ID(), id)
	}
	checkpoint, err := c.policy.Checkpoint(p.Checkpoint)
	if err != nil {
		return err
	}
	if err := c.ours(checkpoint); err != nil {
		return err
	}
	if err := tlog.VerifyInclusion(tlog.LeafHash(p.Extra), p.Index, checkpoint.Size, p.Hashes, checkpoint.Root); err != nil {
		return err
	}
	u := &Unmet{Index: p.Index, Err: failure}
	for _, w := range c.policy.Witnesses {
		if !slices.ContainsFunc(checkpoint.Cosignatures, func(s verify.Cosignature) bool {
			return s.Witness.Name == w.Name && s.Time >= entry.Registered-rules.Skew
		}) {
			u.Missing = append(u.Missing, w)
		}
	}
	return u
}

// ours says whether it was the ledger that is asked here that signed.
func (c *Client) ours(checkpoint *verify.Checkpoint) error {
	if checkpoint.Log.Key != c.ledger {
		return fmt.Errorf("is of the ledger %s, not of %s", checkpoint.Log.Key, c.ledger)
	}
	return nil
}

// Record fetches a record with its signatures verified. That it is registered is
// the ledger's word: [Client.Receipt] proves it.
func (c *Client) Record(ctx context.Context, id record.ID) (*record.Record, error) {
	path := "/records/" + id.String()
	a, err := c.get(ctx, path, record.MaxRecord)
	if err != nil {
		return nil, err
	}
	r, err := record.Open(a.body, note.PublicKey.Verify)
	if err != nil {
		return nil, fmt.Errorf("GET %s%s: record: %w", c.base, path, err)
	}
	if r.ID() != id {
		return nil, fmt.Errorf("GET %s%s: the record is %s", c.base, path, r.ID())
	}
	return r, nil
}

// Checkpoint fetches the ledger's latest checkpoint, verified and with the policy's
// quorum. That it continues an older one is shown by [Client.Consistency].
func (c *Client) Checkpoint(ctx context.Context) (*verify.Checkpoint, error) {
	a, err := c.get(ctx, "/checkpoint", note.MaxSize)
	if err != nil {
		return nil, err
	}
	checkpoint, err := c.checkpoint(a.body)
	if err != nil {
		return nil, fmt.Errorf("GET %s/checkpoint: %w", c.base, err)
	}
	return checkpoint, nil
}

func (c *Client) checkpoint(b []byte) (*verify.Checkpoint, error) {
	signed, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return nil, err
	}
	checkpoint, err := c.policy.Checkpoint(signed)
	if err != nil {
		return nil, fmt.Errorf("the checkpoint does not hold: %w", err)
	}
	if err := c.ours(checkpoint); err != nil {
		return nil, fmt.Errorf("the checkpoint %w", err)
	}
	if _, err := c.policy.SeenBy(checkpoint); err != nil {
		return nil, fmt.Errorf("the checkpoint does not hold: %w", err)
	}
	return checkpoint, nil
}

// Signed fetches the checkpoint that is shown, in which at least one line of the ledger's
// key verifies. Its other lines are as they came, so that [Client.Checkpoint] may refuse
// it: it is to be held against the ledger, and nothing else rests on it.
func (c *Client) Signed(ctx context.Context) (tlog.SignedCheckpoint, error) {
	a, err := c.get(ctx, "/checkpoint", note.MaxSize)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	signed, err := tlog.ParseSignedCheckpoint(a.body)
	if err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("GET %s/checkpoint: %w", c.base, err)
	}
	log, _ := c.policy.Log(c.ledger)
	if signed.Origin != c.ledger.Name() || len(log.Alone(signed).Note.Signatures) == 0 {
		return tlog.SignedCheckpoint{}, fmt.Errorf("GET %s/checkpoint: the checkpoint of %q has no line of %s that verifies", c.base, signed.Origin, c.ledger.Name())
	}
	return signed, nil
}

// Consistency fetches the proof that the ledger's latest tree continues that of an
// older checkpoint, which it verifies too: nothing was changed, removed or put in
// between.
func (c *Client) Consistency(ctx context.Context, old tlog.SignedCheckpoint) (*verify.Extension, []byte, error) {
	path := fmt.Sprintf("/consistency/%d", old.Size)
	a, err := c.get(ctx, path, tlog.MaxConsistency)
	if err != nil {
		return nil, nil, err
	}
	x, err := verify.Consistency(c.policy, old, a.body)
	if err != nil {
		return nil, nil, fmt.Errorf("GET %s%s: the proof does not hold: %w", c.base, path, err)
	}
	if err := c.ours(x.New); err != nil {
		return nil, nil, fmt.Errorf("GET %s%s: the newer checkpoint %w", c.base, path, err)
	}
	return x, a.body, nil
}
