package verify

import (
	"bytes"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// judgeEntries judges evidence of a fork that is two proofs: both hold, under
// checkpoints that one log signed, and at one index they have two entries. Of one
// history every tree that has an entry there has the same. Nobody needs a tile of
// either tree for that: two receipts are enough.
func (c *Charge) judgeEntries(p *Policy) (*Breach, error) {
	a, b := c.Proofs[0], c.Proofs[1]
	ledger, err := p.accused(a.Checkpoint, b.Checkpoint)
	if err != nil {
		return nil, err
	}
	for _, proof := range c.Proofs {
		if err := included(proof); err != nil {
			return nil, err
		}
	}
	if bytes.Equal(a.Extra, b.Extra) {
		return nil, failed(StepRule, "entry %d is the same in both trees", a.Index)
	}
	small, large := b.Checkpoint, a.Checkpoint
	if small.Size > large.Size {
		small, large = large, small
	}
	reason := fmt.Sprintf("%s signed two trees: entry %d has the leaf hash %s in one of %d entries, and %s in one of %d",
		large.Origin, a.Index, tlog.LeafHash(a.Extra), a.Checkpoint.Size, tlog.LeafHash(b.Extra), b.Checkpoint.Size)
	return forkOf(ledger, small, large, a.Index, reason), nil
}
