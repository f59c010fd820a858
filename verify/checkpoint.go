package verify

import (
	"cmp"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// A Checkpoint is a checkpoint that a log of the policy signed, with the
// cosignatures of the policy's witnesses. That they make a quorum is another
// question, which depends on what the checkpoint is to prove.
type Checkpoint struct {
	tlog.SignedCheckpoint
	Log          Log
	Cosignatures []Cosignature // verified, by witness in the order of the policy, then by time
}

// A Cosignature says that a witness had seen the checkpoint, and no fork of it.
type Cosignature struct {
	Witness Witness
	Time    int64 // POSIX seconds, as the witness says
	Own     bool  // the witness is the ledger itself ([Log.Owns]): its own word
}

// Checkpoint verifies a checkpoint: one of the policy's logs signed it under its
// own origin, and every line of a key that the policy knows verifies. It does not
// ask for the quorum.
func (p *Policy) Checkpoint(c tlog.SignedCheckpoint) (*Checkpoint, error) {
	l, ok := p.signer(c)
	if !ok {
		return nil, failed(StepCheckpoint, "no log of the policy signed the checkpoint of %q", c.Origin)
	}
	return p.checkpointOf(l, c)
}

// signer returns the first log of the policy that is the origin of all these
// checkpoints and has a line under each.
func (p *Policy) signer(checkpoints ...tlog.SignedCheckpoint) (Log, bool) {
	i := slices.IndexFunc(p.Logs, func(l Log) bool {
		return !slices.ContainsFunc(checkpoints, func(c tlog.SignedCheckpoint) bool {
			return c.Origin != l.Key.Name() || !hasLine(c, l.Key)
		})
	})
	if i < 0 {
		return Log{}, false
	}
	return p.Logs[i], true
}

func hasLine(c tlog.SignedCheckpoint, key note.Key) bool {
	return slices.ContainsFunc(c.Note.Signatures, func(s note.Signature) bool { return s.By(key) })
}

// checkpointOf is [Policy.Checkpoint] for a checkpoint that has to be of log l.
func (p *Policy) checkpointOf(l Log, c tlog.SignedCheckpoint) (*Checkpoint, error) {
	if c.Origin != l.Key.Name() {
		return nil, failed(StepCheckpoint, "the checkpoint is of %q, the ledger is %s", c.Origin, l.Key.Name())
	}
	if !hasLine(c, l.Key) {
		return nil, failed(StepCheckpoint, "the checkpoint is not signed by the key of %s, %s", l.Key.Name(), l.Key.Public().Fingerprint())
	}
	if !linesVerify(c, l.Key) {
		return nil, failed(StepCheckpoint, "the signature of %s under the checkpoint does not verify", l.Key.Name())
	}
	for _, other := range p.Logs {
		if other.Key != l.Key && !linesVerify(c, other.Key) {
			return nil, failed(StepCosignature, "the signature of %s, another log, under the checkpoint does not verify", other.Key.Name())
		}
	}
	v := &Checkpoint{SignedCheckpoint: c, Log: l}
	for _, w := range p.Witnesses {
		first := len(v.Cosignatures)
		for _, s := range c.Note.Signatures {
			if !s.By(w.Key) {
				continue
			}
			t, err := w.Key.VerifyCosignature(c.Note.Text, s.Bytes)
			if err != nil {
				return nil, failed(StepCosignature, "witness %s: %s", w.Name, err)
			}
			v.Cosignatures = append(v.Cosignatures, Cosignature{w, t, l.Owns(w)})
		}
		slices.SortFunc(v.Cosignatures[first:], byTime)
	}
	return v, nil
}

// linesVerify says whether every line of the log's key verifies.
func linesVerify(c tlog.SignedCheckpoint, key note.Key) bool {
	return !slices.ContainsFunc(c.Note.Signatures, func(s note.Signature) bool {
		return s.By(key) && !key.Public().Verify(c.Note.Text, s.Bytes)
	})
}

func byTime(a, b Cosignature) int { return cmp.Compare(a.Time, b.Time) }

// SeenBy returns the earliest time, in POSIX seconds, by which a quorum had cosigned
// the checkpoint, by the word of others than the ledger: its own cosignatures count,
// whatever their time. It is 0 where nobody else is asked for ([Policy.LedgerOnly]).
// The error says that the quorum is not met.
func (p *Policy) SeenBy(c *Checkpoint) (int64, error) {
	t, ok := p.quorumTime(c.Cosignatures)
	if !ok {
		return 0, failed(StepQuorum, "the quorum %s of the checkpoint is not met: %s", p.Quorum, listCosignatures(c.Cosignatures, 0))
	}
	return t, nil
}

// LedgerOnly says whether there is only the ledger's word: the policy asks for no
// cosignature, or those of the ledger itself are enough for it.
func (p *Policy) LedgerOnly(cosignatures []Cosignature) bool {
	return p.Quorum == NoQuorum || p.Met(ownNames(cosignatures))
}

// ownNames are the witnesses that are the ledger itself and cosigned.
func ownNames(cosignatures []Cosignature) map[string]bool {
	names := make(map[string]bool)
	for _, c := range cosignatures {
		if c.Own {
			names[c.Witness.Name] = true
		}
	}
	return names
}

// quorumTime returns the earliest time at which the cosignatures of that time or
// before, and the ledger's own of any time, make the policy's quorum; 0 where there is
// only the ledger's word. The quorum is not met if ok is false.
func (p *Policy) quorumTime(cosignatures []Cosignature) (t int64, ok bool) {
	if p.LedgerOnly(cosignatures) {
		return 0, true
	}
	sorted := slices.Clone(cosignatures)
	slices.SortFunc(sorted, byTime)
	cosigned := ownNames(cosignatures)
	for _, c := range sorted {
		cosigned[c.Witness.Name] = true
		if p.Met(cosigned) {
			return c.Time, true
		}
	}
	return 0, false
}
