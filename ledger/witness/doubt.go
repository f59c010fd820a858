package witness

import "slices"

// Doubt returns what witnesses say without a proof and what has to be heeded all the
// same, after a quorum has once confirmed the ledger: a Conflict that passes when those
// who make it cosign. It is nil where there is none.
func (w *Witnesses) Doubt() *Conflict {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.doubt
}

// Conflicted returns a channel that is closed when there is a Conflict for ever, which
// may be long after Cosign has returned.
func (w *Witnesses) Conflicted() <-chan struct{} { return w.conflicted }

// Conflict returns the one that is for ever, nil before Conflicted is closed.
func (w *Witnesses) Conflict() *Conflict {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conflict
}

// weigh looks whether the claims that stand are a doubt, and says so when that changes,
// or who makes it; mu is held.
func (w *Witnesses) weigh() {
	before := w.doubt
	w.doubt = nil
	if w.conflict == nil && w.alarming() {
		w.doubt = &Conflict{Asked: w.round.asked, Claims: w.claims(everybody)}
	}
	switch {
	case w.doubt != nil && (before == nil || !slices.EqualFunc(before.Claims, w.doubt.Claims, sameWitness)):
		w.log.Error("nothing is signed until these witnesses cosign again: it is their word without a proof. "+
			"Ask their operators what they have seen, and whether an old copy or a second ledger with this key runs", "err", w.doubt)
		w.wakeAll() // a claim that weighed nothing may have been left alone
	case w.doubt == nil && before != nil && w.conflict == nil:
		w.log.Info("no witness whose word weighs says any more that it has another tree", "size", w.round.asked.Size)
	}
}

func sameWitness(a, b Claim) bool { return a.Witness == b.Witness }

// Claims returns what witnesses say without a proof, whether it weighs or not, in the order
// of the policy.
func (w *Witnesses) Claims() []Claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.claims(everybody)
}
