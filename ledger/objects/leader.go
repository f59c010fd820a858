package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// A Leader is the node that has the head: a ledger.Storage. Its store has the tree of the
// head, but for the batch that another left ([Leader.Batch]).
//
// Whatever ends it, it changes the head no more, and what it did not answer may have become
// the log's all the same: whoever leads next goes on from what the register says.
type Leader struct {
	register *Register
	store    *store.Store
	ctx      context.Context // of all requests
	cancel   context.CancelFunc
	epoch    uint64 // of the head, as long as it is this leader's
	frozen   bool   // likewise

	mu      turn // one change of the bucket at a time
	head    Head // as it is in the bucket, while nothing failed
	version Version
	clock   func() time.Time
	shown   tlog.SignedCheckpoint // what "checkpoint" had last
	shownAs Version               // "" where it is not there
	sweep   sweep

	swapped atomic.Pointer[time.Time] // when the last change of the head was begun, by clock
	nonce   atomic.Pointer[Nonce]     // of the head, for who has not the turn
	asked   questions                 // of Confirm

	failed  chan struct{}
	failing sync.Once
	err     error // set before failed is closed
}

// Take makes the caller the owner of the log, in the place of whom the head names: which was
// read as h, of that version, and has its batch. The store is a ledger's own, and has all
// before the batch, or all. The error is ErrFenced where the head is another by now.
func (r *Register) Take(ctx context.Context, s *store.Store, h Head, v Version, owner string, clock func() time.Time) (*Leader, error) {
	switch size := s.Head().Checkpoint.Size; {
	case len(h.Batch) != h.batch:
		return nil, fmt.Errorf("the head was read without the %d entries of its batch", h.batch)
	case h.State == Moved:
		return nil, errors.New("the log goes on elsewhere: nobody leads it in this bucket any more")
	case size != h.Before() && size != h.Checkpoint.Size:
		return nil, fmt.Errorf("the store has %d entries, the head is of %d with %d of them in its batch", size, h.Checkpoint.Size, len(h.Batch))
	}
	if err := CheckOwner(owner); err != nil {
		return nil, err
	}
	l := &Leader{mu: make(turn, 1), register: r, store: s, clock: clock, sweep: sweep{register: r}, failed: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	was := h.Nonce
	l.head = h
	l.head.Epoch, l.head.Owner = h.Epoch+1, owner
	l.epoch, l.frozen = l.head.Epoch, h.State == Frozen
	begun := clock()
	var err error
	if l.version, err = r.swap(ctx, &l.head, was, v); err != nil {
		l.cancel()
		return nil, err
	}
	l.changed(begun)
	if err := l.readShown(ctx); err != nil {
		l.cancel()
		return nil, err
	}
	// From one tile before: whoever had the head may have been cut short there.
	l.sweep.done = max(l.shown.Size, h.Before(), tlog.MaxWidth) - tlog.MaxWidth
	go func() {
		select {
		case <-s.Failed():
			l.fail(s.Err())
		case <-l.ctx.Done():
		}
	}()
	return l, nil
}

// readShown reads what is public, until ctx ends: the head is this leader's by now, and
// nobody else would lead for a while.
func (l *Leader) readShown(ctx context.Context) error {
	var p pause
	for {
		_, err := once(ctx, func(ctx context.Context) (_ tlog.SignedCheckpoint, err error) {
			l.shown, l.shownAs, err = l.register.Published(ctx)
			return l.shown, err
		})
		if err == nil {
			return nil
		}
		if ended := p.wait(ctx); ended != nil {
			return fmt.Errorf("%w: %w", ended, err)
		}
	}
}

// Batch returns the entries that the head has and the store has not, and the checkpoint of
// the tree that they make.
func (l *Leader) Batch() ([][]byte, tlog.Checkpoint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.store.Head().Checkpoint.Size == l.head.Checkpoint.Size {
		return nil, l.head.Checkpoint
	}
	return l.head.Batch, l.head.Checkpoint
}

// Settle puts the tiles and bundles of the head's batch, once the store has it: they may
// be there already, or some of them. It is to be called before the first Commit.
func (l *Leader) Settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.same(l.store.Head().Checkpoint.Checkpoint); err != nil {
		return l.fail(err)
	}
	return l.settle()
}

