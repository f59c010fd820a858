package ledger

import (
	"context"
	"errors"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// A Storage decides which tree the ledger's key may sign next, and keeps it for good. The
// store of a Log has its entries and its state either way; where it is all there is, it
// decides too, with one synced batch. Where several nodes share a log, a register outside
// of them decides, and each node's store follows it (package objects).
//
// All but Confirm, Failed and Err is for the sequencer.
type Storage interface {
	// Commit makes the tree of the batch the log's, and returns when it is: the batch is in
	// the store then, under the checkpoint that sign returns. Sign is asked once that tree
	// can be no other: where others may go on with the log, when it is the log's; where the store
	// is all there is, it may be lost with the process, before anybody has seen it. With an error
	// nothing is the log's, or nobody knows, and then Err says so. Either way the batch is over.
	Commit(b *store.Batch, sign func() (tlog.SignedCheckpoint, error)) error

	// Publish has the checkpoint be the one that all readers find, of a tree that was
	// committed; with more cosignatures it may come again.
	Publish(c tlog.SignedCheckpoint) error

	// Confirm returns nil where the log had no other tree than the one that was committed last, or
	// is being committed, at a moment after the call began: what was said before of what the log
	// has not was true then. With an error nobody knows, or Err says why it is not so.
	Confirm(ctx context.Context) error

	// Failed returns a channel that is closed when nothing may be committed any more.
	Failed() <-chan struct{}

	// Err returns why, once Failed is closed; what was not answered may be registered.
	Err() error
}

// embedded is the storage of a ledger that is one process, with its store.
type embedded struct{ *store.Store }

func (s embedded) Commit(b *store.Batch, sign func() (tlog.SignedCheckpoint, error)) error {
	c, err := sign()
	if err != nil {
		return errors.Join(err, b.Close())
	}
	return b.Commit(c)
}

// Confirm returns nil: nobody else has a part in the log.
func (embedded) Confirm(context.Context) error { return nil }
