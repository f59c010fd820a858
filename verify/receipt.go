package verify

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A Step is a part of verifying, named where it fails.
type Step string

// The steps of a receipt, in their order.
const (
	StepProof       Step = "proof"       // the form of the tlog-proof
	StepEntry       Step = "entry"       // the form and size of the entry, and of the record in it
	StepLedger      Step = "ledger"      // the record is for a log of the policy
	StepCheckpoint  Step = "checkpoint"  // that log signed the checkpoint, under its origin
	StepCosignature Step = "cosignature" // every line of another log or a witness of the policy verifies
	StepQuorum      Step = "quorum"      // the witnesses that cosigned in time make the quorum
	StepIndex       Step = "index"       // the entry's number is below the tree's size
	StepInclusion   Step = "inclusion"   // the entry is in the tree at that number
	StepSignatures  Step = "signatures"  // the parties' signatures verify, and are enough
	StepDocuments   Step = "documents"   // the documents are the ones that the record names
)

// The steps of a consistency proof that a receipt does not have.
const (
	StepForm        Step = "form"        // of either checkpoint, or of the proof
	StepSize        Step = "size"        // the proof starts at the older checkpoint's size
	StepConsistency Step = "consistency" // the newer tree begins with the older one
)

// The steps of what several receipts say together.
const (
	StepUnder Step = "under" // a contract was made by a party of its frame, while that was in force
	StepFork  Step = "fork"  // no receipt contradicts another
)

// A Failure says at which step something did not hold, and why.
type Failure struct {
	Step   Step   `json:"step"`
	Reason string `json:"reason"`
}

func (f *Failure) Error() string { return f.Reason }

func failed(step Step, format string, args ...any) *Failure {
	return &Failure{step, fmt.Sprintf(format, args...)}
}

// A Registration is an entry whose receipt holds: a log of the policy registered
// the record, everyone who had to sign it has, and a quorum saw the tree that it is
// in. It says nothing of what came later.
type Registration struct {
	Record     *record.Record
	Registered int64  // POSIX seconds, by the ledger's word
	Index      uint64 // of the entry
	Checkpoint *Checkpoint
	Counted    []Cosignature // of Checkpoint: those that are not from before the entry
	SeenBy     int64         // POSIX seconds: when a quorum had cosigned Checkpoint ([Policy.SeenBy]), or the older tree; 0 where there is only the ledger's word

	hashes  []tlog.Hash   // that prove it
	older   *Registration // by an older receipt of the entry, under a smaller tree; nil for none
	bounded bool          // SeenBy is of older
}

// seen returns the registration under whose tree a quorum had seen the entry by
// [Registration.SeenBy]: this one, or the older.
func (r *Registration) seen() *Registration {
	if r.bounded {
		return r.older
	}
	return r
}

// Receipt verifies a receipt: a c2sp.org/tlog-proof@v1 whose extra is an entry. The
// error is a [*Failure].
func Receipt(p *Policy, proof []byte) (*Registration, error) {
	parsed, entry, err := parseReceipt(proof)
	if err != nil {
		return nil, err
	}
	r, text, fault, err := openRecord(entry.Record)
	if err != nil {
		return nil, failed(StepEntry, "record: %s", err)
	}
	reg, err := registered(p, text.Ledger, parsed, entry)
	if err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, failed(StepSignatures, "%s", fault.Reason)
	}
	for _, m := range r.Missing() {
		return nil, failed(StepSignatures, "%s has %d of %d signatures", m.Name(), m.Signed, m.Threshold)
	}
	reg.Record = r
	return reg, nil
}

func parseReceipt(proof []byte) (tlog.Proof, record.Entry, error) {
	parsed, err := tlog.ParseProof(proof)
	if err != nil {
		return tlog.Proof{}, record.Entry{}, failed(StepProof, "%s", err)
	}
	entry, err := record.ParseEntry(parsed.Extra)
	if err != nil {
		return tlog.Proof{}, record.Entry{}, failed(StepEntry, "%s", err)
	}
	return parsed, entry, nil
}

// registered verifies that a ledger of the policy has the entry, and that a quorum
// saw it. The registration has no record yet.
func registered(p *Policy, ledger note.Key, proof tlog.Proof, entry record.Entry) (*Registration, error) {
	c, err := checkpointFor(p, ledger, proof.Checkpoint)
	if err != nil {
		return nil, err
	}
	return registeredUnder(p, c, proof, entry)
}

// checkpointFor verifies a checkpoint as one of a ledger of the policy. It does not ask
// for the quorum.
func checkpointFor(p *Policy, ledger note.Key, c tlog.SignedCheckpoint) (*Checkpoint, error) {
	log, ok := p.Log(ledger)
	if !ok {
		return nil, failed(StepLedger, "the record is for the ledger %s, which is no log of the policy", ledger)
	}
	return p.checkpointOf(log, c)
}

// registeredUnder is the rest of registered, when c is the proof's checkpoint, verified.
func registeredUnder(p *Policy, c *Checkpoint, proof tlog.Proof, entry record.Entry) (*Registration, error) {
	reg := &Registration{Registered: entry.Registered, Index: proof.Index, Checkpoint: c, hashes: proof.Hashes}
	if err := reg.meet(p); err != nil {
		return nil, err
	}
	return reg, included(proof)
}

// openRecord tells a record out of form from one whose signature lines are at
// fault, which is a later step.
func openRecord(b []byte) (*record.Record, *record.Text, *record.SignatureError, error) {
	r, err := record.Open(b, note.PublicKey.Verify)
	var fault *record.SignatureError
	switch {
	case errors.As(err, &fault):
		return nil, fault.Text, fault, nil
	case err != nil:
		return nil, nil, nil, err
	}
	return r, r.Text(), nil, nil
}

// meet asks for the quorum, of the cosignatures that are not from before the entry.
func (r *Registration) meet(p *Policy) error {
	since := r.Registered - rules.Skew
	for _, c := range r.Checkpoint.Cosignatures {
		if c.Time >= since {
			r.Counted = append(r.Counted, c)
		}
	}
	var ok bool
	if r.SeenBy, ok = p.quorumTime(r.Counted); !ok {
		return failed(StepQuorum, "the quorum %s is not met: %s", p.Quorum, listCosignatures(r.Checkpoint.Cosignatures, since))
	}
	return nil
}

func listCosignatures(cosignatures []Cosignature, since int64) string {
	if len(cosignatures) == 0 {
		return "no witness of the policy cosigned"
	}
	var s string
	for i, c := range cosignatures {
		if i > 0 {
			s += ", "
		}
		s += c.Witness.Name + " cosigned at " + record.FormatTime(c.Time)
		if c.Own {
			s += " (the ledger's own word)"
		}
		if c.Time < since {
			s += ", before the entry was there"
		}
	}
	return s
}

func included(p tlog.Proof) error {
	if p.Index >= p.Checkpoint.Size {
		return failed(StepIndex, "the entry is number %d, the tree of the checkpoint has %d", p.Index, p.Checkpoint.Size)
	}
	if err := tlog.VerifyInclusion(tlog.LeafHash(p.Extra), p.Index, p.Checkpoint.Size, p.Hashes, p.Checkpoint.Root); err != nil {
		return failed(StepInclusion, "not registered: the entry is not number %d of %s", p.Index, p.Checkpoint.Origin)
	}
	return nil
}
