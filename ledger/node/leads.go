package node

// Leads says whether this node leads, as far as it knows: its Log takes records, and its head is
// known to be its own. One that is cut off has a Log for as long as it does not know better.
func (n *Node) Leads() bool {
	l := n.leading.Load()
	if l == nil {
		return false
	}
	select {
	case <-l.Done():
		return false
	default:
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.stalled
}
