package verify

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// An Entry is an entry of a log with every signature in it checked, or with what is
// wrong with it. What the entries before it make of it, [Entry.Admit] says.
type Entry struct {
	Registered int64          // POSIX seconds; 0 where the line of it is at fault
	Record     *record.Record // nil with any fault
	fault      error          // nil, a *record.SignatureError, a *rules.Refusal, or an *UnknownKind
}

// An UnknownKind says that an entry is of a kind or version that came after this
// program. Whether it breaks a rule, this program cannot say.
type UnknownKind struct {
	Line string // the first line of the record
}

func (u *UnknownKind) Error() string {
	return fmt.Sprintf("it is of a kind that this program does not know, %s", u.Line)
}

// OpenEntry reads an entry as it is in a log. It is a pure function, and the
// expensive part of judging an entry.
func OpenEntry(b []byte) Entry { return OpenEntryBy(b, note.ParsePublicKey, note.PublicKey.Verify) }

// OpenEntryBy is [OpenEntry] for whoever reads many entries: it says the same where read
// and check say what [note.ParsePublicKey] and [note.PublicKey.Verify] say, which they do
// sooner of keys that they remember.
func OpenEntryBy(b []byte, read record.ReadKey, check record.Check) Entry {
	if len(b) > record.MaxEntry {
		reason := fmt.Sprintf("the entry has %d bytes, at most %d are allowed", len(b), record.MaxEntry)
		return Entry{fault: &rules.Refusal{Rule: rules.Size, Reason: reason}}
	}
	e, err := record.ParseEntry(b)
	if err != nil {
		return Entry{fault: &rules.Refusal{Rule: rules.Form, Reason: err.Error()}}
	}
	r, err := openKnown(e.Record, read, check)
	var signature *record.SignatureError
	switch {
	case err == nil, errors.As(err, &signature):
	case isUnknown(e.Record):
		line, _, _ := strings.Cut(string(e.Record), "\n")
		err = &UnknownKind{line}
	default:
		err = &rules.Refusal{Rule: rules.Form, Reason: err.Error()}
	}
	return Entry{e.Registered, r, err}
}

func openKnown(b []byte, read record.ReadKey, check record.Check) (*record.Record, error) {
	n, err := note.Parse(b)
	if err != nil {
		return nil, err
	}
	return record.OpenNote(n, read, check)
}

// isUnknown says whether b begins as a record does, chirograph/<kind>/v<version>, of a
// kind or version that FORMATS.md, section 2, does not name.
func isUnknown(b []byte) bool {
	first, _, ended := strings.Cut(string(b[:min(len(b), maxFirstLine)]), "\n")
	name, ok := strings.CutPrefix(first, "chirograph/")
	kind, version, versioned := strings.Cut(name, "/v")
	if !ended || !ok || !versioned || !isKind(kind) || !isVersion(version) {
		return false
	}
	for k := record.Contract; k <= record.Revocation; k++ {
		if kind == k.String() && version == "1" {
			return false
		}
	}
	return true
}

// What the first line of a record of any kind and version has, in bytes.
const (
	maxKind      = 32
	maxVersion   = 9
	maxFirstLine = len("chirograph/") + maxKind + len("/v") + maxVersion + len("\n")
)

// isKind says whether s is a lower-case letter, and then such letters, digits and hyphens.
func isKind(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return s != "" && len(s) <= maxKind && strings.Contains(letters, s[:1]) && strings.Trim(s, letters+"0123456789-") == ""
}

// isVersion says whether s is a decimal above 0 without leading zeros.
func isVersion(s string) bool {
	return s != "" && len(s) <= maxVersion && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// ID returns the record's name where the text is in form; else the zero ID.
func (e Entry) ID() record.ID {
	var signature *record.SignatureError
	switch {
	case e.Record != nil:
		return e.Record.ID()
	case errors.As(e.fault, &signature):
		return signature.Text.ID()
	}
	return record.ID{}
}

// Admit says whether the ledger of this key may have the entry after those that made
// s. It returns nil, a [*rules.Refusal], an [*UnknownKind], or the error of s.
func (e Entry) Admit(s rules.State, ledger note.Key) error {
	var signature *record.SignatureError
	switch {
	case e.fault == nil:
		return rules.Admit(s, ledger, e.Registered, e.Record)
	case errors.As(e.fault, &signature):
		return rules.Refuse(s, ledger, e.Registered, signature)
	}
	return e.fault
}
