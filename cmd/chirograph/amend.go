package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func (a *app) amendCommand() *cobra.Command {
	var n newArgs
	c := &cobra.Command{
		Use:   "amend X.chirograph [--party ROLE=[K:]VKEY[,VKEY…]]… [TERMS [[KIND=]FILE…]] -o Y.chirograph",
		Short: "Draw up a contract that takes the place of a registered one",
		Long: `Draws up an amendment, a renewal, or an assignment: a contract that takes the place of
the one in X when everyone who had to sign that one, and everyone who is a party now,
has signed. What you do not say stays: title, parties, end, notices, frame. Without
TERMS the documents stay too. --party names all parties there are from then on, and
--until "" takes the end away.

Y has the draft, and the receipts of the contract in X, but not its documents, unless
they stay. Of two amendments of one contract the ledger registers the first.`,
		Example: `  chirograph amend pumps.chirograph --until 2027-12-31 -o renewed.chirograph
  chirograph amend pumps.chirograph --party manufacturer=eve.pub --party buyer=ann.pub -o assigned.chirograph`,
		Args: someArguments("X.chirograph"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.files = args[1:]
			return a.amend(args[0], n, cmd.Flags().Changed)
		},
	}
	n.flags(c.Flags())
	n.contractFlags(c.Flags())
	return c
}

func (a *app) amend(path string, n newArgs, said func(flag string) bool) error {
	if err := n.checkOut(); err != nil {
		return err
	}
	from, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer from.Close()
	old := a.inPlace(from)
	if old == nil {
		return hint(no("%s is not registered, so nothing has to take its place", recordName(from.Contract())), "draw it up again: chirograph new")
	}
	a.warnFrozen(from, path)
	h := hold(from)
	t := inherit(old, said)
	if said("title") {
		t.Title = n.title
	}
	if err := a.fill(t, n); err != nil {
		return err
	}
	if !said("terminable") {
		t.Terminable = keepNotices(old.Text().Terminable, t.Parties)
	}
	frame := from
	if n.under != "" {
		other, err := a.fillUnder(n, t)
		if err != nil {
			return err
		}
		if other != nil {
			frame = other
		}
	}
	a.warnRevoked(h, t)
	if err := a.mayReplace(h, t, old); err != nil {
		return err
	}
	keep := len(n.files) == 0
	if keep {
		t.Documents = slices.Clone(old.Text().Documents)
		a.warnSame(t, old.Text())
	}
	return a.drawUp(t, n, from.Policy(), func(d *dossier.Dossier) error {
		if keep {
			if err := keepDocuments(d, from, old); err != nil {
				return err
			}
		}
		if err := carry(d, frame, t.Under); err != nil {
			return err
		}
		return carry(d, from, old.ID())
	})
}

// mayReplace refuses what by the records here can't take the place of a contract, and
// says how that stands where it is not in force.
func (a *app) mayReplace(h *held, t *record.Text, old *record.Record) error {
	if err := a.mayBe(h, t, "what has ended is drawn up anew, with chirograph new; --under says another frame, or with '' none"); err != nil {
		return err
	}
	st, ok, err := h.status(old.ID(), t.Made)
	if err != nil || !ok {
		return err
	}
	if st.Standing != rules.InForce {
		a.say("the contract whose place this takes, %s, is %s", contractName(old), st)
	} else if st.Ends.How == rules.Terminated {
		a.say("warning: %s ends: %s; this can be registered before that day only", contractName(old), st.Ends)
	}
	return nil
}

// warnSame warns of an amendment, with the documents of the old contract, that says what
// that said, too.
func (a *app) warnSame(t, was *record.Text) {
	today := record.DateOf(t.Made)
	begun := t.From == 0 && was.From <= today
	if t.Title == was.Title && t.Until == was.Until && t.Under == was.Under && (begun || t.From == was.From && t.From != 0) && slices.Equal(t.Terminable, was.Terminable) &&
		slices.EqualFunc(t.Parties, was.Parties, record.Party.Equal) {
		a.say("warning: this changes nothing: parties, dates, notices, frame and documents are those of the contract whose place it takes")
	}
}

// inherit returns the text of a contract that takes the place of old, with what no
// flag says otherwise.
func inherit(old *record.Record, said func(flag string) bool) *record.Text {
	was := old.Text()
	t := &record.Text{Kind: record.Contract, Ledger: was.Ledger, Replaces: old.ID(), Former: was.Parties}
	if !said("title") {
		t.Title = was.Title
	}
	if !said("party") {
		t.Parties = slices.Clone(was.Parties)
	}
	if !said("until") {
		t.Until = was.Until
	}
	if !said("under") {
		t.Under = was.Under
	}
	return t
}

// keepNotices returns the notices of the parties that there still are, in their order.
func keepNotices(notices []record.Notice, parties []record.Party) []record.Notice {
	var kept []record.Notice
	for _, p := range parties {
		if i := slices.IndexFunc(notices, func(n record.Notice) bool { return n.Role == p.Role }); i >= 0 {
			kept = append(kept, notices[i])
		}
	}
	return kept
}

// keepDocuments puts the documents of the old contract under the new one. Those that
// are absent stay absent.
func keepDocuments(d, from *dossier.Dossier, old *record.Record) error {
	for _, line := range old.Text().Documents {
		source, _, ok := from.Document(old.ID(), line.Name)
		salt := from.Salt(old.ID(), line.Name)
		if !ok || line.Salted && salt == nil {
			continue
		}
		if err := d.AddDocument(d.Contract().ID(), line.Name, source, salt); err != nil {
			return fmt.Errorf("%s: %w", line.Name, err)
		}
	}
	return nil
}
