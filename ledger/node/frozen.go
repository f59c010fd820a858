package node

import (
	"context"
	"fmt"

	"github.com/chirograph/chirograph/ledger/objects"
)

// Frozen says whether the log is frozen for good, as far as this node knows: a head said so
// once, or the guard has seen it. It stays so where the bucket was put back to before that.
func (n *Node) Frozen() bool { return n.frozen.Load() }

// learnFrozen remembers what the guard has seen.
func (n *Node) learnFrozen() error {
	frozen, err := n.guard.Frozen()
	if frozen {
		n.freezes()
	}
	return err
}

// seeFrozen remembers what a head said that was read.
func (n *Node) seeFrozen(h objects.Head) {
	if h.State == objects.Frozen && !n.frozen.Load() {
		n.heads.freezes.Store(&h.Checkpoint)
		n.freezes()
	}
}

// freezes remembers that the log is frozen, and says so once.
func (n *Node) freezes() {
	if !n.frozen.Swap(true) {
		n.log.Info("the log is frozen for good: it registers nothing any more, and is read on")
	}
}

// keepFrozen has the guard know what a head said, once there is one.
func (n *Node) keepFrozen(ctx context.Context) {
	c := n.heads.freezes.Load()
	if c == nil || n.guard == nil {
		return
	}
	if err := n.guard.Freeze(*c); err != nil {
		n.tell(ctx, "guard", err)
		return
	}
	n.heads.freezes.Store(nil)
}

// thawed says that a head is of before the freeze that this node knows of.
func (n *Node) thawed(h objects.Head) error {
	if h.State == objects.Open && n.frozen.Load() {
		return fmt.Errorf("%w: this node has seen the log frozen, the head says that it is not", ErrRestored)
	}
	return nil
}
