package audit

import (
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// Backdated holds a cosigned checkpoint of a ledger against the first entry after it,
// which a copy of its log has; nil where that is dated as it should be. Times never
// decrease: of all that a tree lacks the first entry claims the earliest, so that this
// one is enough. What shows the entry is kept, a signed checkpoint of the copy's whole
// tree. The error is of the copy.
func Backdated(p *verify.Policy, copied *store.Store, c, kept tlog.SignedCheckpoint) (*Finding, error) {
	log, ok := p.Log(copied.Key())
	if !ok || c.Size >= kept.Size {
		return nil, nil
	}
	unseen, ok := p.UnseenBefore(log, c)
	if !ok {
		return nil, nil
	}
	r, err := copied.Registered(c.Size)
	if err != nil || unseen <= r.Time+rules.Skew {
		return nil, err
	}
	hashes, err := tlog.InclusionProof(copied.Tile, c.Size, kept.Size)
	if err != nil {
		return nil, err
	}
	entry := record.Entry{Registered: r.Time, Record: r.Record.Bytes()}
	charge := verify.Charge{Rule: verify.Backdating, Checkpoint: c,
		Proofs: []tlog.Proof{{Extra: entry.Bytes(), Index: c.Size, Hashes: hashes, Checkpoint: log.Alone(kept)}}}
	evidence := charge.Bytes()
	b, err := verify.Evidence(p, evidence)
	if err != nil {
		return nil, fmt.Errorf("entry %d is backdated, and the evidence of it does not hold: %w", c.Size, err)
	}
	return &Finding{Rule: verify.Backdating, Index: c.Size, ID: b.ID, Reason: b.Reason, Doubt: b.Doubt, Evidence: evidence}, nil
}
