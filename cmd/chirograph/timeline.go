package main

import (
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// printTimeline prints what is registered, in the order of the ledger, what is open,
// and how the contract stands by these records.
func (a *app) printTimeline(d *dossier.Dossier) error {
	var known rules.Memory
	if err := a.print("time line, by the receipts in this file (chirograph-verify checks them); the ledger may have more"); err != nil {
		return err
	}
	for _, r := range inOrder(d) {
		receipt := d.Receipt(r.ID())
		if receipt == nil {
			if err := a.print("  %s", a.draftEvent(d, r)); err != nil {
				return err
			}
			continue
		}
		if err := known.Add(receipt.Proof.Index, receipt.Entry.Registered, r); err != nil {
			return err
		}
		if err := a.print("  %-8d %s  %s", receipt.Proof.Index, readable(receipt.Entry.Registered), event(r)); err != nil {
			return err
		}
	}
	return a.printStanding(d, &known)
}

// draftEvent says for whom a draft is open, until when.
func (a *app) draftEvent(d *dossier.Dossier, r *record.Record) string {
	s := "draft    " + event(r) + "; " + a.state(d, r)
	if by := r.Text().SignBy; by != 0 && !a.lapsed(r) {
		s += "; lapses " + readable(by)
	}
	return s
}

// printStanding says how the contract in place stands.
func (a *app) printStanding(d *dossier.Dossier, known *rules.Memory) error {
	contract := d.InPlace()
	if contract == nil {
		return nil
	}
	entry, err := known.Lookup(contract.ID())
	if err != nil {
		return err
	}
	st, err := rules.StatusAt(known, entry, a.now().Unix())
	if err != nil {
		return err
	}
	if err := a.print("by these records %s is %s", nameIn(d, contract), st); err != nil {
		return err
	}
	for _, dispute := range st.Disputes {
		if err := a.print("  dispute %s is open", dispute.ID); err != nil {
			return err
		}
	}
	return nil
}

// optionalDate prints a day, "" where there is none.
func optionalDate(d record.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// event says in a few words what a record does.
func event(r *record.Record) string {
	t := r.Text()
	id := r.ID().String()[:12]
	switch t.Kind {
	case record.Statement:
		s := fmt.Sprintf("%s stated by %s (%s)", t.About, roleList(t.Parties), id)
		if t.Answers != (record.ID{}) {
			s += ", answers " + t.Answers.String()[:12]
		}
		return s
	case record.Termination:
		s := fmt.Sprintf("terminated by %s (%s)", roleList(t.Parties), id)
		if t.Effective != 0 {
			s += fmt.Sprintf(", from %s on", t.Effective)
		}
		return s
	case record.Revocation:
		return fmt.Sprintf("key %s of %s revoked, %s (%s)", t.Key.Public().Fingerprint(), t.Key.Name(), t.Reason, id)
	}
	s := fmt.Sprintf("contract of %s (%s)", roleList(t.Parties), id)
	if t.Title != "" {
		s = fmt.Sprintf("contract %q of %s (%s)", t.Title, roleList(t.Parties), id)
	}
	if t.Replaces != (record.ID{}) {
		s += ", takes the place of " + t.Replaces.String()[:12]
	}
	if t.Under != (record.ID{}) {
		s += ", under " + t.Under.String()[:12]
	}
	return s
}

func roleList(parties []record.Party) string {
	var s []string
	for _, p := range parties {
		s = append(s, p.Role)
	}
	return strings.Join(s, ", ")
}
