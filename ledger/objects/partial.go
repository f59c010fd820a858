package objects

import (
	"context"
	"fmt"
	"sync"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// A sweep removes partial tiles and bundles that nobody needs any more, as
// c2sp.org/tlog-tiles lets a log do: a lone record writes a bundle of up to 255 that come
// before it, and 255 such bundles for one that is full. It removes those of a tile when
// the one after it is full too, so that readers of the last checkpoints find theirs; others
// cut theirs out of the full one.
//
// It does so beside the work of a leader. What it cannot remove stays, and what arrives late
// stays too: it has the bytes of the log.
type sweep struct {
	register *Register

	mu   sync.Mutex
	done uint64 // for a log of this size all was removed, or tried
	want uint64
	busy bool
}

// to has it remove what a log of that size does not need. It does not wait.
func (s *sweep) to(ctx context.Context, size uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want = max(s.want, size)
	if s.busy || len(spare(s.done, s.want)) == 0 {
		return
	}
	s.busy = true
	go s.run(ctx)
}

func (s *sweep) run(ctx context.Context) {
	for {
		s.mu.Lock()
		from, size := s.done, s.want
		s.busy = from < size && ctx.Err() == nil
		s.done = size
		busy := s.busy
		s.mu.Unlock()
		if !busy {
			return
		}
		for _, t := range spare(from, size) {
			_ = s.register.removePartials(ctx, t) // it costs room, and nothing else
		}
	}
}

// spare returns the full tiles and bundles of which a log of a size does not need the partial
// ones, and one of an earlier size did.
func spare(from, size uint64) (list []tlog.Tile) {
	for level := -1; ; level++ {
		shift := 8 * max(level, 0)
		first, end := (from>>shift)/tlog.MaxWidth, (size>>shift)/tlog.MaxWidth
		if end < 2 {
			return list
		}
		for i := max(first, 1) - 1; i < end-1; i++ {
			list = append(list, tlog.Tile{Level: level, Index: i, Width: tlog.MaxWidth})
		}
	}
}

// removePartials removes the partial tiles of one that is full, where that one is there.
func (r *Register) removePartials(ctx context.Context, full tlog.Tile) error {
	if _, err := r.begins(ctx, full.Path(), 1); err != nil {
		return fmt.Errorf("%s: %w", full.Path(), err)
	}
	names, err := once(ctx, func(ctx context.Context) ([]string, error) {
		return r.Bucket.List(ctx, full.Path()+".p/", "", tlog.MaxWidth)
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		t, err := tlog.ParseTilePath(name)
		if err != nil || t.Level != full.Level || t.Index != full.Index || t.Width == tlog.MaxWidth {
			continue // no log puts it there
		}
		if _, err := once(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, r.Bucket.Delete(ctx, name) }); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
