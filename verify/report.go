package verify

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Verdict is the answer of a verification.
type Verdict string

const (
	Yes       Verdict = "yes"       // everything that was asked holds
	No        Verdict = "no"        // something does not hold
	Unchecked Verdict = "unchecked" // nothing fails, and something could not be checked
)

// A Report says in data and in sentences what was verified of one record.
type Report struct {
	Verdict    Verdict          `json:"verdict"`
	Failure    *Failure         `json:"failure,omitempty"` // with No
	ID         string           `json:"id,omitempty"`
	Kind       string           `json:"kind,omitempty"`
	Title      string           `json:"title,omitempty"`
	About      string           `json:"about,omitempty"`     // of a statement
	Contract   string           `json:"contract,omitempty"`  // id, of a statement or termination
	Answers    string           `json:"answers,omitempty"`   // id, of a statement
	Effective  string           `json:"effective,omitempty"` // of a termination, where it says so
	Replaces   string           `json:"replaces,omitempty"`  // id, of a contract
	Under      string           `json:"under,omitempty"`     // id, of a contract
	Ledger     string           `json:"ledger,omitempty"`    // vkey
	Registered string           `json:"registered,omitempty"`
	Index      *uint64          `json:"index,omitempty"`
	Size       uint64           `json:"size,omitempty"` // of the tree
	Root       string           `json:"root,omitempty"` // base64
	Quorum     string           `json:"quorum,omitempty"`
	SeenBy     string           `json:"seen_by,omitempty"`     // by when a quorum had seen the entry
	LedgerOnly bool             `json:"ledger_only,omitempty"` // nobody but the ledger vouches for the tree and its time
	SeenIn     *SeenReport      `json:"seen_in,omitempty"`     // the older tree in which it had, where it is not the one of size and root
	Witnesses  []WitnessReport  `json:"witnesses,omitempty"`   // of the tree of size and root
	Parties    []PartyReport    `json:"parties,omitempty"`
	Documents  []DocumentReport `json:"documents,omitempty"`
	Proved     []string         `json:"proved"`
	NotProved  []string         `json:"not_proved"`
	Unchecked  []string         `json:"unchecked,omitempty"`   // with the verdict "unchecked"
	Replaced   string           `json:"replaced_by,omitempty"` // id of the contract that took this one's place
}

// A WitnessReport is a cosignature that counted.
type WitnessReport struct {
	Name   string `json:"name"`
	Time   string `json:"time"`
	Ledger bool   `json:"ledger,omitempty"` // the ledger's own word, no independent view
}

// A SeenReport is an older tree of the ledger that the entry is in, too, as a quorum
// had seen it.
type SeenReport struct {
	Size      uint64          `json:"size"`
	Root      string          `json:"root"` // base64
	Witnesses []WitnessReport `json:"witnesses"`
}

// A PartyReport is a line whose keys had to sign.
type PartyReport struct {
	Name      string      `json:"name"` // role; "former <role>"; of a revocation the key
	Threshold int         `json:"threshold"`
	Keys      []KeyReport `json:"keys"`
}

// A KeyReport is a key that a record lists.
type KeyReport struct {
	Name        string `json:"name"` // by the record's word
	Fingerprint string `json:"fingerprint"`
	Key         string `json:"key"` // 64 hex digits
	Signed      bool   `json:"signed"`
}

// A DocumentReport is a document that a record names.
type DocumentReport struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Compared bool   `json:"compared"` // and found to be the one
}

// Refused reports a failure. What is known of the record is not repeated: nothing
// of it is proved.
func Refused(err error) *Report {
	r := &Report{Verdict: No, Proved: []string{}, NotProved: []string{}}
	if !errors.As(err, &r.Failure) {
		r.Failure = &Failure{Step: StepForm, Reason: err.Error()}
	}
	return r
}

