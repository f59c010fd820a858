package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) declareCommand() *cobra.Command {
	var n underArgs
	var about string
	c := &cobra.Command{
		Use:   "declare X.chirograph --about TOKEN --by ROLE[,ROLE] [--answers ID] [--contract ID] [[KIND=]FILE…]",
		Short: "Draft a statement: that something was delivered, accepted, paid, disputed ...",
		Long: `Adds the draft of a statement to X: a fact that one or more parties sign. It is about
delivery, inspection, acceptance, rejection, payment, sale, return, cost, dispute,
resolution, notice, or another token. A dispute is open until all parties sign a
resolution that answers it.

While a renewal is still to begin, it is under the contract that is in force;
--contract says another, which may have ended. An ID may be its first digits.

Then: chirograph sign X, and chirograph submit X.`,
		Example: "  chirograph declare pumps.chirograph --about acceptance --by buyer report=inspection.pdf",
		Args:    someArguments("X.chirograph"),
		RunE: func(_ *cobra.Command, args []string) error {
			if about == "" {
				return hint(errors.New("--about is missing"), "say what it is about: --about delivery, say, or another token")
			}
			n.files = args[1:]
			t := &record.Text{Kind: record.Statement, About: about}
			return a.addDraft(args[0], t, n)
		},
	}
	n.flags(c.Flags())
	c.Flags().StringVar(&about, "about", "", "what it is about (`TOKEN`)")
	c.Flags().StringVar(&n.by, "by", "", "who states it (`ROLE[,ROLE]`)")
	c.Flags().StringVar(&n.answers, "answers", "", "an earlier statement, which it answers (`ID`)")
	return c
}

// An underArgs is what the command line says about a draft under a contract.
type underArgs struct {
	draftArgs
	by       string
	answers  string
	contract string // which; "" for the one in force
}

func (n *underArgs) flags(f *pflag.FlagSet) {
	n.draftArgs.flags(f)
	f.StringVar(&n.contract, "contract", "", "the contract in X that is meant; else the one in force (`ID`)")
	_ = f.MarkHidden("contract") // advanced
}

// addDraft puts a draft under a contract of a dossier into it.
func (a *app) addDraft(path string, t *record.Text, n underArgs) error {
	d, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer d.Close()
	h := hold(d)
	contract, err := a.contractMeant(h, n.contract)
	if err != nil {
		return err
	}
	if contract == nil {
		return hint(no("%s is not registered yet, so nothing can be under it", recordName(d.Contract())), "chirograph submit %s", plain(path))
	}
	a.warnFrozen(d, path)
	t.Ledger, t.Contract = contract.Text().Ledger, contract.ID()
	if err := a.fillUnderContract(h, t, contract, n); err != nil {
		return err
	}
	documents, err := a.documents(t, n.draftArgs)
	if err != nil {
		return err
	}
	draft, err := record.New(t)
	if err != nil {
		return flagged(err)
	}
	if err := d.AddRecord(draft); err != nil {
		return err
	}
	if err := addDocuments(d, draft.ID(), documents); err != nil {
		return err
	}
	if err := d.Save(path); err != nil {
		return err
	}
	a.say("drafted %s under %s for %s to sign, and somebody to submit, by %s: chirograph sign %s --record %.12s",
		recordName(draft), contractName(contract), roleList(t.Parties), readable(t.SignBy), path, draft.ID())
	return a.print("%s", draft.ID())
}

// fillUnderContract sets what the flags say of a statement or a termination under a
// contract.
func (a *app) fillUnderContract(h *held, t *record.Text, contract *record.Record, n underArgs) (err error) {
	if t.Parties, err = partiesBy(contract, n.by); err != nil {
		return err
	}
	if n.answers != "" {
		if t.Answers, err = statementID(h.Dossier, n.answers); err != nil {
			return err
		}
	}
	a.warnResolution(h, t)
	if err := a.fillHead(t, n.draftArgs); err != nil {
		return err
	}
	if t.Kind == record.Termination {
		return a.fillEnd(h, t, contract)
	}
	return nil
}

// partiesBy returns the party lines of the roles, in the order of the contract.
func partiesBy(contract *record.Record, by string) ([]record.Party, error) {
	if by == "" {
		return nil, hint(errors.New("--by is missing"), "name who signs: --by ROLE, of %s", roleList(contract.Text().Parties))
	}
	all := contract.Text().Parties
	asked := strings.Split(by, ",")
	for _, role := range asked {
		if !slices.ContainsFunc(all, func(p record.Party) bool { return p.Role == role }) {
			return nil, fmt.Errorf("--by %s: %q is no party of %s, which has %s", by, role, recordName(contract), roleList(all))
		}
	}
	var parties []record.Party
	for _, p := range all {
		if slices.Contains(asked, p.Role) {
			parties = append(parties, p)
		}
	}
	return parties, nil
}

// statementID finds the statement in a dossier whose id so begins. A whole id may be
// of one that is not there.
func statementID(d *dossier.Dossier, prefix string) (record.ID, error) {
	if id, err := record.ParseID(prefix); err == nil {
		if r := d.Record(id); r != nil && r.Text().Kind != record.Statement {
			return id, fmt.Errorf("--answers %s: it is a %s, not a statement", prefix, r.Text().Kind)
		}
		return id, nil
	}
	var found []record.ID
	for _, r := range d.Records() {
		if r.Text().Kind == record.Statement && strings.HasPrefix(r.ID().String(), prefix) {
			found = append(found, r.ID())
		}
	}
	switch len(found) {
	case 0:
		return record.ID{}, hint(fmt.Errorf("--answers %s: no statement here has an id that begins so", prefix), "chirograph show lists them; chirograph update fetches those of others")
	case 1:
		return found[0], nil
	}
	return record.ID{}, hint(fmt.Errorf("--answers %s: the ids of %d statements here begin so", prefix, len(found)), "say more of its digits; chirograph show lists them")
}
