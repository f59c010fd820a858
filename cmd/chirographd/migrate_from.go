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

// bucketLost says what to do where a bucket that had a log has none.
const bucketLost = "stop all nodes; the directory with the most entries by chirographd check is the log's: move its file " + movedFile + " away, and chirographd rebuild makes it a ledger of one machine"

// leaveTries is how often the log is left that a node goes on with meanwhile.
const leaveTries = 3

// fromBucket brings the log back. The head says that it went before the store is the
// ledger's own, under a nonce that the directory knows: of two that try, one goes on.
func (m *migration) fromBucket(ctx context.Context) (err error) {
	guard, err := guardOf(m.dir, m.guard)
	if err != nil {
		return err
	}
	s, nonce, err := m.openAsCopy(ctx, guard)
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
// it is where the bucket has no log that could come back. It returns the nonce under which it does.
func (m *migration) openAsCopy(ctx context.Context, guard string) (*store.Store, objects.Nonce, error) {
	cfg := store.Config{Dir: filepath.Join(m.dir, storeDir), Key: m.key}
	s, err := store.OpenCopy(cfg)
	own := errors.Is(err, store.ErrOwn)
	if own {
		s, err = store.Open(cfg)
	}
	if err != nil {
		return nil, objects.Nonce{}, whoHolds(err)
	}
	nonce, err := m.nonceOfCopy(ctx, s, own, guard)
	if err != nil {
		return nil, nonce, errors.Join(err, s.Close())
	}
	return s, nonce, nil
}

// nonceOfCopy is for a store that is open, so that nobody else changes what the directory says.
func (m *migration) nonceOfCopy(ctx context.Context, s *store.Store, own bool, guard string) (objects.Nonce, error) {
	if err := m.look(); err != nil {
		return objects.Nonce{}, err
	}
	nonce, err := m.nonce(leaving)
	if err != nil || !own {
		return nonce, err
	}
	if m.was == nil {
		return nonce, fmt.Errorf("the store in %s is a ledger's own, and nothing says that its log is in a bucket: chirographd serve runs it", m.dir)
	}
	h, _, err := m.head(ctx, nonce)
	if err == nil {
		err = errors.Join(m.hasAll(s, h), m.comesFrozen(guard, h))
	}
	if err != nil {
		return nonce, err
	}
	// Whoever finds it cut short must not take it for a node's.
	if err := m.leaves(nonce, m.was.state); err != nil {
		return nonce, err
	}
	return nonce, s.Demote()
}

// leaves has the directory remember under which nonce the log leaves the bucket.
func (m *migration) leaves(nonce objects.Nonce, state objects.State) error {
	return keepMoved(m.dir, moved{step: leaving, bucket: m.bucket, nonce: nonce, state: state, at: m.endpoint})
}

// stays has a directory that was to get the log, which a node leads, be that of a node.
func (m *migration) stays() error {
	now, err := readMoved(m.dir)
	if err != nil || now == nil || now.step != leaving {
		return err
	}
	return keepMoved(m.dir, moved{step: there, bucket: m.bucket, state: objects.Open})
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
	if err := m.comesFrozen(guard, h); err != nil {
		return h, err
	}
	if err := m.leaves(nonce, h.State); err != nil {
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

// head returns the head of the log, which is in the bucket, where nobody leads it, or left it
// under that nonce.
func (m *migration) head(ctx context.Context, nonce objects.Nonce) (objects.Head, objects.Version, error) {
	h, v, err := m.register.Unled(ctx, m.seen, m.after)
	if err == nil {
		m.seen = h.Nonce
	}
	absent, other := errors.Is(err, objects.ErrAbsent), errors.Is(err, objects.ErrOther)
	began := m.was != nil && m.was.step == going
	if began && absent {
		if err := m.emptied(ctx); err != nil {
			return h, v, err
		}
	}
	switch {
	case began && (absent || err == nil && h.State == objects.Moved) && h.Nonce == m.was.after:
		return h, v, fmt.Errorf("the log of %s did not get into %s, and nothing was changed: say chirographd migrate --to-bucket again, as the first time, and then --from-bucket", m.dir, m.place())
	case began && other:
		return h, v, fmt.Errorf("%s: %w: %s", m.place(), err, m.nothingDone())
	case m.was != nil && (absent || other):
		return h, v, fmt.Errorf("%w: it was emptied, or is another: %s", err, bucketLost)
	case errors.Is(err, objects.ErrLed):
		return h, v, errors.Join(fmt.Errorf("%w: the log stays in %s: stop all nodes first, and say it again", err, m.place()), m.stays())
	case errors.Is(err, objects.ErrUnsettled):
		return h, v, fmt.Errorf("%w: start a node, and stop it when it has led", err)
	case err != nil:
		return h, v, err
	case h.State == objects.Moved && h.Nonce != nonce:
		return h, v, fmt.Errorf("the log left %s before, for another directory: there it is, with %s or more", m.place(), entries(h.Checkpoint.Size))
	}
	return h, v, nil
}

// hasAll demands of a head that it has no fewer entries than the directory.
func (m *migration) hasAll(s *store.Store, h objects.Head) error {
	have := s.Head().Checkpoint.Size
	if have <= h.Checkpoint.Size {
		return nil
	}
	what := bucketLost
	if m.was != nil && m.was.step == going {
		what = m.nothingDone()
	}
	return fmt.Errorf("%s has %s, and %s only %d: the bucket was put back, or is another: %s", m.dir, entries(have), m.place(), h.Checkpoint.Size, what)
}

// read brings a copy to the tree of a head, of which all is public.
func (m *migration) read(ctx context.Context, s *store.Store, h objects.Head) error {
	if err := m.hasAll(s, h); err != nil {
		return err
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
	if err := errors.Join(removed(filepath.Join(m.dir, storeProbed)), removed(filepath.Join(m.dir, movedFile)), staysFrozen(m.dir, s, g)); err != nil {
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
