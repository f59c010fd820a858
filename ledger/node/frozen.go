package node

// Frozen says whether the log is frozen for good, as far as this node knows: a head said so
// once, or the guard has seen it. It stays so where the bucket was put back to before that.
func (n *Node) Frozen() bool { return n.frozen.Load() }

// learnFrozen remembers what the guard has seen.
func (n *Node) learnFrozen() error {
	frozen, err := n.guard.Frozen()
	if frozen {
		n.frozen.Store(true)
	}
	return err
}
