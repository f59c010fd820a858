package witness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// A Conflict says that witnesses have another tree of the ledger than the ledger: it
// must sign no more, or where it is a doubt not as long as that stands. The package
// comment says when.
type Conflict struct {
	Asked tlog.SignedCheckpoint // the newest that was asked for, with the ledger's own lines

	// Seen is the proof: a checkpoint that the ledger signed and that is larger than
	// Asked, or whose tree is not what Asked's begins with. It is nil where there is
	// none, and enough say so.
	Seen *tlog.SignedCheckpoint

	Claims []Claim // in the order of the policy; with Seen of the one that showed it
}

// A Claim is the unproven word of a witness that it has another tree.
type Claim struct {
	Witness verify.Witness
	Size    uint64 // of its tree: larger than ours, or one at which its tree is another than ours
}

func (c *Conflict) Error() string {
	ours := fmt.Sprintf("%s, which has size %d and root %s", c.Asked.Origin, c.Asked.Size, c.Asked.Root)
	if c.Seen != nil {
		what := "another tree than"
		if c.Seen.Size > c.Asked.Size {
			what = "a larger tree than"
		}
		return fmt.Sprintf("witness %s shows a checkpoint that the ledger signed, of size %d and root %s, of %s %s",
			c.Claims[0].Witness.Name, c.Seen.Size, c.Seen.Root, what, ours)
	}
	say := make([]string, len(c.Claims))
	for i, x := range c.Claims {
		say[i] = fmt.Sprintf("%s (size %d)", x.Witness.Name, x.Size)
	}
	what := "another tree than"
	if !slices.ContainsFunc(c.Claims, func(x Claim) bool { return x.Size <= c.Asked.Size }) {
		what = "a larger tree than"
	}
	return fmt.Sprintf("witnesses that the quorum needs, or who make one, say that they have %s %s: %s", what, ours, strings.Join(say, ", "))
}

// hear takes a's claim to have another tree of that size, asks what it saw, and returns
// the failure that it is in any case.
func (w *Witnesses) hear(ctx context.Context, a *asker, size uint64, why string) *failure {
	var proof *Conflict
	s, err := seen(ctx, w.client, a.url, w.cfg.Ledger)
	if err == nil {
		proof, err = w.proof(s)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a.claim = &size
	if proof != nil {
		proof.Claims = w.claims(func(other *asker) bool { return other == a })
		return w.alarm(proof)
	}
	if !w.met && w.alarming() {
		return w.alarm(&Conflict{Asked: w.round.asked, Claims: w.claims(everybody)})
	}
	w.weigh()
	return unproven(size, why, err)
}

// alarm makes c the conflict, if there is none yet, and returns the failure that it is;
// mu is held.
func (w *Witnesses) alarm(c *Conflict) *failure {
	if w.conflict == nil {
		w.conflict, w.doubt = c, nil
		w.round.end(c)
		w.round.over = true
		close(w.conflicted)
	}
	return &failure{kind: kindConflict, err: w.conflict, loud: true}
}

// unproven is a claim that is of no consequence yet.
func unproven(size uint64, why string, err error) *failure {
	if err != nil {
		return &failure{kind: kindClaim, err: fmt.Errorf("%s: it has another tree, of size %d, and does not show it: %w", why, size, err), loud: true}
	}
	return &failure{kind: kindClaim, err: fmt.Errorf("%s: it has another tree, of size %d, and shows one that is ours", why, size), loud: true}
}

// proof returns the conflict that c, which the ledger signed, proves: it is larger than
// all that were asked for, or no part of the newest of them. It is nil if c is neither.
func (w *Witnesses) proof(c tlog.SignedCheckpoint) (*Conflict, error) {
	// The newest is looked up after c came: what was asked for in the meantime, the
	// witness may well have.
	ours := w.newest()
	if c.Size <= ours.Size {
		hashes, err := w.prove(c.Size, ours.Size)
		if err != nil || tlog.VerifyConsistency(c.Size, c.Root, ours.Size, ours.Root, hashes) == nil {
			return nil, err
		}
	}
	return &Conflict{Asked: ours, Seen: &c}, nil
}

// alarming says whether the claims that stand weigh without proof; mu is held.
func (w *Witnesses) alarming() bool {
	met := func(is func(*asker) bool) bool { return w.cfg.Policy.Met(w.set(w.round, is)) }
	says := func(a *asker) bool { return a.claim != nil }
	silent := func(a *asker) bool { return a.claim == nil }
	return !met(nobody) && met(says) || !met(silent)
}

// claims returns the claims of the askers that are asked for, in the order of the
// policy; mu is held.
func (w *Witnesses) claims(is func(*asker) bool) []Claim {
	var cs []Claim
	for _, x := range w.cfg.Policy.Witnesses {
		for _, a := range w.askers {
			if a.claim != nil && is(a) && slices.Contains(a.witnesses, x) {
				cs = append(cs, Claim{x, *a.claim})
			}
		}
	}
	return cs
}
