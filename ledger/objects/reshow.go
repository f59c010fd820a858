package objects

import (
	"context"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// Shown returns what this leader knows that readers find.
func (l *Leader) Shown() tlog.Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shown.Checkpoint
}

// Reshow puts the object "checkpoint" there as it was, where it is gone, and says whether it did: who
// has the head, as it reads, knows what readers found last, so that they find nothing smaller. What
// cannot be read or put now is tried by the next.
func (l *Leader) Reshow() (bool, error) {
	// First without the turn: no batch waits for a slow store.
	if gone, err := l.gone(); !gone || err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Err(); err != nil || l.shownAs == "" {
		return false, err
	}
	if err := l.holds(l.ctx); err != nil {
		return false, err
	}
	v, err := once(l.ctx, func(ctx context.Context) (Version, error) {
		return l.register.Bucket.Create(ctx, CheckpointName, l.shown.Bytes())
	})
	if err != nil {
		return false, err
	}
	l.shownAs = v
	return true, nil
}

func (l *Leader) gone() (bool, error) {
	_, v, err := l.register.publishedOnce(l.ctx)
	return err == nil && v == "", err
}
