package main

import (
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// printTimeline prints what is registered, in the order of the ledger, what is open,
// and how the contract stands by these records.
func (a *app) printTimeline(h *held) error {
	if h.disorder != nil {
		return h.disorder
	}
	if err := a.print("time line, by the receipts in this file (chirograph-verify checks them); the ledger may have more"); err != nil {
		return err
	}
	for _, r := range h.order {
		line := a.draftEvent(h, r)
		if receipt := h.Receipt(r.ID()); receipt != nil {
			line = fmt.Sprintf("%-8d %s  %s", receipt.Proof.Index, readable(receipt.Entry.Registered), event(r))
		}
		if err := a.print("  %s", line); err != nil {
			return err
		}
	}
	return a.printStandings(h)
}

// draftEvent says for whom a draft is open, until when.
func (a *app) draftEvent(h *held, r *record.Record) string {
	s := "draft    " + event(r) + "; " + a.state(h, r)
	if by := r.Text().SignBy; by != 0 && !a.lapsed(r) && h.dead(r) == "" {
		s += "; lapses " + readable(by)
	}
	return s
}

// printStandings says how the contract in place stands, and before it those whose place
// it took that have not ended.
func (a *app) printStandings(h *held) error {
	all, err := h.standings(a.now().Unix())
	if err != nil {
		return err
	}
	for i, s := range all {
		if err := a.print("by these records %s is %s", nameIn(h.Dossier, s.contract), s.status); err != nil {
			return err
		}
		if i < len(all)-1 {
			continue // the disputes of those before are among those of the last
		}
		for _, dispute := range s.status.Disputes {
			if err := a.print("  dispute %s is open", dispute.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// printNews is printStandings where it is not just so that the contract is in force, as
// its own text says.
func (a *app) printNews(h *held) error {
	all, err := h.standings(a.now().Unix())
	if err != nil {
		return err
	}
	if len(all) == 1 {
		if st := all[0].status; st.Standing == rules.InForce && st.Ends.By == (record.ID{}) && len(st.Disputes) == 0 {
			return nil
		}
	}
	return a.printStandings(h)
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
