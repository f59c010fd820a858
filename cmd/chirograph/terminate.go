package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) terminateCommand() *cobra.Command {
	var n underArgs
	var effective string
	c := &cobra.Command{
		Use:   "terminate X.chirograph --by ROLE[,ROLE] [--effective YYYY-MM-DD] [--contract ID] [[KIND=]FILE…]",
		Short: "Draft the end of a contract, by all parties or by one that may end it alone",
		Long: `Adds the draft of a termination to X. All parties together may end a contract on any
day from the day of registration on. A party that the contract lists as terminable may
end it alone, with the notice that stands there; leave some days for the registration:
the draft lapses on the day by which that has to be.

While a renewal is still to begin, it ends the contract that is in force, and not the
renewal; --contract says another, by its ID or the first digits of it.

Then: chirograph sign X, and chirograph submit X.`,
		Example: "  chirograph terminate pumps.chirograph --by buyer --effective 2027-03-01",
		Args:    someArguments("X.chirograph"),
		RunE: func(_ *cobra.Command, args []string) error {
			n.files = args[1:]
			t := &record.Text{Kind: record.Termination}
			if effective != "" {
				var err error
				if t.Effective, err = record.ParseDate(effective); err != nil {
					return fmt.Errorf("--effective: %w", err)
				}
			}
			return a.addDraft(args[0], t, n)
		},
	}
	n.flags(c.Flags())
	c.Flags().StringVar(&n.by, "by", "", "who ends it (`ROLE[,ROLE]`)")
	c.Flags().StringVar(&effective, "effective", "", "first day that it is over; else that of registration (`YYYY-MM-DD`)")
	return c
}

// fillEnd refuses the termination of a contract that ends nothing, and has it lapse when
// it is too late for it.
func (a *app) fillEnd(h *held, t *record.Text, contract *record.Record) error {
	today := record.DateOf(t.Made)
	notice, err := mayEnd(t, contract, today)
	if err != nil {
		return err
	}
	if err := a.mayBe(h, t, "chirograph show says how the contract stands; --contract says another"); err != nil {
		return err
	}
	if err := a.endsBefore(t, contract.Text().Until); err != nil {
		return err
	}
	for _, e := range h.ends(contract.ID()) {
		if e.Replaces {
			a.say("this ends contract %.12s alone: contract %.12s takes its place from %s on all the same", contract.ID(), e.ID, e.Day)
		}
	}
	if t.Effective == 0 {
		return nil
	}
	last := t.Effective - record.Date(notice)
	if end := (last + 1).Unix() - 1; end < t.SignBy {
		t.SignBy = end
		with := ""
		if notice > 0 {
			with = fmt.Sprintf(", with %s notice", days(notice))
		}
		a.say("it can be registered until %s, that day included: it ends the contract on %s%s", last, t.Effective, with)
	}
	return nil
}

// endsBefore refuses an end after the last day of a contract, zero for none: it would
// change nothing.
func (a *app) endsBefore(t *record.Text, until record.Date) error {
	today := record.DateOf(t.Made)
	switch {
	case until == 0:
	case t.Effective > until:
		return hint(no("it would end on %s, and it ends by itself: %s is its last day", t.Effective, until), "nothing has to be done for that; --effective says an earlier day")
	case t.Effective == 0 && today > until:
		a.say("warning: it is %s, and the contract has ended by itself: %s was its last day", today, until)
	}
	return nil
}

// mayEnd refuses what the ledger would when everyone has signed: an end by some of
// the parties, by one that may not alone, or before its notice is over. It returns how
// many days' notice it takes.
func mayEnd(t *record.Text, contract *record.Record, today record.Date) (notice int, err error) {
	if len(t.Parties) < len(contract.Text().Parties) {
		if len(t.Parties) > 1 {
			return 0, hint(fmt.Errorf("--by: %d of the %d parties can't end %s", len(t.Parties), len(contract.Text().Parties), recordName(contract)), "%s", whoEnds(contract))
		}
		role := t.Parties[0].Role
		i := slices.IndexFunc(contract.Text().Terminable, func(n record.Notice) bool { return n.Role == role })
		if i < 0 {
			return 0, hint(fmt.Errorf("--by %s: %s may not end %s alone", role, role, recordName(contract)), "%s", whoEnds(contract))
		}
		notice = contract.Text().Terminable[i].Days
	}
	first, day := today+record.Date(notice), t.Effective
	if day == 0 {
		day = today
	}
	if day >= first {
		return notice, nil
	}
	why := "it is that day already"
	if notice > 0 {
		why = fmt.Sprintf("%s alone has to give %s notice", t.Parties[0].Role, days(notice))
	}
	return 0, hint(fmt.Errorf("the contract would end on %s, and can on %s at the earliest: %s", day, first, why),
		"--effective says the day; take one some days later, for the notice counts from the registration")
}

// whoEnds says how a contract may be ended.
func whoEnds(contract *record.Record) string {
	s := "all parties together may: --by " + strings.ReplaceAll(roleList(contract.Text().Parties), ", ", ",")
	for _, n := range contract.Text().Terminable {
		s += fmt.Sprintf("; or %s alone, with %s notice", n.Role, days(n.Days))
	}
	return s
}