// Report says what the registration proves under policy p, and what it does not.
// None of the record's documents is compared yet.
func (r *Registration) Report(p *Policy) *Report {
	t := r.Record.Text()
	index := r.Index
	rep := &Report{
		Verdict: Yes, ID: r.Record.ID().String(), Kind: t.Kind.String(), Title: t.Title, Ledger: t.Ledger.String(),
		Registered: record.FormatTime(r.Registered), Index: &index, Size: r.Checkpoint.Size, Root: r.Checkpoint.Root.String(),
		Quorum: p.Quorum, Proved: []string{}, NotProved: []string{},
	}
	rep.content(t)
	for _, d := range t.Documents {
		rep.Documents = append(rep.Documents, DocumentReport{Name: d.Name, Kind: d.Kind})
	}
	rep.signatures(r.Record)
	rep.registration(r, p)
	rep.limits(t)
	return rep
}

// content says what a record is about, beside its title.
func (rep *Report) content(t *record.Text) {
	rep.About = t.About
	for _, ref := range []struct {
		to *string
		id record.ID
	}{{&rep.Contract, t.Contract}, {&rep.Answers, t.Answers}, {&rep.Replaces, t.Replaces}, {&rep.Under, t.Under}} {
		if ref.id != (record.ID{}) {
			*ref.to = ref.id.String()
		}
	}
	if t.Effective != 0 {
		rep.Effective = t.Effective.String()
	}
}

func (rep *Report) signatures(r *record.Record) {
	for _, q := range r.Text().Requirements() {
		party := PartyReport{Name: q.Name(), Threshold: q.Threshold}
		signed := 0
		for _, k := range q.Keys {
			kr := KeyReport{k.Name(), k.Public().Fingerprint(), k.Public().String(), r.SignedBy(k.Public())}
			if kr.Signed {
				signed++
			}
			party.Keys = append(party.Keys, kr)
		}
		rep.Parties = append(rep.Parties, party)
		rep.prove("%s signed%s", q.Name(), withKeys(signed, len(q.Keys), q.Threshold))
	}
}

// limits says what no receipt can prove.
func (rep *Report) limits(t *record.Text) {
	if t.Kind != record.Revocation {
		rep.leaveOpen("that no key was revoked before, and no contract replaced: only an audit of the ledger shows that")
	}
	rep.leaveOpen("who the keys belong to: their names are the record's own claim; compare the fingerprints")
	if t.Kind == record.Statement {
		rep.leaveOpen("that what is stated is true: it is what its signers say")
	}
	// What hangs on another contract is open until [Relate] has its receipt.
	if id, _ := named(t); id != (record.ID{}) {
		rep.miss(missingParties(id))
	}
	if t.Under != (record.ID{}) {
		rep.leaveOpen("that contract %s, which this is made under, was in force then: that is shown only as far as the records here go", t.Under)
		rep.miss(missingFrame(t.Under))
	}
}

func missingParties(contract record.ID) string {
	return fmt.Sprintf("that its signers are the parties of contract %s, whose receipt is not here", contract)
}

func missingFrame(frame record.ID) string {
	return fmt.Sprintf("that a party of contract %s, which this is made under, signed it: the receipt of that is not here", frame)
}

// miss says what could not be checked. What holds is then unchecked.
func (rep *Report) miss(sentence string) {
	rep.Unchecked = append(rep.Unchecked, sentence)
	if rep.Verdict == Yes {
		rep.Verdict = Unchecked
	}
}

// settle takes back that this could not be checked.
func (rep *Report) settle(sentence string) {
	rep.Unchecked = slices.DeleteFunc(rep.Unchecked, func(s string) bool { return s == sentence })
	if len(rep.Unchecked) > 0 {
		return
	}
	rep.Unchecked = nil
	if rep.Verdict == Unchecked {
		rep.Verdict = Yes
	}
}

func (rep *Report) prove(format string, args ...any) {
	rep.Proved = append(rep.Proved, fmt.Sprintf(format, args...))
}

func (rep *Report) leaveOpen(format string, args ...any) {
	rep.NotProved = append(rep.NotProved, fmt.Sprintf(format, args...))
}

// withKeys says with how many of its keys a party signed, where it has several.
func withKeys(signed, keys, threshold int) string {
	if keys == 1 {
		return ""
	}
	return fmt.Sprintf(" with %d of its %d keys; it takes %d", signed, keys, threshold)
}

// entries counts the entries of a tree.
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// Fail turns the report into one of a failure, and keeps what holds all the same.
func (rep *Report) Fail(step Step, format string, args ...any) {
	rep.Verdict, rep.Failure = No, failed(step, format, args...)
}

