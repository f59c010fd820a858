package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// ErrUnsettled says that the head has entries that are not public yet. A node that leads
// puts them there.
var ErrUnsettled = errors.New("the head of the log has entries that are not public yet")

// ErrLeft says that a log went into the bucket and left it since, for another place.
var ErrLeft = errors.New("the log went into the bucket and left it since")

// ErrLed says that a node leads the log: it changed the head while somebody watched.
var ErrLed = errors.New("a node leads the log")

// watchPause is the time between two looks at a head that is watched.
const watchPause = time.Second

// Tries, with a pause before each that grows to [maxPause].
const (
	freezeTries = 20 // to freeze a head that a leader changes meanwhile
	readTries   = 8  // to read what may not be the log's: some seconds
)

// Fill puts all tiles and bundles of a tree of the store, and returns when they are there. It may
// be made again: what is there is compared. The errors are those of putting a batch, or say that
// the bucket does not take an object.
func (r *Register) Fill(ctx context.Context, s *store.Store, head store.Head) error {
	return r.bounded().put(ctx, s, 0, head, func(context.Context) error { return nil })
}

// Show has the object "checkpoint" be c, in a bucket in which nobody leads. What is there is
// absent, or of a tree with which that of c begins, of which begins makes sure.
func (r *Register) Show(ctx context.Context, c tlog.SignedCheckpoint, begins func(tlog.Checkpoint) error) error {
	var p pause
	for try := 1; ; try++ {
		have, v, err := r.publishedOnce(ctx)
		switch {
		case err != nil:
		case v == "":
			_, err = once(ctx, func(ctx context.Context) (Version, error) { return r.Bucket.Create(ctx, CheckpointName, c.Bytes()) })
		case bytes.Equal(have.Bytes(), c.Bytes()):
			return nil
		default:
			if err := begins(have.Checkpoint); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrDiffers, CheckpointName, err)
			}
			_, err = once(ctx, func(ctx context.Context) (Version, error) { return r.Bucket.Swap(ctx, CheckpointName, v, c.Bytes()) })
		}
		if err == nil {
			return nil
		}
		if try == readTries || p.wait(ctx) != nil {
			return fmt.Errorf("%s: no answer in %d tries: %w", CheckpointName, try, err)
		}
	}
}

func (r *Register) publishedOnce(ctx context.Context) (tlog.SignedCheckpoint, Version, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return r.Published(ctx)
}

// As returns the register with that nonce for its next change, and no other: a change that is
// made again, by a process that does not know what became of the first, is the same.
func (r *Register) As(n Nonce) *Register {
	again := r.bounded()
	again.Random = bytes.NewReader(n[:])
	return again
}

// Enter makes the head of a log that came from elsewhere, under one nonce. It takes the place of
// that head alone whose nonce is after, which says that the log has left, with a tree with which
// this one begins, of which begins makes sure; of none, where after is the zero nonce. It may be
// made again: what came into the bucket by it, and left it since, does not come once more. All
// else of the log is in the bucket.
func (r *Register) Enter(ctx context.Context, n, after Nonce, tree tlog.Checkpoint, time int64, state State, begins func(tlog.Checkpoint) error) error {
	h, v, err := r.settled(ctx)
	switch {
	case errors.Is(err, ErrAbsent) && after == Nonce{}:
		return r.As(n).Begin(ctx, tree, time, state)
	case err != nil:
		return err
	case h.Nonce == n:
		return nil
	case h.State == Moved && h.Nonce != after:
		return fmt.Errorf("%w: it was to follow the head %s, there is %s", ErrLeft, after, h.Nonce)
	case h.State != Moved:
		return fmt.Errorf("%s: %w: a log of %s with %d entries, %s", HeadName, ErrExists, h.Checkpoint.Origin, h.Checkpoint.Size, h.State)
	}
	if err := begins(h.Checkpoint); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDiffers, HeadName, err)
	}
	next := Head{Epoch: h.Epoch + 1, State: state, Time: time, Ledger: r.Key, Checkpoint: tree}
	_, err = r.As(n).swap(ctx, &next, h.Nonce, v)
	return err
}

// settled reads the head until there is an answer.
func (r *Register) settled(ctx context.Context) (Head, Version, error) {
	var p pause
	for try := 1; ; try++ {
		h, v, err := func() (Head, Version, error) {
			ctx, cancel := context.WithTimeout(ctx, requestTime)
			defer cancel()
			return r.Read(ctx)
		}()
		if err == nil || errors.Is(err, ErrAbsent) || errors.Is(err, ErrOther) {
			return h, v, err
		}
		if try == readTries || p.wait(ctx) != nil {
			return Head{}, "", fmt.Errorf("no answer in %d tries: %w", try, err)
		}
	}
}

