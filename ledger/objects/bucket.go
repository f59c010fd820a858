package objects

import (
	"context"
	"errors"
	"time"
)

// Answers of a [Bucket] that say for certain what it did. After every other error a
// request that writes may have been carried out, or may yet be.
var (
	ErrAbsent  = errors.New("there is no such object")
	ErrExists  = errors.New("there is an object of that name")
	ErrChanged = errors.New("the object is not of that version any more")
)

// ErrDenied says that a store lets nobody in by this key, or not to this: to ask again is of no
// use before somebody has looked after it. What a request did that was sent before is as
// unknown as after any other error.
var ErrDenied = errors.New("the key may not do that in this bucket")

// A Version is what a bucket calls the bytes of an object as they are: its ETag, without
// quotes. It may be the same again when the bytes are.
type Version string

// A Bucket keeps objects under names. Writes are seen by all reads that begin after they
// were answered, and of those that name one version one is carried out. A write that was
// given up may be carried out as long as its condition holds. Its methods may be called at
// once.
type Bucket interface {
	// Get returns an object of at most so many bytes, or ErrAbsent.
	Get(ctx context.Context, name string, most int) ([]byte, Version, error)

	// Peek returns the first bytes of an object, at most so many, or ErrAbsent.
	Peek(ctx context.Context, name string, most int) ([]byte, Version, error)

	// Create puts an object where there is none; else the error is ErrExists.
	Create(ctx context.Context, name string, b []byte) (Version, error)

	// Swap replaces an object of that version; else the error is ErrChanged, or ErrAbsent.
	Swap(ctx context.Context, name string, v Version, b []byte) (Version, error)

	// List returns names that begin so, in the order of their bytes, behind after: at most
	// so many.
	List(ctx context.Context, prefix, after string, most int) ([]string, error)

	// Delete removes an object; that there is none is no error.
	Delete(ctx context.Context, name string) error
}

// Times of requests.
const (
	// requestTime is for how long one request is waited for. Longer than a batch of four
	// megabytes takes; what takes longer is asked about again.
	requestTime = 10 * time.Second

	firstPause = 25 * time.Millisecond // before what failed is tried again
	maxPause   = 2 * time.Second       // it doubles up to here
)

// A pause between two tries of the same.
type pause time.Duration

// wait waits, twice as long each time, until ctx ends, which is the error.
func (p *pause) wait(ctx context.Context) error {
	*p = max(pause(firstPause), min(*p*2, pause(maxPause)))
	t := time.NewTimer(time.Duration(*p))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A turn is a mutex that is held over requests. Who waits for it waits for a channel, so
// that the clock of a test goes on (testing/synctest).
type turn chan struct{}

func (t turn) Lock()   { t <- struct{}{} }
func (t turn) Unlock() { <-t }

func (t turn) TryLock() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

// once makes one request, for which it waits so long and no longer.
func once[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return f(ctx)
}

// certain says whether an error of a bucket is an answer.
func certain(err error) bool {
	return errors.Is(err, ErrAbsent) || errors.Is(err, ErrExists) || errors.Is(err, ErrChanged)
}
