package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/store"
)

// A batch of [Cut], as of an audit.
const (
	cutBatch      = 4096
	cutBatchBytes = 4 << 20
)

// Cut makes a copy that has what another shows, and nothing that it has read beyond. It
// is in a directory that is new or empty, and is open. It remembers how far the ledger
// had gone, as the other does.
func Cut(ctx context.Context, s *store.Store, to store.Config) (*store.Store, error) {
	shown, ok := s.Shown()
	if !ok {
		return nil, errors.New("the copy shows nothing yet")
	}
	out, err := store.OpenCopy(to)
	if err != nil {
		return nil, err
	}
	if err := cut(ctx, s, out, shown); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

func cut(ctx context.Context, s, out *store.Store, shown store.Head) error {
	for size := out.Head().Checkpoint.Size; size < shown.Checkpoint.Size; size = out.Head().Checkpoint.Size {
		b := out.NewBatch()
		for i := size; i < shown.Checkpoint.Size && b.Len() < cutBatch && b.Bytes() < cutBatchBytes; i++ {
			r, err := s.Registered(i)
			if err == nil {
				_, err = b.Append(r.Time, r.Record)
			}
			if err := errors.Join(ctx.Err(), err); err != nil {
				return errors.Join(err, b.Close())
			}
		}
		if err := b.CommitCopy(); err != nil {
			return err
		}
	}
	if root := out.Head().Checkpoint.Root; root != shown.Checkpoint.Root {
		return fmt.Errorf("the %d entries that the copy shows give the root %s, it shows %s", shown.Checkpoint.Size, root, shown.Checkpoint.Root)
	}
	kept, err := s.Kept()
	if err == nil {
		err = out.Keep(kept)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return out.Publish(shown.Checkpoint)
}