// Leave says under one nonce that the log goes on elsewhere, with the tree that the head
// has, which h is as it was read, of that version. From then on nobody leads it here. The
// error is ErrFenced where the head was changed meanwhile.
func (r *Register) Leave(ctx context.Context, n Nonce, h Head, v Version) error {
	next := h.with(nil)
	next.Epoch, next.Owner, next.State = h.Epoch+1, "", Moved
	_, err := r.As(n).swap(ctx, &next, h.Nonce, v)
	return err
}

// Freeze has a log register nothing any more, for ever, and returns its tree. A node that leads
// is fenced by it. The error is ErrUnsettled where nobody has made public what the head has.
func (r *Register) Freeze(ctx context.Context) (tlog.Checkpoint, error) {
	var p pause
	for try := 1; ; try++ {
		h, err := r.freeze(ctx)
		if err == nil {
			return h.Checkpoint, nil
		}
		if !errors.Is(err, ErrUnsettled) && !errors.Is(err, ErrFenced) || try == freezeTries {
			return h.Checkpoint, err
		}
		if ended := p.wait(ctx); ended != nil {
			return h.Checkpoint, fmt.Errorf("%w: %w", ended, err)
		}
	}
}

func (r *Register) freeze(ctx context.Context) (Head, error) {
	h, v, err := r.Quiet(ctx)
	switch {
	case err != nil:
		return h, err
	case h.State == Moved:
		return h, errors.New("the log has left this bucket, and nothing was frozen: freeze it where it went")
	case h.State == Frozen:
		return h, nil
	}
	next := h.with(nil)
	next.Epoch, next.Owner, next.State = h.Epoch+1, "", Frozen
	_, err = r.bounded().swap(ctx, &next, h.Nonce, v)
	return h, err
}

// Quiet returns the head where all that it has is public; else the error is ErrUnsettled. Of a log
// that left, the head alone counts: what is public may be of a later run that brings it back.
func (r *Register) Quiet(ctx context.Context) (Head, Version, error) {
	h, v, err := r.settled(ctx)
	if err == nil {
		err = r.public(ctx, h)
	}
	return h, v, err
}

func (r *Register) public(ctx context.Context, h Head) error {
	c, _, err := r.publishedOnce(ctx)
	if err == nil && h.State != Moved && h.Checkpoint.Size > 0 && c.Checkpoint != h.Checkpoint {
		err = fmt.Errorf("%w: it has %d, and %d are", ErrUnsettled, h.Checkpoint.Size, c.Size)
	}
	return err
}

// Unled is Quiet for a log that nobody leads: the head has no owner, or has the nonce seen, or
// nobody has changed it for so long by the timers of this process, as a leader does. Else the
// error is ErrLed, also where the owner is one that has just begun.
func (r *Register) Unled(ctx context.Context, seen Nonce, after time.Duration) (Head, Version, error) {
	h, v, err := r.settled(ctx)
	if err == nil && h.Owner != "" && h.Nonce != seen {
		h, v, err = r.watch(ctx, h, v, after)
	}
	if err == nil {
		err = r.public(ctx, h)
	}
	return h, v, err
}

// watch looks at a head for so long and once more, or until it changes. It returns the one that is
// there then, which has no owner or is the same; else the error is ErrLed.
func (r *Register) watch(ctx context.Context, h Head, v Version, after time.Duration) (Head, Version, error) {
	over, tick := time.NewTimer(after), time.NewTicker(watchPause)
	defer over.Stop()
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-ctx.Done():
			return h, v, ctx.Err()
		case <-over.C:
			last = true
		case <-tick.C:
		}
		now, _, err := r.Peek(ctx)
		switch {
		case err == nil && now.Nonce == h.Nonce, err != nil && !last:
			continue
		case err == nil && now.Owner != "":
			return now, "", fmt.Errorf("%w: %s changed the head, which is of epoch %d and has %d entries", ErrLed, now.Owner, now.Epoch, now.Checkpoint.Size)
		}
		// It has no owner any more, or did not answer at last.
		was := h.Nonce
		if h, v, err = r.settled(ctx); err == nil && h.Owner != "" && h.Nonce != was {
			err = fmt.Errorf("%w: %s took it, in epoch %d", ErrLed, h.Owner, h.Epoch)
		}
		return h, v, err
	}
	return h, v, nil
}
