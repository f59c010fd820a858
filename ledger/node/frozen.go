package node

// Frozen says whether the log is frozen for good, as far as this node knows: a head said so
// once, or the guard has seen it. It stays so where the bucket was put back to before that.
func (n *Node) Frozen() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.frozen
}

// learnFrozen remembers what the guard has seen.
func (n *Node) learnFrozen() error {
	frozen, err := n.guard.Frozen()
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frozen = n.frozen || frozen
	return nil
}
