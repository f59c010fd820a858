package objects

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Bounds of removing what a probe made.
const (
	cleaners   = 16                     // at once
	cleanTime  = 30 * time.Second       // for all, and for each name
	cleanMore  = 100 * time.Millisecond // more, which with so many at once is a store that takes 1.6 s
	cleanTries = 4 * cleaners           // that failed one after the other, before nobody goes on
)

// clean removes what was made. What is left is no fault of a store that is to carry a ledger, and
// is said: it then returns the row that does.
func (p *Probe) clean(ctx context.Context) (t Tried, left bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime+time.Duration(len(p.named))*cleanMore)
	defer cancel()
	var (
		mu                    sync.Mutex
		next, removed, failed int
		why                   error
	)
	take := func() (i int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(p.named) || failed >= cleanTries || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var wait sync.WaitGroup
	for range cleaners {
		wait.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				err := remove(ctx, p.at(i), p.named[i])
				mu.Lock()
				if failed++; err == nil {
					removed, failed = removed+1, 0
				} else {
					why = err
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if removed == len(p.named) {
		return Tried{}, false
	}
	if why == nil {
		why = ctx.Err()
	}
	return Tried{
		What: "remove what was made", Open: true,
		Saw: fmt.Sprintf("%d of %d objects may be left: what begins with %s may be removed (%v)", len(p.named)-removed, len(p.named), p.name, why),
	}, true
}

// remove makes one request to remove an object.
func remove(ctx context.Context, b Bucket, name string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return b.Delete(ctx, name)
}
