package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) terminateCommand() *cobra.Command {
	var n draftArgs
	var by, effective string
	c := &cobra.Command{
		Use:   "terminate X.chirograph --by ROLE[,ROLE] [--effective YYYY-MM-DD] [[KIND=]FILE…]",
		Short: "Draft the end of a contract, by all parties or by one that may end it alone",
		Long: `Adds the draft of a termination to X. All parties together may end a contract on any
day from the day of registration on. A party that the contract lists as terminable may
end it alone, with the notice that stands there; leave some days for the registration.

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
			return a.addDraft(args[0], t, n, by, "")
		},
	}
	n.flags(c.Flags())
	c.Flags().StringVar(&by, "by", "", "who ends it (`ROLE[,ROLE]`)")
	c.Flags().StringVar(&effective, "effective", "", "first day no longer in force (`YYYY-MM-DD`); else the day of registration")
	return c
}

// mayEnd refuses what the ledger would when everyone has signed: an end by some of
// the parties, by one that may not alone, or before its notice is over.
func mayEnd(t *record.Text, contract *record.Record, today record.Date) error {
	notice := 0
	if len(t.Parties) < len(contract.Text().Parties) {
		if len(t.Parties) > 1 {
			return hint(fmt.Errorf("--by: %d of the %d parties can't end %s", len(t.Parties), len(contract.Text().Parties), recordName(contract)), "%s", whoEnds(contract))
		}
		role := t.Parties[0].Role
		i := slices.IndexFunc(contract.Text().Terminable, func(n record.Notice) bool { return n.Role == role })
		if i < 0 {
			return hint(fmt.Errorf("--by %s: %s may not end %s alone", role, role, recordName(contract)), "%s", whoEnds(contract))
		}
		notice = contract.Text().Terminable[i].Days
	}
	first, day := today+record.Date(notice), t.Effective
	if day == 0 {
		day = today
	}
	if day >= first {
		return nil
	}
	why := "it is that day already"
	if notice > 0 {
		why = fmt.Sprintf("%s alone has to give %s notice", t.Parties[0].Role, days(notice))
	}
	return hint(fmt.Errorf("the contract would end on %s, and can on %s at the earliest: %s", day, first, why),
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