func (l *Leader) settle() error {
	if err := l.register.put(l.ctx, l.store, l.head.Before(), l.store.Head(), l.still); err != nil {
		return l.fail(err)
	}
	return nil
}

// same says whether a tree of the store is that of the head.
func (l *Leader) same(c tlog.Checkpoint) error {
	if c != l.head.Checkpoint {
		return fmt.Errorf("%w: the head is of %d entries and root %s, the store has %d and %s",
			ErrDiffers, l.head.Checkpoint.Size, l.head.Checkpoint.Root, c.Size, c.Root)
	}
	return nil
}

// Commit swaps the head for one of the tree of the batch, which is the log's from then on;
// then it is signed, written to the store, and its tiles and bundles are put.
func (l *Leader) Commit(b *store.Batch, sign func() (tlog.SignedCheckpoint, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := l.next(b)
	if err != nil {
		return errors.Join(err, b.Close())
	}
	if err := l.swap(next); err != nil {
		return errors.Join(err, b.Close())
	}
	c, err := sign()
	if err != nil {
		return errors.Join(l.fail(err), b.Close())
	}
	if err := b.Commit(c); err != nil {
		return l.fail(err)
	}
	return l.settle()
}

// next returns the head with the tree of a batch that goes on from the head.
func (l *Leader) next(b *store.Batch) (Head, error) {
	if err := l.Err(); err != nil {
		return Head{}, err
	}
	if err := l.same(l.store.Head().Checkpoint.Checkpoint); err != nil {
		return Head{}, l.fail(err)
	}
	// Whoever takes over reads what is before a batch by what is public.
	if l.head.Checkpoint.Size > 0 && l.shown.Checkpoint != l.head.Checkpoint {
		return Head{}, l.fail(fmt.Errorf("a batch after %d entries, of which %d are public", l.head.Checkpoint.Size, l.shown.Size))
	}
	if l.head.State != Open {
		return Head{}, fmt.Errorf("the log is %s", l.head.State)
	}
	entries, err := b.Entries()
	if err != nil {
		return Head{}, err
	}
	next := l.head.with(entries)
	next.Time = b.LastTime()
	next.Checkpoint, err = b.Checkpoint()
	return next, err
}

// swap replaces the head. An error ends the leader.
func (l *Leader) swap(next Head) error {
	begun := l.clock()
	v, err := l.register.swap(l.ctx, &next, l.head.Nonce, l.version)
	if err != nil {
		return l.fail(err)
	}
	l.head, l.version = next, v
	l.changed(begun)
	return nil
}

// changed takes in that the head is one of this leader's, by a change that began then.
func (l *Leader) changed(begun time.Time) {
	nonce := l.head.Nonce
	l.nonce.Store(&nonce)
	l.swapped.Store(&begun)
	l.asked.darkens(false)
}

// Beat changes the head, so that the other nodes see who works, unless it was changed less
// than so long ago, or is being changed. The error is why the leader has ended.
func (l *Leader) Beat(after time.Duration) error {
	if !l.mu.TryLock() {
		return l.Err()
	}
	defer l.mu.Unlock()
	if err := l.Err(); err != nil || l.clock().Sub(l.Swapped()) < after {
		return err
	}
	return l.swap(l.bare())
}

// Swapped returns when the last change of the head that was carried out began, by the
// clock of the leader. It waits for nothing.
func (l *Leader) Swapped() time.Time { return *l.swapped.Load() }

// Resign says that nobody has the log, so that another node need not wait. It ends the
// leader, and is for who has closed its Log.
func (l *Leader) Resign() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Err(); err != nil {
		return err
	}
	next := l.bare()
	next.Owner = ""
	err := l.swap(next)
	l.cancel()
	return err
}

// bare returns the head without what has become public by other objects.
func (l *Leader) bare() Head {
	if l.shown.Checkpoint == l.head.Checkpoint {
		return l.head.with(nil)
	}
	return l.head
}

