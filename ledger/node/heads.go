package node

import (
	"sync/atomic"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/objects"
)

// heads are those that a node read, as far as something follows from one for those after it.
type heads struct {
	freezes atomic.Pointer[tlog.Checkpoint] // of the first that was frozen, until the guard has it; nil for none
	refused atomic.Pointer[refusal]         // the last that compare found not to have all; nil for none
}

// A refusal is of a head, which has what it has until another is there.
type refusal struct {
	nonce  objects.Nonce
	public objects.Version // with which it was compared
	why    error
	anew   bool // something else is public since: only that can heal it
}

// refuse remembers what compare found. It is of Run, as is all that changes a refusal.
func (n *Node) refuse(p position, why error) {
	n.heads.refused.Store(&refusal{nonce: p.head.Nonce, public: p.shown, why: why})
	n.setRestored(why)
}

// accept forgets it.
func (n *Node) accept() {
	n.heads.refused.Store(nil)
	n.setRestored(nil)
}

// republished takes in what is public.
func (n *Node) republished(v objects.Version) {
	if r := n.heads.refused.Load(); r != nil && r.public != v && !r.anew {
		n.heads.refused.Store(&refusal{r.nonce, r.public, r.why, true})
	}
}

// refusal returns what compare found of a head.
func (n *Node) refusal(nonce objects.Nonce) *refusal {
	if r := n.heads.refused.Load(); r != nil && r.nonce == nonce {
		return r
	}
	return nil
}

// lacks says what a head that was read has not, of which known entries it has to have.
func (n *Node) lacks(h objects.Head, known uint64) error {
	if h.Checkpoint.Size < known {
		return behind(h, known)
	}
	if err := n.thawed(h); err != nil {
		return err
	}
	if r := n.refusal(h.Nonce); r != nil {
		return r.why
	}
	return nil
}

// reconsiders says whether a head that was refused is to be compared again, once its time has
// come.
func (n *Node) reconsiders(h objects.Head, over bool) bool {
	r := n.refusal(h.Nonce)
	return over && r != nil && r.anew
}
