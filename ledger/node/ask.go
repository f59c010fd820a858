package node

// maxLooks is how often within one Poll a node that follows reads what is public because it
// was asked to: what somebody registers is shown soon, and who sends many costs the bucket
// some requests a second.
const maxLooks = 4

// Look has a node that follows read what is public now, and not at the next Poll: whoever calls
// knows that there is news. It waits for nothing.
func (n *Node) Look() {
	select {
	case n.asked <- struct{}{}:
	default: // somebody asked just before
	}
}

// wanted returns what Look sends to, nil for never: after so many looks within one Poll, and
// while the node rests after one that failed.
func (n *Node) wanted(looks int) <-chan struct{} {
	if looks >= maxLooks || n.turns.rest > 0 {
		return nil
	}
	return n.asked
}
