package node

import "time"

// maxLooks is how often within one Poll a node that follows reads what is public because it
// was asked to, one look as long after the other as the next: what somebody registers is shown
// soon, and who sends many costs the bucket some requests a second.
const maxLooks = 8

// Look has a node that follows read what is public now, and not at the next Poll: whoever calls
// knows that there is news. It waits for nothing.
func (n *Node) Look() {
	select {
	case n.asked <- struct{}{}:
	default: // somebody asked just before
	}
}

// A pace lets through what Look sends, one look some time after the other.
type pace struct {
	asked  <-chan struct{} // nil while it is too soon
	rested *time.Timer
}

// wanted returns what Look sends to, nil for never: while it is too soon, and while the node rests
// after a look that failed.
func (n *Node) wanted(p pace) <-chan struct{} {
	if n.turns.rest > 0 {
		return nil
	}
	return p.asked
}
