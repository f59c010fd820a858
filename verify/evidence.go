package verify

import (
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// StepRule is the step of evidence that a receipt does not have.
const StepRule Step = "rule" // the ledger broke the rule that the evidence names

// A Breach is what evidence proves: the ledger signed a tree with an entry in it that
// it should have refused, or two trees of which neither begins with the other.
type Breach struct {
	Verdict    Verdict     // Yes; Unchecked where Doubt says what is still open
	Doubt      string      // a sentence; "" for none
	Absent     *Range      // with Doubt: the entries that have to be read to be sure; nil where no reading helps
	Rule       rules.Rule  // that was broken
	Reason     string      // how; of a fork a whole sentence
	Index      uint64      // of the entry; of a fork that two trees show the size of the smaller
	ID         record.ID   // of the record in it; zero where it is not in form, and of a fork
	Registered int64       // POSIX seconds, by the ledger's word; 0 likewise
	Checkpoint *Checkpoint // under which it all is; of a fork the one of the larger tree. Nobody looked at its cosignatures
	Other      *Checkpoint // of a fork the one of the other tree; nil of any other breach
}

// String says the breach in a sentence.
func (b *Breach) String() string {
	if b.Rule == Fork {
		return b.Reason
	}
	return fmt.Sprintf("%s broke the rule %s at entry %d: %s", b.Checkpoint.Origin, b.Rule, b.Index, b.Reason)
}

// Evidence judges evidence against a log of the policy: whether it is what the text
// of a [Charge] says. One line of the log's key that verifies is enough under each
// checkpoint, and no other is looked at: the ledger could have put there what its
// judge refuses. The error is a [*Failure], and says that this is no evidence, not that
// the ledger is honest.
//
// # Why no honest ledger is convicted
//
// Whoever writes the evidence chooses which earlier entries go into it, so the state
// that is made of them, S, is a part of the one that the ledger had, T. That all of
// them and the entry are the log's, at their places, their proofs say. It is to show
// that what [rules.Admit] refuses in S, it refuses in T.
//
//   - form, size, signed, quorum: by the entry's own bytes.
//   - once, revoked: by an earlier entry that is in S, and so in T.
//   - refers: that a record is not registered, is known in T alone. Such a refusal is
//     Unchecked, unless all entries before are there. Every other compares the
//     entry with the text of a record that is there, or, where it answers a statement
//     under another contract, the places of two contracts in their chains. For these
//     alone the rules ask which contracts took each other's place, and it is in S as
//     it is in T, because both have to be in S with all that they replace, at any
//     remove: this is asked for.
//   - time: by the entry alone, or because the time decreases, by the entry directly
//     before it: this is asked for, so that it is here that it decreases.
//   - replaces: by the contract that took the place, or by a termination with
//     effect. T has it too. Of terminations the rules read the last, which may be
//     another in T; each has an earlier day than all before it, so that it has
//     effect too.
//   - under: by the frame's text and the entry's lines, or by what ends the frame,
//     which T has too, and what T has beside it ends the frame no later.
//   - terminates: by the contract's text, or by an earlier end, which T has too; what
//     T has beside it only forbids more days.
//
// An earlier rule that S breaks and T does not is an absence, which refers names. So
// a refusal in S by the rule that the evidence names is enough, and no more is
// asked: where a ledger broke rules before, it may be that this entry is not the
// first.
func Evidence(p *Policy, evidence []byte) (*Breach, error) {
	c, err := ParseEvidence(evidence)
	if err != nil {
		return nil, failed(StepForm, "%s", err)
	}
	switch {
	case c.Rule == Fork && len(c.Proofs) > 0:
		return c.judgeEntries(p)
	case c.Rule == Fork:
		return c.judgeFork(p)
	case c.Rule == Backdating:
		return c.judgeBackdating(p)
	}
	broken := c.Proofs[0]
	ledger, err := p.accused(broken.Checkpoint)
	if err != nil {
		return nil, err
	}
	checkpoint := &Checkpoint{SignedCheckpoint: broken.Checkpoint, Log: ledger}
	for _, proof := range c.Proofs {
		if err := included(proof); err != nil {
			return nil, err
		}
	}
	e := OpenEntry(broken.Extra)
	b := &Breach{Verdict: Yes, Rule: c.Rule, Index: broken.Index, ID: e.ID(), Registered: e.Registered, Checkpoint: checkpoint}
	if err := c.judge(b, e); err != nil {
		return nil, err
	}
	return b, nil
}

// accused returns the first log of the policy that signed all of these checkpoints:
// each has its name as origin, and a line of its key that verifies.
func (p *Policy) accused(checkpoints ...tlog.SignedCheckpoint) (Log, error) {
	for _, l := range p.Logs {
		if !slices.ContainsFunc(checkpoints, func(c tlog.SignedCheckpoint) bool { return !signedBy(c, l.Key) }) {
			return l, nil
		}
	}
	return Log{}, failed(StepCheckpoint, "no log of the policy signed the checkpoint of %q, under its own name and with a line that verifies", checkpoints[0].Origin)
}

// Alone returns the checkpoint with the first line of the log's key that verifies and no
// other, or without any where there is none. Evidence needs no more of whom it accuses,
// in each of its proofs.
func (l Log) Alone(c tlog.SignedCheckpoint) tlog.SignedCheckpoint {
	alone := tlog.SignedCheckpoint{Checkpoint: c.Checkpoint, Note: note.Note{Text: c.Note.Text}}
	for _, s := range c.Note.Signatures {
		if s.By(l.Key) && l.Key.Public().Verify(c.Note.Text, s.Bytes) {
			alone.Note.Signatures = []note.Signature{s}
			break
		}
	}
	return alone
}

func signedBy(c tlog.SignedCheckpoint, key note.Key) bool {
	return c.Origin == key.Name() && slices.ContainsFunc(c.Note.Signatures, func(s note.Signature) bool {
		return s.By(key) && key.Public().Verify(c.Note.Text, s.Bytes)
	})
}

// judge asks the rules, and fills in what they say.
func (c *Charge) judge(b *Breach, e Entry) error {
	s, err := c.state(b.Checkpoint)
	if err != nil {
		return err
	}
	err = e.Admit(s, b.Checkpoint.Log.Key)
	var refusal *rules.Refusal
	var unknown *UnknownKind
	switch {
	case err == nil:
		return failed(StepRule, "entry %d breaks no rule, as far as the entries here go", b.Index)
	case errors.As(err, &unknown):
		b.Verdict, b.Doubt = Unchecked, fmt.Sprintf("entry %d cannot be judged: %s", b.Index, unknown)
		return nil
	case !errors.As(err, &refusal):
		return failed(StepRule, "entry %d cannot be judged: %s", b.Index, err)
	case refusal.Rule != c.Rule:
		return failed(StepRule, "entry %d does not break the rule %s, but as far as the entries here go another, %s", b.Index, c.Rule, refusal)
	case refusal.Rule == rules.Time && e.Registered < s.LastTime() && s.last+1 != b.Index:
		return failed(StepRule, "entry %d is of an earlier time than entry %d, and entry %d, directly before it, is not here", b.Index, s.last, b.Index-1)
	}
	b.Reason = refusal.Reason
	return c.judgeAbsence(b, refusal.Rule == rules.Refers && s.missing)
}

// judgeAbsence compares whether the rule missed a record with what the evidence
// says, and whether it may be among the entries that are not here.
func (c *Charge) judgeAbsence(b *Breach, missing bool) error {
	doubtful := missing && uint64(len(c.Proofs)-1) < b.Index
	switch {
	case !doubtful && c.Absent != nil:
		return failed(StepRule, "entry %d does not break the rule %s by an absence", b.Index, b.Rule)
	case !doubtful:
		return nil
	case c.Absent == nil || *c.Absent != Range{0, b.Index - 1}:
		return failed(StepRule, "entry %d breaks the rule %s by an absence, and the evidence does not say: absent 0 %d", b.Index, b.Rule, b.Index-1)
	}
	b.Verdict, b.Absent = Unchecked, c.Absent
	b.Doubt = fmt.Sprintf("that no such record is there, shows who reads entries %d to %d of %s", c.Absent.First, c.Absent.Last, b.Checkpoint.Origin)
	return nil
}

// An evidenceState is what the earlier entries of evidence say.
type evidenceState struct {
	rules.Memory
	last    uint64 // index of the last of them
	missing bool   // a record was asked for that is not among them
}

func (s *evidenceState) Lookup(id record.ID) (*rules.Entry, error) {
	e, err := s.Memory.Lookup(id)
	s.missing = s.missing || e == nil
	return e, err
}

// Place is asked where the rules compare the places of two contracts. Each has to be
// here, with all that it replaces: else nobody can say whether the one comes before the
// other.
func (s *evidenceState) Place(contract record.ID) (rules.Place, error) {
	p := rules.Place{Chain: contract}
	for {
		e, err := s.Memory.Lookup(p.Chain)
		switch {
		case err != nil:
			return p, err
		case e == nil || e.Text.Kind != record.Contract:
			return p, fmt.Errorf("where contract %s stands, %s says, and that contract is not here", contract, p.Chain)
		case e.Text.Replaces == record.ID{}:
			return p, nil
		}
		p.Chain, p.Depth = e.Text.Replaces, p.Depth+1
	}
}

// state makes the state of the earlier entries.
func (c *Charge) state(checkpoint *Checkpoint) (*evidenceState, error) {
	s := new(evidenceState)
	for _, proof := range c.Proofs[1:] {
		e := OpenEntry(proof.Extra)
		switch {
		case e.fault != nil:
			return nil, failed(StepEntry, "entry %d, which is to show the breach, is at fault itself: %s", proof.Index, e.fault)
		case e.Record.Text().Ledger != checkpoint.Log.Key:
			return nil, failed(StepEntry, "entry %d, which is to show the breach, is for the ledger %s", proof.Index, e.Record.Text().Ledger)
		case !e.Record.Complete():
			return nil, failed(StepEntry, "entry %d, which is to show the breach, lacks signatures itself", proof.Index)
		}
		if err := s.Add(proof.Index, e.Registered, e.Record); err != nil {
			return nil, failed(StepEntry, "entry %d: %s", proof.Index, err)
		}
		s.last = proof.Index
	}
	return s, nil
}

func (c *Charge) judgeFork(p *Policy) (*Breach, error) {
	before, x := c.Checkpoint, c.Consistency
	after := x.Checkpoint
	ledger, err := p.accused(before, after)
	if err != nil {
		return nil, err
	}
	switch {
	case x.Old != before.Size:
		return nil, failed(StepSize, "the proof is from size %d, the checkpoint has %d", x.Old, before.Size)
	case tlog.VerifyConsistency(before.Size, c.Root, after.Size, after.Root, x.Hashes) != nil:
		return nil, failed(StepConsistency, "the first %d entries of the tree of %d do not hash to %s", before.Size, after.Size, c.Root)
	case c.Root == before.Root:
		return nil, failed(StepRule, "the tree of %d entries begins with the one of %d", after.Size, before.Size)
	}
	reason := fmt.Sprintf("%s signed two trees: one of %s, %s, and one of %d, %s",
		before.Origin, entries(before.Size), before.Root, after.Size, after.Root)
	if before.Size < after.Size {
		reason += fmt.Sprintf(", which does not begin with the other: its first %s have the root %s", entries(before.Size), c.Root)
	}
	return forkOf(ledger, before, after, before.Size, reason), nil
}

// forkOf returns the breach that two trees show, the smaller one first.
func forkOf(ledger Log, small, large tlog.SignedCheckpoint, index uint64, reason string) *Breach {
	return &Breach{
		Verdict: Yes, Rule: Fork, Reason: reason, Index: index,
		Checkpoint: &Checkpoint{SignedCheckpoint: large, Log: ledger}, Other: &Checkpoint{SignedCheckpoint: small, Log: ledger},
	}
}
