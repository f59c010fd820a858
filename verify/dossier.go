package verify

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// An Item is what was found out of one record.
type Item struct {
	*Registration // nil when the report is of a failure
	*Report
}

// Dossier verifies every receipt of a dossier and compares every document that it
// holds. Drafts are no items: they are what the contract might become. A dossier
// whose contract is not registered has an item that says so. The items are still
// to be related ([Relate]). The error is one of reading.
func Dossier(p *Policy, d *dossier.Dossier) ([]Item, error) {
	var items []Item
	for _, r := range d.Records() {
		receipt := d.Receipt(r.ID())
		if receipt == nil {
			if r == d.Contract() {
				items = append(items, Item{Report: Refused(unregistered(r))})
			}
			continue
		}
		item, err := dossierItem(p, d, r, receipt)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func unregistered(r *record.Record) error {
	if missing := r.Missing(); len(missing) > 0 {
		m := missing[0]
		return failed(StepProof, "not registered: contract %s is a draft, %s has %d of %d signatures", r.ID(), m.Name(), m.Signed, m.Threshold)
	}
	return failed(StepProof, "not registered: the dossier has no receipt of contract %s, which everyone has signed", r.ID())
}

func dossierItem(p *Policy, d *dossier.Dossier, r *record.Record, receipt *dossier.Receipt) (Item, error) {
	reg, err := Receipt(p, receipt.Bytes())
	if err != nil {
		return Item{Report: Refused(inRecord(r, err))}, nil
	}
	if first := d.FirstReceipt(r.ID()); first != receipt {
		if err := reg.bound(p, first.Bytes()); err != nil {
			return Item{Report: Refused(inRecord(r, err))}, nil
		}
	}
	rep := reg.Report(p)
	documents, err := d.CheckDocuments(r.ID())
	if err != nil {
		return Item{}, err
	}
	for i, c := range documents {
		switch c.State {
		case dossier.Matches:
			rep.Documents[i].Compared = true
		case dossier.Differs:
			rep.Fail(StepDocuments, "%s", c.Reason)
		}
	}
	return Item{reg, rep}, nil
}

// bound takes the time at which a quorum had seen the entry from an older receipt
// of it, if that is earlier. A receipt without a quorum, as from before the policy
// had its witnesses, bounds nothing.
func (r *Registration) bound(p *Policy, receipt []byte) error {
	older, err := Receipt(p, receipt)
	if err != nil {
		f := Refused(err).Failure
		if f.Step == StepQuorum {
			return nil
		}
		return failed(f.Step, "its oldest receipt: %s", f.Reason)
	}
	if older.SeenBy < r.SeenBy {
		r.SeenBy, r.Counted = older.SeenBy, older.Counted
	}
	return nil
}

// inRecord says of which record of a dossier a failure is.
func inRecord(r *record.Record, err error) error {
	f := Refused(err).Failure
	return failed(f.Step, "%s %s: %s", r.Text().Kind, r.ID(), f.Reason)
}

// Relate puts the items in the order of their registration and lets them judge each
// other. A statement, termination or amendment whose contract is among them is of
// that contract's parties, and registered after it, or fails. A record that a key
// signed after an entry that revokes it fails. A contract that another replaced,
// says so. The same entry may be there more than once.
func Relate(items []Item) {
	SortByIndex(items)
	contracts := make(map[record.ID][]Item)
	revoked := make(map[ledgerKey]uint64)
	for _, item := range items {
		if item.Registration == nil {
			continue
		}
		switch t := item.Record.Text(); t.Kind {
		case record.Contract:
			contracts[item.Record.ID()] = append(contracts[item.Record.ID()], item)
		case record.Revocation:
			k := ledgerKey{t.Ledger, t.Key.Public()}
			if _, ok := revoked[k]; !ok {
				revoked[k] = item.Registration.Index
			}
		}
	}
	for _, item := range items {
		if item.Registration != nil {
			item.relate(contracts, revoked)
		}
	}
}

func (i Item) relate(contracts map[record.ID][]Item, revoked map[ledgerKey]uint64) {
	good := i.checkRevoked(revoked)
	parent, lines := named(i.Record.Text())
	copies := contracts[parent]
	if len(copies) == 0 {
		return
	}
	if good = i.checkParties(copies[0], lines) && good; good && i.Record.Text().Kind == record.Contract {
		for _, old := range copies {
			old.Replaced = i.Record.ID().String()
		}
	}
}

type ledgerKey struct {
	ledger note.Key
	key    note.PublicKey
}

// SortByIndex puts the items in the order of their registration, failures first.
func SortByIndex(items []Item) {
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(a.order(), b.order()) })
}

