package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// A batch is written when it has as many entries or bytes: few enough for what is
// lost when the process is stopped, and for the memory.
const (
	maxBatch      = 4096
	maxBatchBytes = 4 << 20
)

// replay asks the rules of each entry from an index on, and adds those that break
// none to the copy.
func (a *auditor) replay(from uint64) error {
	r := replayer{a, a.store.NewBatch()}
	read := func(ctx context.Context, n uint64) *bundle { return a.bundle(ctx, n, from) }
	err := a.bundles(from, read, func(b *bundle) error {
		for i := max(from, b.first) - b.first; i < uint64(len(b.entries)); i++ {
			if err := r.entry(b.first+i, b.opened[i], b.entries[i], tlog.Hash(b.leaves[i*tlog.HashSize:])); err != nil {
				return err
			}
		}
		if a.Progress != nil {
			a.Progress(Progress{from, b.first + uint64(len(b.entries)), a.tiles.Size})
		}
		return nil
	})
	// What was judged before it stopped stays judged.
	return errors.Join(err, r.commit(), a.store.Sync())
}

type replayer struct {
	*auditor
	batch *store.Batch
}

func (r *replayer) entry(index uint64, e verify.Entry, raw []byte, leaf tlog.Hash) error {
	err := e.Admit(r.batch, r.store.Key())
	var refusal *rules.Refusal
	switch {
	case errors.As(err, &refusal):
		if err := r.next(); err != nil {
			return err
		}
		return r.breach(index, e, raw)
	case err != nil:
		return fmt.Errorf("entry %d: %w", index, err)
	}
	if _, err := r.batch.AppendRead(raw, leaf, e.Registered, e.Record); err != nil {
		return err
	}
	if r.batch.Len() < maxBatch && r.batch.Bytes() < maxBatchBytes {
		return nil
	}
	return r.next()
}

// next writes the batch and begins another.
func (r *replayer) next() error {
	err := r.commit()
	r.batch = r.store.NewBatch()
	return err
}

func (r *replayer) commit() error {
	if r.batch.Len() == 0 {
		return r.batch.Close()
	}
	return r.batch.CommitCopy()
}
