package audit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// breach returns what is wrong with an entry that comes next after the copy, and
// should have been refused.
func (a *auditor) breach(index uint64, e verify.Entry, raw []byte) error {
	read := reader{store: a.store, State: a.store.State(a.store.Head()), indexes: make(map[uint64]bool)}
	err := e.Admit(&read, a.store.Key())
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) {
		return fmt.Errorf("entry %d was refused, and then not: %w", index, err)
	}
	f := &Finding{Rule: refusal.Rule, Index: index, ID: e.ID(), Reason: refusal.Reason}
	c := &verify.Charge{Rule: refusal.Rule}
	if refusal.Rule == rules.Time && e.Registered < read.LastTime() {
		read.indexes[index-1] = true
	}
	if err := read.chains(); err != nil {
		return err
	}
	// Where all entries before are proved, so is the absence.
	if refusal.Rule == rules.Refers && read.missing && uint64(len(read.indexes)) < index {
		c.Absent = &verify.Range{First: 0, Last: index - 1}
	}
	if err := a.prover(c, index, raw); err != nil {
		return err
	}
	for _, i := range read.sorted() {
		entry, err := a.store.Entry(i)
		if err != nil {
			return err
		}
		if err := a.prover(c, i, entry); err != nil {
			return err
		}
	}
	return a.charge(f, c)
}

// prover adds the proof of an entry to the charge.
func (a *auditor) prover(c *verify.Charge, index uint64, entry []byte) error {
	hashes, err := tlog.InclusionProof(a.tiles.read, index, a.tiles.Size)
	if err != nil {
		return err
	}
	c.Proofs = append(c.Proofs, tlog.Proof{Extra: entry, Index: index, Hashes: hashes, Checkpoint: a.alone(a.result.Checkpoint.SignedCheckpoint)})
	return nil
}

// alone returns the checkpoint with what evidence needs of it.
func (a *auditor) alone(c tlog.SignedCheckpoint) tlog.SignedCheckpoint {
	return verify.Log{Key: a.store.Key()}.Alone(c)
}

// charge returns the finding with its evidence, after that was judged as anybody will
// judge it.
func (a *auditor) charge(f *Finding, c *verify.Charge) error {
	evidence := c.Bytes()
	if len(evidence) > verify.MaxEvidence {
		f.Doubt = fmt.Sprintf("the evidence has %d bytes, at most %d are allowed", len(evidence), verify.MaxEvidence)
		return &finding{*f}
	}
	b, err := verify.Evidence(a.Policy, evidence)
	if err != nil {
		return fmt.Errorf("%s; and the evidence of it does not hold: %w", f, err)
	}
	f.Reason, f.Doubt, f.Evidence = b.Reason, b.Doubt, evidence
	return &finding{*f}
}

// A reader is a state that notes which entries say what it was asked for.
type reader struct {
	rules.State
	store   *store.Store
	indexes map[uint64]bool
	placed  []record.ID // contracts whose places were asked for
	missing bool        // a record was looked up that is not there
}

func (r *reader) note(index uint64, ok bool) {
	if ok {
		r.indexes[index] = true
	}
}

func (r *reader) Index(id record.ID) (uint64, bool, error) {
	index, ok, err := r.State.Index(id)
	r.note(index, ok)
	return index, ok, err
}

func (r *reader) Lookup(id record.ID) (*rules.Entry, error) {
	e, err := r.State.Lookup(id)
	if e != nil {
		r.indexes[e.Index] = true
	}
	r.missing = r.missing || e == nil
	return e, err
}

func (r *reader) Revoked(key note.PublicKey) (uint64, bool, error) {
	index, ok, err := r.State.Revoked(key)
	r.note(index, ok)
	return index, ok, err
}

func (r *reader) Place(contract record.ID) (rules.Place, error) {
	r.placed = append(r.placed, contract)
	return r.State.Place(contract)
}

func (r *reader) Ends(contract record.ID) ([]rules.End, error) {
	ends, err := r.State.Ends(contract)
	for _, e := range ends {
		r.indexes[e.Index] = true
	}
	return ends, err
}

// chains adds the contracts whose places were asked for, and all that they replace, at
// any remove: without these nobody can say where they stand.
func (r *reader) chains() error {
	for _, contract := range r.placed {
		for contract != (record.ID{}) {
			index, ok, err := r.State.Index(contract)
			if err != nil || !ok {
				return err
			}
			r.note(index, ok)
			e, err := r.store.Registered(index)
			if err != nil {
				return err
			}
			contract = e.Record.Text().Replaces
		}
	}
	return nil
}

func (r *reader) sorted() []uint64 {
	var list []uint64
	for index := range r.indexes {
		list = append(list, index)
	}
	slices.Sort(list)
	return list
}