// Compare compares the record's documents with the files of their names, those
// that are salted with the salts in NAME.salt. A document that is not the one makes
// the report a failure; one that is absent, or whose salt is, leaves it unchecked
// unless it was compared before. The error is one of reading.
func (rep *Report) Compare(t *record.Text, files fs.FS) error {
	for i, d := range t.Documents {
		err := compareFile(d, files)
		switch {
		case err == nil:
			rep.Documents[i].Compared = true
		case errors.Is(err, fs.ErrNotExist):
			if !rep.Documents[i].Compared {
				rep.miss(fmt.Sprintf("%s (%s) could not be compared: %s is not in the folder", d.Name, d.Kind, absent(d, files)))
			}
		case errors.Is(err, record.ErrMismatch):
			rep.Fail(StepDocuments, "%s", err)
			return nil
		default:
			return err
		}
	}
	return nil
}

// absent returns which file of a document is not there: its own, else its salt's.
func absent(d record.Document, files fs.FS) string {
	if _, err := fs.Stat(files, d.Name); err == nil {
		return "its salt, " + d.Name + saltEnding + ","
	}
	return "it"
}

// saltEnding is what the name of a salt's file has beyond the document's.
const saltEnding = ".salt"

func compareFile(d record.Document, files fs.FS) error {
	// Opening a pipe would wait for somebody to write to it.
	for _, name := range []string{d.Name, d.Name + saltEnding} {
		if info, err := fs.Stat(files, name); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a file", name)
		}
	}
	f, err := files.Open(d.Name)
	if err != nil {
		return err
	}
	defer f.Close()
	var salt []byte
	if d.Salted {
		s, err := files.Open(d.Name + saltEnding)
		if err != nil {
			return err
		}
		defer s.Close()
		if salt, err = io.ReadAll(io.LimitReader(s, record.SaltSize+1)); err != nil {
			return err
		}
	}
	return d.Match(salt, f)
}

// Sentences returns what was proved and what was not, the documents among it, of a report
// that is none of a failure.
func (rep *Report) Sentences() (proved, notProved []string) {
	var same, other []string
	for _, d := range rep.Documents {
		s := fmt.Sprintf("%s (%s)", d.Name, d.Kind)
		if d.Compared {
			same = append(same, s)
		} else {
			other = append(other, s)
		}
	}
	proved, notProved = slices.Clone(rep.Proved), slices.Clone(rep.NotProved)
	if rep.Replaced != "" {
		proved = append(proved, "contract "+rep.Replaced+" took its place later")
	}
	if len(same) > 0 {
		proved = append(proved, "these documents are the ones that were signed: "+strings.Join(same, ", "))
	}
	if len(other) > 0 {
		notProved = append([]string{"what these documents say, which were not compared: " + strings.Join(other, ", ")}, notProved...)
	}
	return proved, notProved
}

// Demand makes the report, of record r, a failure unless the key is one of those of
// the role, and signed.
func (rep *Report) Demand(r *record.Record, role string, key note.PublicKey) {
	parties := r.Text().Parties
	i := slices.IndexFunc(parties, func(p record.Party) bool { return p.Role == role })
	if i < 0 {
		rep.Fail(StepSignatures, "the record has no party %s", role)
		return
	}
	keys := parties[i].Keys
	signed := slices.DeleteFunc(slices.Clone(keys), func(k note.Key) bool { return !r.SignedBy(k.Public()) })
	is := func(k note.Key) bool { return k.Public() == key }
	switch {
	case slices.ContainsFunc(signed, is):
		rep.prove("%s signed with the key you expect, %s", role, key.Fingerprint())
	case slices.ContainsFunc(keys, is):
		rep.Fail(StepSignatures, "%s signed with %s, and not with the key you expect, %s, which is only listed", role, fingerprints(signed), key.Fingerprint())
	default:
		rep.Fail(StepSignatures, "%s has the keys %s, you expect %s", role, fingerprints(keys), key.Fingerprint())
	}
}

func fingerprints(keys []note.Key) string {
	var s []string
	for _, k := range keys {
		s = append(s, k.Public().Fingerprint())
	}
	return strings.Join(s, ", ")
}
