package node

import (
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
	if n.twin.changes >= twinChanges && !n.twinned.Swap(true) {
		n.log.Error("another node has the same --at as this one, and leads: give each node its own", "at", n.cfg.Owner, "epoch", h.Epoch)
	}
}
