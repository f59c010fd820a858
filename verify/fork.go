package verify

import (
	"fmt"
	"iter"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

// Contradiction says how receipts contradict each other, of which each may hold by
// itself: one entry of a ledger is two, a tree of one size has two roots, or a record
// is two entries. Any of it is evidence against the ledger. It is nil when none does;
// that the ledger has shown nobody another past, that does not say.
func Contradiction(items []Item) *Failure {
	for a, b := range contradictions(items) {
		return failed(StepFork, "%s %s: the %s is %s by the receipt of %s, and %s by that of %s",
			a.ledger.Name(), a.offence, a.what, a.value, a.by, b.value, b.by)
	}
	return nil
}

// contradictions returns claims of one subject with two values, the first claim of it and
// a later one.
func contradictions(items []Item) iter.Seq2[claim, claim] {
	return func(yield func(a, b claim) bool) {
		first := make(map[subject]claim)
		for _, item := range items {
			if item.Registration == nil {
				continue
			}
			for _, c := range item.claims() {
				other, ok := first[c.subject]
				if !ok {
					first[c.subject] = c
				}
				if ok && other.value != c.value && !yield(other, c) {
					return
				}
			}
		}
	}
}

// A claim is what a receipt says of a subject.
type claim struct {
	subject
	value string
	by    string // the record
	reg   *Registration
	tree  *Checkpoint // whose root it is; nil for another subject
}

// The offences.
const (
	twoPasts = "shows two pasts"
	twice    = "broke the rule once"
)

// A subject has one value in one past of a ledger that registers no record twice.
type subject struct {
	ledger  note.Key
	what    string
	offence string // of two values
}

func (i Item) claims() []claim {
	ledger, index := i.Record.Text().Ledger, i.Registration.Index
	by := fmt.Sprintf("%s %s", i.Record.Text().Kind, i.Record.ID())
	leaf := tlog.LeafHash(record.Entry{Registered: i.Registration.Registered, Record: i.Record.Bytes()}.Bytes())
	claims := []claim{
		{subject{ledger, fmt.Sprintf("leaf hash of its entry %d", index), twoPasts}, leaf.String(), by, i.Registration, nil},
		{subject{ledger, "number of " + by, twice}, fmt.Sprint(index), by, i.Registration, nil},
	}
	for _, r := range []*Registration{i.Registration, i.Registration.older} {
		if r != nil {
			c := r.Checkpoint
			claims = append(claims, claim{subject{ledger, "root of its tree of " + entries(c.Size), twoPasts}, c.Root.String(), by, i.Registration, c})
		}
	}
	return claims
}
