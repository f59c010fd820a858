package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// ErrDiffers says that the bucket has a tile or a bundle that is not the log's. Nobody
// leads a log any more whose objects were changed.
var ErrDiffers = errors.New("the bucket has other bytes than the log")

// parallel is how many tiles and bundles are put at once.
const parallel = 16

// added returns the tiles and bundles by which a tree of a size differs from that of an
// earlier one: those of which a reader of the larger asks, each as wide as it is there.
func added(old, size uint64) iter.Seq[tlog.Tile] {
	return func(yield func(tlog.Tile) bool) {
		for level := -1; ; level++ {
			shift := 8 * max(level, 0)
			first, n := old>>shift, size>>shift
			if n == 0 {
				return
			}
			for i := first / tlog.MaxWidth; i*tlog.MaxWidth < n && n > first; i++ {
				if !yield(tlog.Tile{Level: level, Index: i, Width: tlog.TileWidth(level, i, size)}) {
					return
				}
			}
		}
	}
}

// put puts what a tree has beyond an earlier size into the bucket, and returns when all of
// it is there. It is tried until ctx ends, or there were enough tries, or still, which is asked
// where it is trouble, returns an error; the error else is ErrDiffers, or says that the store
// could not be read.
func (r *Register) put(ctx context.Context, s *store.Store, old uint64, head store.Head, still func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	state := s.State(head)
	var wait sync.WaitGroup
	room := make(chan struct{}, parallel)
	for t := range added(old, head.Checkpoint.Size) {
		if ctx.Err() != nil {
			break
		}
		read := state.Tile
		if t.Level < 0 {
			read = state.Bundle
		}
		b, err := read(t)
		if err != nil {
			cancel(fmt.Errorf("%s: %w", t.Path(), err))
			break
		}
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			if err := r.putOne(ctx, t.Path(), b, still); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	err := context.Cause(ctx)
	if err == nil {
		r.well(tilesName)
	}
	return err
}

// putOne puts an object that never changes.
func (r *Register) putOne(ctx context.Context, name string, b []byte, still func(context.Context) error) error {
	p := tries{register: r, what: tilesName}
	for {
		_, err := once(ctx, func(ctx context.Context) (Version, error) { return r.Bucket.Create(ctx, name, b) })
		if err == nil {
			return nil
		}
		if errors.Is(err, ErrExists) {
			have, failed := r.begins(ctx, name, len(b)+1)
			switch {
			case failed == nil && bytes.Equal(have, b):
				return nil
			case failed == nil:
				return fmt.Errorf("%w: %s, which has %d bytes in the log", ErrDiffers, name, len(b))
			}
			err = failed
		}
		if ended := p.wait(ctx, err); ended != nil {
			return fmt.Errorf("%s: %w: %w", name, ended, err)
		}
		if p.many() {
			if err := still(ctx); err != nil {
				return err
			}
		}
	}
}

// begins returns the first bytes of an object, so that one which is too long is seen to be
// another, however long it is.
func (r *Register) begins(ctx context.Context, name string, most int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	b, _, err := r.Bucket.Peek(ctx, name, most)
	return b, err
}
