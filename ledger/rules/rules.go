// Package rules says which record a ledger admits: the rules of admission of
// testvectors/FORMATS.md, section 4, as one pure function of the record, its time,
// and the state that the entries before it made.
//
// The ledger asks it before it appends, and every audit asks it afterwards, so a
// ledger that breaks its own rules is found out from its log.
package rules

import (
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Rule is the name of a rule of admission.
type Rule string

// The rules in the order in which they are asked. The first that fails is the one
// that a [Refusal] names.
const (
	Form       Rule = "form"
	Size       Rule = "size"
	Once       Rule = "once"
	Refers     Rule = "refers"
	Time       Rule = "time"
	Signed     Rule = "signed"
	Revoked    Rule = "revoked"
	Quorum     Rule = "quorum"
	Replaces   Rule = "replaces"
	Under      Rule = "under"
	Terminates Rule = "terminates"
)

// Skew is by how many seconds a record's clock may be ahead of the ledger's, the
// ledger's behind its own last entry, and a witness's behind the ledger's.
const Skew = 300

// A Refusal names the rule that a record breaks, and says how.
type Refusal struct {
	Rule   Rule
	Reason string
	Index  uint64 // with Once: the entry that has the record's id
}

func (r *Refusal) Error() string { return string(r.Rule) + ": " + r.Reason }

func refuse(rule Rule, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Reason: fmt.Sprintf(format, args...)}
}

// Admit says whether the ledger of this key admits r at time t, in POSIX seconds,
// as the entry after those that made s. It returns nil, a [*Refusal], or the error
// of s.
func Admit(s State, ledger note.Key, t int64, r *record.Record) error {
	refs, err := early(s, ledger, t, r.Text(), r.ID())
	if err != nil {
		return err
	}
	if err := revoked(s, r); err != nil {
		return err
	}
	if err := quorum(r); err != nil {
		return err
	}
	switch text := r.Text(); {
	case text.Kind == record.Termination:
		return terminates(s, refs.contract, t, text)
	case text.Kind != record.Contract:
		return nil
	}
	if err := replaces(s, refs.contract, t); err != nil {
		return err
	}
	if refs.frame == nil {
		return nil
	}
	return CheckUnder(s, refs.frame, t, r)
}

// Refuse says which rule refuses a text whose signature lines are at fault: one
// that comes before Signed, or Signed. It never returns nil.
func Refuse(s State, ledger note.Key, t int64, fault *record.SignatureError) error {
	if _, err := early(s, ledger, t, fault.Text, fault.Text.ID()); err != nil {
		return err
	}
	return refuse(Signed, "%s", fault.Reason)
}

// references are the earlier contracts that a text names.
type references struct {
	contract *Entry // that it is under, or replaces; nil for none
	frame    *Entry // nil for none
}

// early asks the rules that need no signatures.
func early(s State, ledger note.Key, t int64, text *record.Text, id record.ID) (references, error) {
	// The rest of the form is the type of the text. A text that fits
	// record.MaxText fits an entry, so Size is never at fault here.
	if text.Ledger != ledger {
		return references{}, refuse(Form, "the record is for the ledger %s, this is %s", text.Ledger, ledger)
	}
	if err := once(s, id); err != nil {
		return references{}, err
	}
	refs, err := refers(s, text)
	if err != nil {
		return references{}, err
	}
	return refs, inTime(s, t, text)
}

func once(s State, id record.ID) error {
	index, ok, err := s.Index(id)
	if err != nil || !ok {
		return err
	}
	return &Refusal{Rule: Once, Reason: fmt.Sprintf("record %s is registered already, as entry %d", id, index), Index: index}
}

func inTime(s State, t int64, text *record.Text) error {
	now := record.FormatTime(t)
	switch last := s.LastTime(); {
	case t < last:
		return refuse(Time, "it is %s, before the last entry, of %s", now, record.FormatTime(last))
	case text.Made > t+Skew:
		return refuse(Time, "made is %s, more than %d seconds after the ledger's time, %s", record.FormatTime(text.Made), Skew, now)
	case text.Kind != record.Revocation && t > text.SignBy:
		return refuse(Time, "sign-by is %s, it is %s", record.FormatTime(text.SignBy), now)
	}
	return nil
}

func revoked(s State, r *record.Record) error {
	keys := r.Signed()
	if r.Text().Kind == record.Revocation {
		keys = []note.Key{r.Text().Key} // whether it has signed or not
	}
	for _, k := range keys {
		index, ok, err := s.Revoked(k.Public())
		if err != nil {
			return err
		}
		if ok {
			return refuse(Revoked, "the key of %s, %s, is revoked by entry %d", k.Name(), k.Public().Fingerprint(), index)
		}
	}
	return nil
}

func quorum(r *record.Record) error {
	missing := r.Missing()
	if len(missing) == 0 {
		return nil
	}
	var who []string
	for _, m := range missing {
		who = append(who, fmt.Sprintf("%s has %d of %d signatures", m.Name(), m.Signed, m.Threshold))
	}
	return refuse(Quorum, "%s", strings.Join(who, ", "))
}
