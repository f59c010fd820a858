package verify

import (
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

// Contradiction says how receipts contradict each other, of which each may hold by
// itself: one entry of a ledger is two, a tree of one size has two roots, or a record
// is two entries. Any of it is evidence against the ledger. It is nil when none does;
// that the ledger has shown nobody another past, that does not say.
func Contradiction(items []Item) *Failure {
	first := make(map[subject]claim)
	for _, item := range items {
		if item.Registration == nil {
			continue
		}
		for _, c := range item.claims() {
			other, ok := first[c.subject]
			switch {
			case !ok:
				first[c.subject] = c
			case other.value != c.value:
				return failed(StepFork, "%s %s: the %s is %s by the receipt of %s, and %s by that of %s",
					c.ledger.Name(), c.offence, c.what, other.value, other.by, c.value, c.by)
			}
		}
	}
	return nil
}

// A claim is what a receipt says of a subject.
type claim struct {
	subject
	value string
	by    string // the record
}

// A subject has one value in one past of a ledger that registers no record twice.
type subject struct {
	ledger  note.Key
	what    string
	offence string // of two values
}

func (i Item) claims() []claim {
	const twoPasts, twice = "shows two pasts", "broke the rule once"
	ledger, index := i.Record.Text().Ledger, i.Registration.Index
	by := fmt.Sprintf("%s %s", i.Record.Text().Kind, i.Record.ID())
	leaf := tlog.LeafHash(record.Entry{Registered: i.Registration.Registered, Record: i.Record.Bytes()}.Bytes())
	claims := []claim{
		{subject{ledger, fmt.Sprintf("leaf hash of its entry %d", index), twoPasts}, leaf.String(), by},
		{subject{ledger, "number of " + by, twice}, fmt.Sprint(index), by},
	}
	for _, c := range []*Checkpoint{i.Registration.Checkpoint, i.Registration.older} {
		if c != nil {
			claims = append(claims, claim{subject{ledger, "root of its tree of " + entries(c.Size), twoPasts}, c.Root.String(), by})
		}
	}
	return claims
}
