package verify

import (
	"bytes"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// ContradictionEvidence returns evidence of a [Contradiction] among the items, which
// [Evidence] takes: of two trees of one size, of two entries of one index, or of a record
// that is two entries of one tree. It is nil where there is no contradiction, and where
// the receipts alone do not show one in that form: a record that is an entry of two
// trees may be an entry of two histories, and which rule was broken, nobody can tell
// without the rest of the log.
func ContradictionEvidence(items []Item) []byte {
	for a, b := range contradictions(items) {
		charge := a.charge(b)
		if charge == nil {
			continue
		}
		evidence := charge.Bytes()
		p := &Policy{Logs: []Log{a.reg.Checkpoint.Log}, Quorum: NoQuorum}
		if breach, err := Evidence(p, evidence); err == nil && breach.Verdict == Yes {
			return evidence
		}
	}
	return nil
}

// charge returns what another value of the same subject proves, nil for nothing.
func (c claim) charge(other claim) *Charge {
	switch {
	case c.tree != nil:
		return &Charge{
			Rule: Fork, Root: other.tree.Root, Checkpoint: c.tree.Log.Alone(c.tree.SignedCheckpoint),
			Consistency: tlog.Consistency{Old: c.tree.Size, Checkpoint: other.tree.Log.Alone(other.tree.SignedCheckpoint)},
		}
	case c.offence == twoPasts:
		return &Charge{Rule: Fork, Proofs: []tlog.Proof{c.reg.alone(), other.reg.alone()}}
	}
	early, late := c.reg.alone(), other.reg.alone()
	if early.Index > late.Index {
		early, late = late, early
	}
	if !bytes.Equal(early.Checkpoint.Bytes(), late.Checkpoint.Bytes()) {
		return nil
	}
	return &Charge{Rule: rules.Once, Proofs: []tlog.Proof{late, early}}
}

// alone returns the receipt's proof under no other line than one of the log.
func (r *Registration) alone() tlog.Proof {
	return tlog.Proof{
		Extra: record.Entry{Registered: r.Registered, Record: r.Record.Bytes()}.Bytes(), Index: r.Index, Hashes: r.hashes,
		Checkpoint: r.Checkpoint.Log.Alone(r.Checkpoint.SignedCheckpoint),
	}
}
