package ledger

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// Redo appends entries to the store of a Log that is to be opened: those that its Storage
// has beyond the store, because another node committed them. It judges them as an audit
// does, and proves that their tree is the one that is given and goes on from what the
// guard has, before it signs that. Of cfg it uses Store, Guard, Sign, Cosigner and Clock.
func Redo(cfg Config, entries [][]byte, tree tlog.Checkpoint) error {
	batch := cfg.Store.NewBatch()
	checkpoint, err := redo(cfg, batch, entries, tree)
	if err != nil {
		return errors.Join(err, batch.Close())
	}
	return batch.Commit(checkpoint)
}

// SignEmpty returns the signed checkpoint of the empty log, with which every log begins.
// Of cfg it uses Store, Sign, Cosigner and Clock.
func SignEmpty(cfg Config) (tlog.SignedCheckpoint, error) {
	key := cfg.Store.Key()
	return signer{key, cfg.Sign, cfg.Cosigner, cfg.Clock}.checkpoint(tlog.Checkpoint{Origin: key.Name(), Root: tlog.EmptyRoot()})
}

func redo(cfg Config, batch *store.Batch, entries [][]byte, tree tlog.Checkpoint) (tlog.SignedCheckpoint, error) {
	for i, b := range entries {
		if err := again(batch, cfg.Store.Key(), b); err != nil {
			return tlog.SignedCheckpoint{}, fmt.Errorf("entry %d of a batch of %d, which ends at %d: %w", i, len(entries), tree.Size, err)
		}
	}
	c, err := batch.Checkpoint()
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	if c != tree {
		return tlog.SignedCheckpoint{}, fmt.Errorf("with %d entries the tree is of %d and root %s, it has to be of %d and %s", len(entries), c.Size, c.Root, tree.Size, tree.Root)
	}
	last, err := cfg.Guard.Last()
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	if err := batch.Continues(last.Checkpoint); err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("%w: %w", ErrGuard, err)
	}
	return signer{cfg.Store.Key(), cfg.Sign, cfg.Cosigner, cfg.Clock}.checkpoint(c)
}

// again adds an entry as it was registered.
func again(batch *store.Batch, key note.Key, b []byte) error {
	e, err := record.ParseEntry(b)
	if err != nil {
		return err
	}
	if last := batch.LastTime(); e.Registered < last {
		return fmt.Errorf("it is registered at %d, the one before it at %d", e.Registered, last)
	}
	r, err := record.Open(e.Record, note.PublicKey.Verify)
	if err != nil {
		return err
	}
	if err := rules.Admit(batch, key, e.Registered, r); err != nil {
		return err
	}
	_, err = batch.Append(e.Registered, r)
	return err
}
