package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/replica"
	"github.com/chirograph/chirograph/ledger/store"
)

// leaveTries is how often the log is left that a node goes on with meanwhile.
const leaveTries = 3

// fromBucket brings the log back. The head says that it went before the store is the
// ledger's own, under a nonce that the directory knows: of two that try, one goes on.
func (m *migration) fromBucket(ctx context.Context) (err error) {
	guard, err := guardOf(m.dir, m.guard)
	if err != nil {
		return err
	}
	nonce, err := m.nonce(leaving)
	if err != nil {
		return err
	}
	s, err := m.openAsCopy(ctx, nonce)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for try := 1; ; try++ {
		h, err := m.left(ctx, s, guard, nonce)
		if err == nil {
			return m.own(s, guard, h)
		}
		if try == leaveTries || !errors.Is(err, objects.ErrFenced) {
			return err
		}
		if nonce, err = m.nonce(""); err != nil {
			return err
		}
	}
}

// openAsCopy opens the store of the directory as a copy, whatever it was. The ledger's own stays as
// it is where the bucket has no log that could come back.
func (m *migration) openAsCopy(ctx context.Context, nonce objects.Nonce) (*store.Store, error) {
	cfg := store.Config{Dir: filepath.Join(m.dir, storeDir), Key: m.key}
	s, err := store.OpenCopy(cfg)
	if !errors.Is(err, store.ErrOwn) {
		return s, whoHolds(err)
	}
	if m.was == nil {
		return nil, fmt.Errorf("the store in %s is a ledger's own, and nothing says that its log is in a bucket: chirographd serve runs it", m.dir)
	}
	if s, err = store.Open(cfg); err != nil {
		return nil, whoHolds(err)
	}
	if _, _, err := m.head(ctx, nonce); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	// Whoever finds it cut short must not take it for a node's.
	if err := keepMoved(m.dir, moved{step: leaving, bucket: m.bucket, nonce: nonce, state: m.was.state}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Demote(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// left reads the log up to the head, and has the head say that it goes on elsewhere. It returns
// the head as it was before, which the store has.
func (m *migration) left(ctx context.Context, s *store.Store, guard string, nonce objects.Nonce) (objects.Head, error) {
	h, v, err := m.head(ctx, nonce)
	if err != nil {
		return h, err
	}
	if err := m.read(ctx, s, h); err != nil {
		return h, err
	}
	cfg := store.GuardConfig{Dir: guard, Key: m.key}
	if store.HasGuard(guard) {
		if err := knownTo(s, cfg); err != nil {
			return h, err
		}
	}
	if h.State == objects.Moved {
		h.State = m.was.state
		return h, nil
	}
	if err := keepMoved(m.dir, moved{step: leaving, bucket: m.bucket, nonce: nonce, state: h.State}); err != nil {
		return h, err
	}
	if err := m.did("the directory is marked"); err != nil {
		return h, err
	}
	if err := m.register.Leave(ctx, nonce, h, v); err != nil {
		return h, err
	}
	return h, m.did("the head says that the log left")
}

// head returns the head of the log, which is in the bucket, or left it under that nonce.
func (m *migration) head(ctx context.Context, nonce objects.Nonce) (objects.Head, objects.Version, error) {
	h, v, err := m.register.Quiet(ctx)
	absent := errors.Is(err, objects.ErrAbsent)
	switch began := m.was != nil && m.was.step == going; {
	case began && (absent || err == nil && h.State == objects.Moved) && h.Nonce == m.was.after:
		return h, v, fmt.Errorf("the log of %s did not get into %s, and nothing was changed: say chirographd migrate --to-bucket again, as the first time, and then --from-bucket", m.dir, m.place())
	case errors.Is(err, objects.ErrUnsettled):
		return h, v, fmt.Errorf("%w: start a node, and stop it when it has led", err)
	case err != nil:
		return h, v, err
	case h.State == objects.Moved && h.Nonce != nonce:
		return h, v, fmt.Errorf("the log left %s before, for another directory: there it is, with %s or more", m.place(), entries(h.Checkpoint.Size))
	}
	return h, v, nil
}

// read brings a copy to the tree of a head, of which all is public.
func (m *migration) read(ctx context.Context, s *store.Store, h objects.Head) error {
	if have := s.Head().Checkpoint; have.Size > h.Checkpoint.Size {
		return fmt.Errorf("%s has %s, and %s only %d: the bucket was put back, or is another", m.dir, entries(have.Size), m.place(), h.Checkpoint.Size)
	}
	c, err := m.client(m.register.Bucket)
	if err != nil {
		return err
	}
	r, err := replica.Open(replica.Config{Client: c, Policy: m.policy, Store: s, Dir: m.dir, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := r.Turn(ctx); err != nil {
		return err
	}
	shown, ok := s.Shown()
	if !ok || shown.Checkpoint.Checkpoint != h.Checkpoint || s.Head().Checkpoint.Checkpoint != h.Checkpoint {
		return fmt.Errorf("%w: the head has %s, the copy shows %d", objects.ErrFenced, entries(h.Checkpoint.Size), shown.Checkpoint.Size)
	}
	fmt.Fprintf(m.stderr, "read and judged: %s, and every hash of the tree\n", entries(h.Checkpoint.Size))
	return m.did("the copy has the log")
}

// own makes the copy the ledger's own, with a guard that knows it. What comes last is that
// it may be served.
func (m *migration) own(s *store.Store, guard string, h objects.Head) (err error) {
	shown, _ := s.Shown()
	c := shown.Checkpoint
	g, err := m.openGuard(guard)
	if errors.Is(err, store.ErrNoGuard) {
		cfg := store.GuardConfig{Dir: guard, Key: m.key}
		if err = store.CreateGuard(cfg, c); err == nil {
			g, err = store.OpenGuard(cfg)
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if err := errors.Join(g.Set(c), keepGuard(m.dir, guard)); err != nil {
		return err
	}
	if err := m.did("the guard knows it"); err != nil {
		return err
	}
	if err := s.Promote(c); err != nil {
		return err
	}
	if err := m.did("the store is the ledger's"); err != nil {
		return err
	}
	if h.State == objects.Frozen {
		if err := errors.Join(s.Freeze(), g.Freeze(c.Checkpoint)); err != nil {
			return err
		}
	}
	if err := errors.Join(removed(filepath.Join(m.dir, storeProbed)), removed(filepath.Join(m.dir, movedFile))); err != nil {
		return err
	}
	_, err = fmt.Fprintf(m.stdout, "%s: in %s, with %s, root %s, %s; chirographd serve runs it\n", m.key.Name(), m.dir, entries(c.Size), c.Root, h.State)
	return err
}

// openGuard opens the guard. One that a run before was making has no checkpoint, and is
// cleared.
func (m *migration) openGuard(guard string) (*store.Guard, error) {
	cfg := store.GuardConfig{Dir: guard, Key: m.key}
	g, err := store.OpenGuard(cfg)
	if err == nil || errors.Is(err, store.ErrNoGuard) || errors.Is(err, store.ErrHeld) || m.was == nil || m.was.step != leaving {
		return g, err
	}
	if failed := store.ClearGuard(cfg); failed != nil {
		return nil, errors.Join(err, failed)
	}
	return nil, store.ErrNoGuard
}
