package node

import (
	"context"
	"errors"

	"github.com/chirograph/chirograph/ledger/objects"
)

// twinChanges is how often the head changes in the name of this node, while it follows, before
// it is another's work: what this node was about to change when it stopped leading may come
// after that, and its last change be seen for the first time.
const twinChanges = 3

// errTwin is for strangers to read.
var errTwin = errors.New("another node has the same address as this one, and leads: no record gets from this one to it")

// A twin is another node that names itself as this one does.
type twin struct {
	seen    objects.Nonce
	changes int
}

// spot takes in a head that was read while this node follows.
func (n *Node) spot(h objects.Head) {
	if h.Owner != n.cfg.Owner {
		n.twin = twin{}
		if n.twinned.Swap(false) {
			n.log.Info("no other node has the address of this one any more")
		}
		return
	}
	if h.Nonce == n.twin.seen {
		return
	}
	if n.twin.seen != (objects.Nonce{}) {
		n.twin.changes++
	}
	n.twin.seen = h.Nonce
	if n.twin.changes >= twinChanges {
		n.meets(h.Epoch)
	}
}

// meets remembers that another node leads by the name of this one, and says so when that is news.
func (n *Node) meets(epoch uint64) {
	if !n.twinned.Swap(true) {
		n.log.Error("another node has the same --at as this one, and leads: give each node its own", "at", n.cfg.Owner, "epoch", epoch)
	}
}

// askSelf has somebody ask whether this node answers where the others find it. That it does not is
// said, and no more: what stands before it may not be there yet.
func (n *Node) askSelf(ctx context.Context) {
	if n.cfg.Self == nil {
		return
	}
	n.self.Go(func() {
		if err := n.cfg.Self(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("this node does not find itself at its --at, where the others send records on to it when it leads", "at", n.cfg.Owner, "why", err)
		}
	})
}
