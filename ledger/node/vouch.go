package node

import (
	"errors"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/store"
)

// guardDoubted is the file in the directory of a guard that a node made, from before there is a
// guard until somebody vouches for it.
const guardDoubted = "unvouched"

// lifeChanges is how often the head changes in the name of another node before that node is
// seen to live: what one that died was about to change may come after that, once.
const lifeChanges = 2

// errDoubted is for strangers to read.
var errDoubted = errors.New("nobody leads the ledger, and this node does not on its own word: its guard is new")

// Vouch has the guard of a ledger be no new one: what is in the bucket came from beside it.
func Vouch(cfg store.GuardConfig) error {
	m := markOf(cfg, guardDoubted)
	if there, err := m.there(); err != nil || !there {
		return err
	}
	return m.end()
}

// A life is that of the node which the head names, as far as its changes show it.
type life struct {
	owner   string
	seen    objects.Nonce
	size    uint64
	changes int
}

// of takes in a head that was read. It returns whether the owner lives, who has changed it often
// enough: one that is smaller than before was put back. quiet says that nobody has changed it for long.
func (l *life) of(h objects.Head, quiet bool) bool {
	switch size := h.Checkpoint.Size; {
	case quiet || h.Owner != l.owner || size < l.size:
		*l = life{h.Owner, h.Nonce, size, 0}
	case h.Nonce != l.seen:
		l.seen, l.size = h.Nonce, size
		l.changes++
	}
	return h.Owner != "" && l.changes >= lifeChanges
}

// observe takes in a head that was read; quiet as of [life.of].
func (n *Node) observe(h objects.Head, quiet bool) {
	if !n.life.of(h, quiet) || h.Owner == n.cfg.Owner {
		n.living.Store(nil)
		return
	}
	public := h.Before()
	n.living.Store(&public)
}

// unobserved has no node be seen to live: the head could not be read.
func (n *Node) unobserved() {
	n.life = life{}
	n.living.Store(nil)
}

// ownWord says whether this node takes a log that is due. One whose guard is new does not, since
// it would not know a bucket that was put back.
func (n *Node) ownWord(due bool) bool {
	held := due && !n.vouched.Load()
	if was := n.held.Swap(held); held && !was {
		n.log.Error("NOBODY LEADS, AND THIS NODE DOES NOT ON ITS OWN WORD: its guard is new, so it would not know a bucket that was put back",
			"hint", "start a node that has its guard; where one is up and registers nothing for a fault of its own, mend that; where all guards are lost, and nothing that nodes signed is missing from the bucket, start this one with --trust-bucket")
	}
	return due && !held
}

// trusts says whether somebody vouches for the guard as it is opened: nobody does for one that is
// still to be made, nor for one of which the mark says so, but the operator may.
func (n *Node) trusts() error {
	doubted := true
	var err error
	if n.guard != nil {
		doubted, err = markOf(n.cfg.Guard, guardDoubted).there()
	}
	n.vouched.Store(err == nil && (!doubted || n.cfg.Trust))
	switch {
	case err != nil || !n.cfg.Trust || n.guard == nil:
		return err
	case doubted:
		return n.trust()
	}
	n.log.Warn("this node has a guard for which nobody has to vouch: leave --trust-bucket out, or the next new one leads a bucket that was put back")
	return nil
}

// trust takes the operator's word for a guard.
func (n *Node) trust() error {
	if err := markOf(n.cfg.Guard, guardDoubted).end(); err != nil {
		return err
	}
	n.log.Warn("this node's guard is new, and the operator vouches for the bucket: nothing that nodes signed is missing from it")
	return nil
}

// sees returns how many entries at least are public by another node that is seen to live. It is
// nil for none, and for a node that has no guard yet: what makes one may take hours.
func (n *Node) sees() *uint64 {
	if n.guard == nil || n.vouched.Load() {
		return nil
	}
	return n.living.Load()
}

// vouch has a guard that is new be vouched for by a node that is seen to live, and was before this
// one read what is public: it has a guard that is none, so the bucket was not put back, and public is
// what it had made public by then.
func (n *Node) vouch(public *uint64) error {
	if public == nil || n.living.Load() == nil || n.store.Head().Checkpoint.Size < *public {
		return nil
	}
	if err := markOf(n.cfg.Guard, guardDoubted).end(); err != nil {
		return err
	}
	n.vouched.Store(true)
	owner, epoch := n.Owner()
	n.log.Info("another node leads, and this one has what it made public: its guard is not new any more, and it may lead", "leads", owner, "epoch", epoch)
	return nil
}