func (i Item) order() uint64 {
	if i.Registration == nil {
		return 0
	}
	return i.Registration.Index
}

// named returns the contract whose party lines a text repeats, and these lines.
func named(t *record.Text) (record.ID, []record.Party) {
	if t.Kind == record.Contract {
		return t.Replaces, t.Former
	}
	return t.Contract, t.Parties
}

func (i Item) checkRevoked(revoked map[ledgerKey]uint64) bool {
	for _, k := range i.Record.Signed() {
		if at, ok := revoked[ledgerKey{i.Record.Text().Ledger, k.Public()}]; ok && at < i.Registration.Index {
			i.Fail(StepSignatures, "the key of %s, %s, was revoked by entry %d, this is entry %d", k.Name(), k.Public().Fingerprint(), at, i.Registration.Index)
			return false
		}
	}
	return true
}

// checkParties demands that the lines are those of the contract: all, where they
// are those of one that is replaced, else some, in their order.
func (i Item) checkParties(contract Item, lines []record.Party) bool {
	t, amends := contract.Record.Text(), i.Record.Text().Kind == record.Contract
	fault := func(format string, args ...any) bool {
		i.Fail(StepSignatures, format, args...)
		return false
	}
	if t.Ledger != i.Record.Text().Ledger {
		return fault("contract %s is registered by another ledger, %s", contract.ID, t.Ledger.Name())
	}
	if at := contract.Registration.Index; at >= i.Registration.Index {
		return fault("contract %s was registered later, as entry %d, this is entry %d", contract.ID, at, i.Registration.Index)
	}
	rest := t.Parties
	for _, line := range lines {
		n := slices.IndexFunc(rest, func(p record.Party) bool { return p.String() == line.String() })
		if n < 0 || amends && n > 0 {
			return fault("%s is not so a party of contract %s, or not in this place", line.Role, contract.ID)
		}
		rest = rest[n+1:]
	}
	if amends && len(rest) > 0 {
		return fault("%s, a party of contract %s, is not among the former", rest[0].Role, contract.ID)
	}
	i.prove("its signers are parties of contract %s", contract.ID)
	i.settle()
	return true
}

// settle takes back that something could not be checked.
func (rep *Report) settle() {
	rep.Unchecked = nil
	if rep.Verdict == Unchecked {
		rep.Verdict = Yes
	}
}

// String prints the report in plain words.
func (rep *Report) String() string {
	var b bytes.Buffer
	if rep.ID != "" {
		fmt.Fprintf(&b, "%s %s", rep.Kind, rep.ID)
		if rep.Title != "" {
			fmt.Fprintf(&b, "\n  %q", rep.Title)
		}
		b.WriteByte('\n')
		rep.printContent(&b)
	}
	switch rep.Verdict {
	case Yes:
		b.WriteString("  yes: it is registered, and everyone who had to sign it has\n")
	case No:
		fmt.Fprintf(&b, "  no: %s\n", rep.Failure.Reason)
		return b.String()
	case Unchecked:
		for _, u := range rep.Unchecked {
			fmt.Fprintf(&b, "  could not be checked: %s\n", u)
		}
	}
	rep.printParties(&b)
	proved, notProved := rep.sentences()
	printList(&b, "proved", proved)
	printList(&b, "not proved", notProved)
	return b.String()
}

func (rep *Report) printContent(b *bytes.Buffer) {
	for _, line := range []struct{ what, value string }{
		{"about", rep.About}, {"under contract", rep.Contract}, {"answers statement", rep.Answers}, {"first day no longer in force:", rep.Effective},
		{"takes the place of contract", rep.Replaces}, {"made under contract", rep.Under},
	} {
		if line.value != "" {
			fmt.Fprintf(b, "  %s %s\n", line.what, line.value)
		}
	}
}

func (rep *Report) printParties(b *bytes.Buffer) {
	width := 0
	for _, p := range rep.Parties {
		width = max(width, len(p.Name))
	}
	for _, p := range rep.Parties {
		for _, k := range p.Keys {
			mark := "signed"
			if !k.Signed {
				mark = "listed, did not sign"
			}
			fmt.Fprintf(b, "  %-*s %-21s %s %s\n", width, p.Name, mark, k.Fingerprint, k.Name)
		}
	}
}

func printList(b *bytes.Buffer, title string, sentences []string) {
	fmt.Fprintf(b, "  %s:\n", title)
	for _, s := range sentences {
		fmt.Fprintf(b, "  - %s\n", s)
	}
}