// Publish replaces the object "checkpoint", which readers find, and tells the store. It never
// takes the place of one of a larger tree.
func (l *Leader) Publish(c tlog.SignedCheckpoint) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Err(); err != nil {
		return err
	}
	if err := l.show(c); err != nil {
		return l.fail(err)
	}
	if err := l.store.Publish(c); err != nil {
		return l.fail(err)
	}
	l.sweep.to(l.ctx, c.Size)
	return nil
}

func (l *Leader) show(c tlog.SignedCheckpoint) error {
	body := c.Bytes()
	p := tries{register: l.register, what: CheckpointName}
	for {
		if l.shownAs != "" && bytes.Equal(l.shown.Bytes(), body) {
			l.register.well(CheckpointName)
			return nil
		}
		if c.Size < l.shown.Size {
			return fmt.Errorf("%w: %s is of %d entries, and not replaced by %d", ErrFenced, CheckpointName, l.shown.Size, c.Size)
		}
		v, err := once(l.ctx, func(ctx context.Context) (Version, error) {
			if l.shownAs == "" {
				return l.register.Bucket.Create(ctx, CheckpointName, body)
			}
			return l.register.Bucket.Swap(ctx, CheckpointName, l.shownAs, body)
		})
		if err == nil {
			l.shown, l.shownAs = c, v
			l.register.well(CheckpointName)
			return nil
		}
		if err := l.look(); err != nil {
			return err
		}
		if ended := p.wait(l.ctx, err); ended != nil {
			return fmt.Errorf("%s: %w: %w", CheckpointName, ended, err)
		}
	}
}

// look reads what is public now, and whether the head is still this leader's.
func (l *Leader) look() error {
	c, v, err := l.register.Published(l.ctx)
	if err != nil {
		return nil // it is tried again
	}
	l.shown, l.shownAs = c, v
	if err := l.still(l.ctx); err != nil {
		return fmt.Errorf("%w; %s is of %d entries", err, CheckpointName, c.Size)
	}
	return nil
}

// still returns ErrFenced where the head is seen to be this leader's no more. What cannot be
// read says nothing.
func (l *Leader) still(ctx context.Context) error {
	if err := l.holds(ctx); errors.Is(err, ErrFenced) {
		return err
	}
	return nil
}

// holds returns nil where the head is seen to be this leader's.
func (l *Leader) holds(ctx context.Context) error {
	h, _, err := l.register.Peek(ctx)
	if err == nil && h.Nonce != l.head.Nonce {
		err = fencedBy(h)
	}
	return err
}

// Lost returns ErrFenced where the head is seen to be of another epoch: this leader's it is no
// more then. It waits for nothing else that the leader does.
func (l *Leader) Lost(ctx context.Context) error {
	h, _, err := l.register.Peek(ctx)
	if err == nil && h.Epoch != l.epoch {
		return fencedBy(h)
	}
	return nil
}

// Frozen says whether nothing is registered in the log any more, for good.
func (l *Leader) Frozen() bool { return l.frozen }

// Epoch returns which owner of the log this one is.
func (l *Leader) Epoch() uint64 { return l.epoch }

// Failed returns a channel that is closed when the leader has ended, or its store.
func (l *Leader) Failed() <-chan struct{} { return l.failed }

// Err returns why, once Failed is closed.
func (l *Leader) Err() error {
	select {
	case <-l.failed:
		return l.err
	default:
		return nil
	}
}

// fail ends the leader, and returns why it ended at first.
func (l *Leader) fail(err error) error {
	l.failing.Do(func() {
		l.err = err
		close(l.failed)
		l.cancel()
	})
	return l.err
}

// ErrClosed is why a leader ended that was closed.
var ErrClosed = errors.New("the leader was closed")

// Close ends all requests. It is for who has closed the Log, or cannot: as long as the bucket
// does not answer, the Log has records of which nobody knows what becomes.
func (l *Leader) Close() {
	l.fail(ErrClosed)
}
