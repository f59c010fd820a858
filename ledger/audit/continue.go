package audit

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// continues proves that the ledger's checkpoint continues the one that was kept and
// the copy, and keeps it instead.
func (a *auditor) continues(c *verify.Checkpoint) error {
	kept, err := a.store.Kept()
	fresh := errors.Is(err, store.ErrNotFound)
	if err != nil && !fresh {
		return err
	}
	if !fresh && c.Size < kept.Size {
		return a.wentBack(c.SignedCheckpoint, kept)
	}
	if !fresh {
		root, err := a.tiles.rootAt(kept.Size)
		if err != nil {
			return err
		}
		if root != kept.Root {
			return a.forked(kept, c.SignedCheckpoint, a.tiles, root)
		}
	}
	head := a.store.Head().Checkpoint
	root, err := a.tiles.rootAt(head.Size)
	if err != nil {
		return err
	}
	if root != head.Root {
		return fmt.Errorf("the copy has the root %s at size %d, the ledger's tree has %s there, and continues the one that was copied: the copy is damaged",
			head.Root, head.Size, root)
	}
	if !fresh && c.Size == kept.Size {
		return nil
	}
	return a.store.Keep(c.SignedCheckpoint)
}

// wentBack tells an old checkpoint from one of another history. An old one is signed
// for ever: that the ledger shows it is nothing that others could be shown.
func (a *auditor) wentBack(c, kept tlog.SignedCheckpoint) error {
	known := a.tilesOf(kept.Checkpoint)
	if a.store.Head().Checkpoint.Size == kept.Size {
		known.fetch = a.store.Tile
	}
	root, err := known.rootAt(c.Size)
	if err != nil {
		return fmt.Errorf("the ledger shows a checkpoint of %d entries after one of %d, and whether it is an old one cannot be said: %w", c.Size, kept.Size, err)
	}
	if root != c.Root {
		return a.forked(c, kept, known, root)
	}
	return found(Behind, c.Size, "the ledger shows a checkpoint of %d entries, and has signed one of %d before: this one is old, or the ledger has lost entries", c.Size, kept.Size)
}

// forked returns what two checkpoints show of which the larger, whose tiles these
// are, does not begin with the smaller: there its root is another.
func (a *auditor) forked(small, large tlog.SignedCheckpoint, tiles *tiles, root tlog.Hash) error {
	hashes, err := tlog.ConsistencyProof(tiles.read, small.Size, large.Size)
	if err != nil {
		return err
	}
	return a.charge(&Finding{Rule: verify.Fork, Index: small.Size}, &verify.Charge{
		Rule: verify.Fork, Root: root, Checkpoint: a.alone(small),
		Consistency: tlog.Consistency{Old: small.Size, Hashes: hashes, Checkpoint: a.alone(large)},
	})
}
