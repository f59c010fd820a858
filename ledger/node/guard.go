package node

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/store"
)

// guardBegun is the file in the directory of a guard that is there while a node makes it, and no
// longer: only then are files of it without a checkpoint no damage.
const guardBegun = "being-made"

// openGuard opens the guard of a node; nil where it has none yet, or was stopped while it made its
// first.
func openGuard(cfg store.GuardConfig) (*store.Guard, error) {
	m := markOf(cfg, guardBegun)
	begun, err := m.there()
	if err != nil {
		return nil, err
	}
	g, err := store.OpenGuard(cfg)
	switch {
	case err == nil && begun:
		if err := errors.Join(whole(g), m.end()); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	case errors.Is(err, store.ErrNoGuard):
		return nil, nil
	case err != nil && begun && !errors.Is(err, store.ErrHeld):
		if failed := store.ClearGuard(cfg); failed != nil {
			return nil, errors.Join(err, failed)
		}
		return nil, nil
	}
	return g, err
}

// anew says what to do about a guard that is not to be read.
func anew(err error) error {
	if errors.Is(err, store.ErrHeld) {
		return err
	}
	return fmt.Errorf("%w: a node begins anew from the bucket when its store and its guard are moved away, if others keep theirs", err)
}

// sayDamaged says that half of a guard is: what it had may have been more.
func (n *Node) sayDamaged() {
	if n.guard == nil {
		return
	}
	if file, why := n.guard.Damaged(); file != "" {
		n.log.Warn("a file of this node's guard is damaged, as a crash may leave it: what the other has, counts", "file", file, "why", why)
	}
}

// whole writes the file of a guard that was not reached when it was made.
func whole(g *store.Guard) error {
	c, err := g.Last()
	if file, _ := g.Damaged(); err != nil || file == "" {
		return err
	}
	return g.Put(c)
}

// join makes the guard of a node that has none. Nobody vouches for it yet but the operator, where
// he does.
func (n *Node) join() (err error) {
	if n.guard != nil {
		return nil
	}
	if n.guard, err = openGuard(n.cfg.Guard); n.guard == nil && err == nil {
		n.guard, err = n.newGuard()
	}
	if err != nil || !n.cfg.Trust {
		return err
	}
	return n.trust()
}

// remember has the guard know what this node shows, which is on disk in the store by then: without
// the store it knows a bucket that was put back all the same.
func (n *Node) remember() error {
	shown, ok := n.store.Shown()
	last, err := n.guard.Last()
	if err != nil || !ok || shown.Checkpoint.Size <= last.Size {
		return err
	}
	return n.guard.Put(shown.Checkpoint)
}

// newGuard makes a guard with what the node has judged, or before anything is public with the empty
// log.
func (n *Node) newGuard() (*store.Guard, error) {
	c, err := n.shown()
	if err != nil {
		return nil, err
	}
	doubted, begun := markOf(n.cfg.Guard, guardDoubted), markOf(n.cfg.Guard, guardBegun)
	// Both before there is a guard: no crash leaves one that vouches.
	if err := doubted.begin(); err != nil {
		return nil, err
	}
	if err := begun.begin(); err != nil {
		return nil, err
	}
	if err := store.CreateGuard(n.cfg.Guard, c); err != nil {
		return nil, err
	}
	// Before anything rests on it: damage of a guard that has known more is not to be taken for
	// one that is being made.
	if err := begun.end(); err != nil {
		return nil, err
	}
	return store.OpenGuard(n.cfg.Guard)
}
