package verify

import (
	"bytes"
	"fmt"

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
// without a contract in place has an item that says that its own is not registered;
// beside one that is in place a draft is a sentence among what is not proved. The items
// are still to be related ([Relate]) and to be asked for their [Contradiction]. The error is
// one of reading.
func Dossier(p *Policy, d *dossier.Dossier) ([]Item, error) {
	var items []Item
	for _, r := range d.Records() {
		receipt := d.Receipt(r.ID())
		if receipt == nil {
			if r == d.Contract() && d.InPlace() == nil {
				items = append(items, Item{Report: Refused(unregistered(r))})
			}
			continue
		}
		item, err := dossierItem(p, d, r, receipt)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if r == d.InPlace() && r != d.Contract() {
			item.drafted(d.Contract())
		}
	}
	return items, nil
}

// drafted says that another contract has taken nobody's place.
func (rep *Report) drafted(draft *record.Record) {
	if rep.Verdict != No {
		rep.leaveOpen("that contract %s, which is in this file, binds anybody: it is a draft, not registered", draft.ID())
	}
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
// had its witnesses, bounds nothing, and neither does one with only the ledger's word;
// but its tree is one that the ledger signed, and is held against the others.
func (r *Registration) bound(p *Policy, receipt []byte) error {
	older, err := Receipt(p, receipt)
	if err != nil && Refused(err).Failure.Step == StepQuorum {
		unwitnessed := *p
		unwitnessed.Quorum = NoQuorum
		older, err = Receipt(&unwitnessed, receipt)
	}
	if err != nil {
		f := Refused(err).Failure
		return failed(f.Step, "its oldest receipt: %s", f.Reason)
	}
	r.older = older
	if older.SeenBy != 0 && (r.SeenBy == 0 || older.SeenBy < r.SeenBy) {
		r.SeenBy, r.bounded = older.SeenBy, true
	}
	return nil
}

// inRecord says of which record of a dossier a failure is.
func inRecord(r *record.Record, err error) error {
	f := Refused(err).Failure
	return failed(f.Step, "%s %s: %s", r.Text().Kind, r.ID(), f.Reason)
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
	proved, notProved := rep.Sentences()
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
