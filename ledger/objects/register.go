package objects

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// ErrFenced says that another node has the head, or took it meanwhile.
var ErrFenced = errors.New("another node has the head of the log")

// A FencedError is an ErrFenced that says whose head was found.
type FencedError struct {
	Epoch uint64
	Owner string // "" for nobody
	Size  uint64 // entries
}

func fencedBy(h Head) error { return &FencedError{h.Epoch, h.Owner, h.Checkpoint.Size} }

func (e *FencedError) Error() string {
	return fmt.Sprintf("%v: it is of epoch %d and owner %q, with %d entries", ErrFenced, e.Epoch, e.Owner, e.Size)
}

func (e *FencedError) Unwrap() error { return ErrFenced }

// A Register is the one place that says which tree a log has: the object "head" of a
// bucket, which every change replaces under the condition that it is as it was read.
type Register struct {
	Bucket Bucket
	Key    note.Key  // the ledger's
	Random io.Reader // for nonces

	// Trouble is told what the bucket does not take, once for each reason, and without an error
	// when it does again; it may be called at once. Nil for nobody.
	Trouble func(what string, err error)

	news  News
	tries int // of a write; 0 for as many as it takes
}

// Read returns the head, or ErrAbsent where the bucket has no log.
func (r *Register) Read(ctx context.Context) (Head, Version, error) {
	b, v, err := r.get(ctx, HeadName, MaxHead)
	if err != nil {
		return Head{}, "", noLog(err)
	}
	h, err := ParseHead(b)
	return h, v, r.ours(h, err)
}

// noLog says of a head that could not be read what it means that it is not there.
func noLog(err error) error {
	if errors.Is(err, ErrAbsent) {
		return fmt.Errorf("the bucket has no log, or the name is not its: %s: %w", HeadName, err)
	}
	return fmt.Errorf("%s: %w", HeadName, err)
}

// Peek returns the head without its batch.
func (r *Register) Peek(ctx context.Context) (Head, Version, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	b, v, err := r.Bucket.Peek(ctx, HeadName, maxText+len("\n\n"))
	if err != nil {
		return Head{}, "", noLog(err)
	}
	h, err := parsePeeked(b)
	return h, v, r.ours(h, err)
}

// ErrOther says that the log in a bucket is that of another ledger.
var ErrOther = errors.New("the bucket has the log of another ledger")

func (r *Register) ours(h Head, err error) error {
	if err == nil && h.Ledger != r.Key {
		return fmt.Errorf("%w: of %s, not of %s", ErrOther, h.Ledger, r.Key)
	}
	return err
}

// nonce returns one that nobody has used.
func (r *Register) nonce() (n Nonce, err error) {
	_, err = io.ReadFull(r.Random, n[:])
	return n, err
}

// swap replaces the head that was of that version and nonce by next, which gets a nonce,
// and returns when it is known to be there. The error is ErrFenced where another is, or that
// of ctx, or says that there were enough tries: then it may be there, or come later.
//
// What the bucket answers is believed where it says that the swap was carried out. Where it
// says that it was not, or nothing, the head is read: a request may have been carried out
// twice, and then the second's answer is that the first changed the object.
func (r *Register) swap(ctx context.Context, next *Head, was Nonce, v Version) (Version, error) {
	var err error
	if next.Nonce, err = r.nonce(); err != nil {
		return "", err
	}
	body := next.Bytes()
	if len(body) > MaxHead || next.batch > maxBatch {
		return "", fmt.Errorf("a head of %d bytes and %d entries is none: at most %d and %d may be", len(body), next.batch, MaxHead, maxBatch)
	}
	p := tries{register: r, what: HeadName}
	for {
		now, err := once(ctx, func(ctx context.Context) (Version, error) { return r.Bucket.Swap(ctx, HeadName, v, body) })
		if err == nil {
			r.well(HeadName)
			return now, nil
		}
		for {
			h, now, failed := r.Peek(ctx)
			switch {
			case failed == nil && h.Nonce == next.Nonce:
				r.well(HeadName)
				return now, nil
			case failed == nil && h.Nonce != was:
				return "", fencedBy(h)
			case errors.Is(failed, ErrAbsent):
				return "", &goneError{failed}
			}
			why := errors.Join(err, failed)
			if ended := p.wait(ctx, why); ended != nil {
				return "", fmt.Errorf("%w; whether the head was changed is not known: %w", ended, why)
			}
			if failed == nil {
				v = now // of the same bytes, by their nonce: what a write was told may be wrong
				break   // as it was: the same once more
			}
		}
	}
}

// get makes one request for an object.
func (r *Register) get(ctx context.Context, name string, most int) ([]byte, Version, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return r.Bucket.Get(ctx, name, most)
}

// Begin makes the head of a log with no owner, where the bucket has none: that of a tree
// whose tiles and bundles are there. Where it is not known whether it was made, it is asked
// for again.
func (r *Register) Begin(ctx context.Context, tree tlog.Checkpoint, time int64, state State) error {
	h := Head{Epoch: 1, State: state, Time: time, Ledger: r.Key, Checkpoint: tree}
	var err error
	if h.Nonce, err = r.nonce(); err != nil {
		return err
	}
	p := tries{register: r, what: HeadName}
	for {
		_, err := once(ctx, func(ctx context.Context) (Version, error) { return r.Bucket.Create(ctx, HeadName, h.Bytes()) })
		if err == nil {
			r.well(HeadName)
			return nil
		}
		if have, _, failed := r.Peek(ctx); failed == nil {
			if have.Nonce == h.Nonce {
				r.well(HeadName)
				return nil
			}
			return fmt.Errorf("%s: %w: a log of %s with %d entries", HeadName, ErrExists, have.Checkpoint.Origin, have.Checkpoint.Size)
		}
		if ended := p.wait(ctx, err); ended != nil {
			return fmt.Errorf("%w; whether the head was made is not known: %w", ended, err)
		}
	}
}

// Published returns the checkpoint that readers find, which the ledger signed, with its version; of
// the empty version where there is none yet.
func (r *Register) Published(ctx context.Context) (tlog.SignedCheckpoint, Version, error) {
	b, v, err := r.get(ctx, CheckpointName, note.MaxSize)
	if errors.Is(err, ErrAbsent) {
		return tlog.SignedCheckpoint{}, "", nil
	}
	if err != nil {
		return tlog.SignedCheckpoint{}, "", fmt.Errorf("%s: %w", CheckpointName, err)
	}
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		return tlog.SignedCheckpoint{}, "", fmt.Errorf("%s: %w", CheckpointName, err)
	}
	if err := store.CheckSigner(r.Key, c); err != nil {
		return tlog.SignedCheckpoint{}, "", fmt.Errorf("%s: %w", CheckpointName, err)
	}
	return c, v, nil
}
