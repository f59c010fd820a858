package verify

import (
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// Backdating is the rule that evidence of an entry names which was published more than
// [rules.Skew] seconds after the time at which it claims to be registered. It is none of
// [rules]: what shows it are cosignatures of an older tree, and not the log.
const Backdating rules.Rule = "backdating"

// judgeBackdating judges evidence of [Backdating]: entry i of a log claims to be
// registered at T, and witnesses cosigned a tree of N entries of that log, N ≤ i, at
// times after T + [rules.Skew].
//
// # Why no honest ledger is convicted
//
// A ledger publishes a tree when a quorum has cosigned it, and asks for no older one
// from then on. A witness that has cosigned a tree never cosigns a smaller one
// (c2sp.org/tlog-witness). Let I be the witnesses, other than the ledger itself, that
// cosigned the tree of N entries at T' or later, where T' > T + [rules.Skew]. Before T'
// none of them had cosigned a tree with entry i in it. It is asked for that
//
//   - the members of I, with the ledger's own key where it has a line, make the quorum,
//     and
//   - there is no quorum without a member of I: all other witnesses of the policy, the
//     ledger's own key among them, do not make it.
//
// So before T' no quorum had seen entry i, and nobody can have been shown it as
// registered. Had the ledger published it within [rules.Skew] seconds of T, then there
// would be a quorum that cosigned it before T', and no member of I is in that.
//
// The second condition is what counts. Who may ask a witness to cosign is everybody who
// has a checkpoint, and a witness that the ledger did not reach cosigns the tree that it
// knows whenever it is asked: where two quorums need not have a member in common, as of
// "any" of two, the one that lags would convict a ledger that the other has seen keep
// its word. Where any two have a common member that is not the ledger itself, the first
// condition gives the second. With the quorum "none", or one that the ledger's own key
// makes alone, the second never holds: there nobody but the ledger says what time it is.
//
// The times are the witnesses' word, which the policy takes. No cosignature but those
// that verify is looked at, so that a line of garbage shields nobody; and whether the
// two checkpoints are of one history is not asked, because a ledger that signed two has
// broken its word as well.
//
// # What it shows
//
// That the entry was published late, for the time that it claims, and not why. A ledger
// that stored a batch, and then could not reach its quorum for five minutes, says of its
// entries a time that nobody saw either. It can be charged with that too: it is what the
// rule says, and what who holds a receipt has to reckon with.
func (c *Charge) judgeBackdating(p *Policy) (*Breach, error) {
	older, proof := c.Checkpoint, c.Proofs[0]
	ledger, err := p.accused(proof.Checkpoint, older)
	if err != nil {
		return nil, err
	}
	if err := included(proof); err != nil {
		return nil, err
	}
	if older.Size > proof.Index {
		return nil, failed(StepSize, "the checkpoint has %d entries, and entry %d is one of them", older.Size, proof.Index)
	}
	entry, err := record.ParseEntry(proof.Extra)
	if err != nil {
		return nil, failed(StepEntry, "%s", err)
	}
	claims := fmt.Sprintf("entry %d claims to be registered at %s", proof.Index, record.FormatTime(entry.Registered))
	unseen, ok := p.UnseenBefore(ledger, older)
	switch {
	case !ok:
		return nil, failed(StepQuorum, "%s, and that no quorum had seen more than %d entries, the cosignatures of that tree do not show", claims, older.Size)
	case unseen <= entry.Registered+rules.Skew:
		return nil, failed(StepQuorum, "%s, and that no quorum had seen more than %d entries is shown until %s, which is not more than %d s later",
			claims, older.Size, record.FormatTime(unseen), rules.Skew)
	}
	reason := fmt.Sprintf("it claims to be registered at %s, and until %s the quorum %s had seen nothing beyond the first %d entries: it was published more than %d s after the time that it claims",
		record.FormatTime(entry.Registered), record.FormatTime(unseen), p.Quorum, older.Size, rules.Skew)
	return &Breach{
		Verdict: Yes, Rule: Backdating, Reason: reason, Index: proof.Index,
		ID: OpenEntry(proof.Extra).ID(), Registered: entry.Registered,
		Checkpoint: &Checkpoint{SignedCheckpoint: proof.Checkpoint, Log: ledger},
	}, nil
}

// UnseenBefore returns the latest time, in POSIX seconds, before which no quorum had
// cosigned a larger tree than that of the checkpoint, which the log signed: those who
// cosigned it then or later, and are not the ledger itself, make a quorum with the
// ledger's own line where it has one, and there is no quorum without them. It is ok
// where there is such a time. Lines that do not verify, and those of others than the
// policy's witnesses, are not looked at.
func (p *Policy) UnseenBefore(l Log, c tlog.SignedCheckpoint) (t int64, ok bool) {
	others := make(map[string]bool)
	for _, w := range p.Witnesses {
		others[w.Name] = true
	}
	return p.latest(l, c, func(cosigned map[string]bool, w Witness) bool {
		delete(others, w.Name)
		return p.Met(cosigned) && !p.Met(others)
	})
}

// RenewedAt returns the latest time, in POSIX seconds, from which on a quorum cosigned
// the checkpoint, by the word of others than the ledger, whose own line counts whatever
// its time: a log that goes on has its cosignatures renewed. It is not ok where the
// quorum is not met, or there is only the ledger's word. Lines are looked at as by
// [Policy.UnseenBefore].
func (p *Policy) RenewedAt(l Log, c tlog.SignedCheckpoint) (t int64, ok bool) {
	if p.LedgerOnly(p.cosignatures(l, c)) {
		return 0, false
	}
	return p.latest(l, c, func(cosigned map[string]bool, _ Witness) bool { return p.Met(cosigned) })
}

// latest returns the time of the first cosignature, from the last to the first, at
// which enough says that those who cosigned are enough. It is told who they are, with
// the ledger's own, and who came last. The ledger's own lines are no step.
func (p *Policy) latest(l Log, c tlog.SignedCheckpoint, enough func(cosigned map[string]bool, w Witness) bool) (int64, bool) {
	all := p.cosignatures(l, c)
	slices.SortFunc(all, func(a, b Cosignature) int { return byTime(b, a) })
	cosigned := ownNames(all)
	for _, s := range all {
		if s.Own {
			continue
		}
		cosigned[s.Witness.Name] = true
		if enough(cosigned, s.Witness) {
			return s.Time, true
		}
	}
	return 0, false
}

// cosignatures returns those of the policy's witnesses that verify.
func (p *Policy) cosignatures(l Log, c tlog.SignedCheckpoint) (list []Cosignature) {
	for _, w := range p.Witnesses {
		for _, s := range c.Note.Signatures {
			if !s.By(w.Key) {
				continue
			}
			if t, err := w.Key.VerifyCosignature(c.Note.Text, s.Bytes); err == nil {
				list = append(list, Cosignature{w, t, l.Owns(w)})
			}
		}
	}
	return list
}
