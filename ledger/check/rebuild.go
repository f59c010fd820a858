package check

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// RebuildConfig says what is made anew, and where.
type RebuildConfig struct {
	Store    store.Config          // FS, Dir and Key, of the store that is there
	Last     tlog.SignedCheckpoint // that the guard has
	Frozen   bool                  // the guard says that the ledger is frozen, of which a copy has no mark
	Dir      string                // of the new store, new or empty
	Progress func(Progress)        // called after each bundle; nil for none
	Log      *slog.Logger          // of the new store; nil for none
}

// A Rebuilt says what the new store has.
type Rebuilt struct {
	Head store.Head
	Copy bool  // the old one was a copy of the log, as a node has it
	Lost error // why it lacks what was published, so that its head is, or that it was frozen, or entries of a copy; nil where nothing is lost
}

// ErrBehind says that a store is not the one of which its guard knows: it lacks entries, or
// has others.
var ErrBehind = errors.New("the entries are not those of which the guard has a checkpoint")

// Rebuild makes a new store of the entries of another, of any format: the tiles, the
// indexes and the state follow from them, and the signed head is the old one, or where
// that cannot be read the guard's, if that is of all entries. Of a copy it makes the
// ledger's own, with the largest tree that the copy knows to be signed, and all of which it has.
//
// Entries that do not give the tree which the ledger signed, and of which the guard
// knows, are no store: the error names the first that is wrong, where that can be said,
// and what was made is of no use. The old store is not changed.
func Rebuild(ctx context.Context, cfg RebuildConfig) (rebuilt Rebuilt, err error) {
	if rebuilt.Copy, err = store.IsCopy(cfg.Store); err != nil {
		return rebuilt, err
	}
	open, headOf := store.OpenRaw, headOfOwn
	if rebuilt.Copy {
		open, headOf = store.OpenRawCopy, headOfCopy
	}
	raw, err := open(cfg.Store)
	if err != nil {
		return rebuilt, err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	head, left, err := headOf(raw, cfg.Last)
	if err != nil {
		return rebuilt, err
	}
	defer func() { rebuilt.Lost = errors.Join(rebuilt.Lost, left) }()
	s, err := store.OpenCopy(store.Config{Dir: cfg.Dir, FS: cfg.Store.FS, Key: cfg.Store.Key, Log: cfg.Log})
	if err != nil {
		return rebuilt, err
	}
	r := &rebuild{raw: raw, deriver: deriver{s, s.NewBatch()}, size: head.Checkpoint.Size, progress: cfg.Progress}
	defer func() { err = errors.Join(err, r.close()) }()
	r.tree.raw, r.tree.found, r.tree.beyond = raw, &r.findings, left != nil
	if err := bundles(ctx, raw, 0, r.size, false, r.bundle); err != nil {
		return rebuilt, err
	}
	if err := r.next(nil); err != nil {
		return rebuilt, err
	}
	rebuilt.Head, rebuilt.Lost, err = r.finish(head, cfg.Last)
	if err == nil && rebuilt.Copy && cfg.Frozen {
		err = s.Freeze()
	}
	return rebuilt, err
}

// headOfOwn returns the head of a store that is made anew of a ledger's own.
func headOfOwn(raw *store.Raw, last tlog.SignedCheckpoint) (head store.Head, left, err error) {
	if head, err = raw.Head(); err == nil {
		return head, nil, nil
	}
	_, number := raw.Entry(last.Size)
	if !errors.Is(number, store.ErrNotFound) {
		return head, nil, fmt.Errorf("%w; the guard's checkpoint is of %d entries, and there are more", err, last.Size)
	}
	return store.Head{Checkpoint: last, Time: unknownTime}, nil, nil
}

// headOfCopy returns that of one that is made of a copy, whose own head nobody has signed: what it
// shows, or what the one who led signed beyond that, or the guard's. What is left out are entries of
// a tree that was not read to its end.
func headOfCopy(raw *store.Raw, last tlog.SignedCheckpoint) (head store.Head, left, err error) {
	has, err := raw.Head()
	if err != nil {
		return headOfOwn(raw, last)
	}
	shown, err := raw.Published()
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return head, nil, err
	}
	kept, err := raw.Kept()
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return head, nil, err
	}
	size := has.Checkpoint.Size
	head = shown
	for _, c := range []tlog.SignedCheckpoint{kept, last} {
		if c.Size > head.Checkpoint.Size && c.Size <= size {
			head = store.Head{Checkpoint: c, Time: unknownTime}
		}
	}
	switch have := head.Checkpoint.Size; {
	case have == 0 && size > 0:
		return head, nil, fmt.Errorf("the copy has %d entries, and no tree that was judged to its end", size)
	case have == 0 && last.Size > 0:
		return head, nil, fmt.Errorf("%w: the copy has none, the guard knows of %d", ErrBehind, last.Size)
	case have == 0:
		return store.Head{Checkpoint: last}, nil, nil
	case have < size:
		left = fmt.Errorf("the copy has %d entries, and of these %d are of a tree that it has not to its end: they are left out", size, size-have)
	}
	return head, left, nil
}

// unknownTime stands for the time of the last entry before it was read.
const unknownTime = -1

// A rebuild is one run.
type rebuild struct {
	deriver
	raw      *store.Raw
	tree     tree
	findings findings
	size     uint64
	progress func(Progress)
}

// bundle adds the entries of a bundle to the new store, if the tiles do not speak
// against them.
func (r *rebuild) bundle(b *bundle) error {
	first := b.index * tlog.MaxWidth
	if err := r.tree.bundle(b.index, b.leaves); err != nil && !errors.Is(err, errFull) {
		return err
	}
	for i, e := range b.entries {
		index := first + uint64(i)
		if e.err != nil {
			return fmt.Errorf("entry %d: %w: only a copy of the log has it", index, e.err)
		}
		if _, err := r.batch.Append(e.time, e.record); err != nil {
			return err
		}
	}
	end := first + uint64(len(b.entries))
	if r.progress != nil {
		r.progress(Progress{Done: end, Size: r.size})
	}
	if end < r.size && r.full() {
		return r.next(nil)
	}
	return nil
}

// finish makes the new store the ledger's own, if it has the tree that the ledger signed.
func (r *rebuild) finish(head store.Head, last tlog.SignedCheckpoint) (own store.Head, lost, err error) {
	made := r.store.Head()
	if made.Checkpoint.Root != head.Checkpoint.Root {
		return head, nil, r.differs(head.Checkpoint)
	}
	if err := r.store.Continues(last.Checkpoint); err != nil {
		return head, nil, fmt.Errorf("%w: %w", ErrBehind, err)
	}
	if head.Time == unknownTime {
		head.Time = made.Time
	}
	lost, err = r.raw.Hand(head, r.store)
	return head, lost, err
}

// differs says what is wrong with entries that give another tree.
func (r *rebuild) differs(head tlog.SignedCheckpoint) error {
	err := fmt.Errorf("%d entries give the root %s, the ledger signed %s", head.Size, r.store.Head().Checkpoint.Root, head.Root)
	if end := r.tree.end(head.Checkpoint); end != nil && !errors.Is(end, errFull) {
		return errors.Join(err, end)
	}
	for _, f := range r.findings {
		if f.Entry {
			return fmt.Errorf("%s: %w: only a copy of the log has it as it was", f, err)
		}
	}
	for _, f := range r.findings {
		return fmt.Errorf("%w; %s", err, f)
	}
	return err
}
