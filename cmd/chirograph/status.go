package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func (a *app) statusCommand() *cobra.Command {
	var t trust
	var asJSON bool
	c := &cobra.Command{
		Use:   "status X.chirograph|ID [--ledger URL|POLICY] [--policy FILE]",
		Short: "Ask the ledger whether a contract is registered, and how it stands",
		Long: `Asks the ledger whether the contract is registered, and verifies its receipt. How it
stands today, pending, in force, expired, replaced or terminated, and which disputes
are open, is the ledger's word, which has to fit what X and the receipts show that it
names: chirograph update fetches those that it might leave out. Of one that is still to
begin it says how the one stands whose place it takes, too; of a draft that it is not
registered, and how the contract stands that it is to replace. It says where the ledger
says that it is frozen for good, so that nothing can be amended, ended or stated there.
--policy verifies by another policy of the same ledger; X stays as it is.
Exit 1: it is not registered.`,
		Example: "  chirograph status pumps.chirograph",
		Args:    arguments("X.chirograph|ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.status(cmd.Context(), args[0], t, asJSON)
		},
	}
	t.flags(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as data")
	return c
}

// A statusResult is what status prints.
type statusResult struct {
	registeredResult
	Standing rules.Standing `json:"standing,omitempty"` // of a contract, by the ledger's word, as all that follows
	Since    string         `json:"since,omitempty"`
	By       string         `json:"by,omitempty"`
	Recorded string         `json:"recorded,omitempty"` // when what makes it so was registered, where that is after since
	From     string         `json:"from,omitempty"`     // of the text, as until
	Until    string         `json:"until,omitempty"`
	Ends     rules.Ending   `json:"ends,omitzero"`           // that is to come
	Disputes []string       `json:"disputes,omitempty"`      // that are open
	More     bool           `json:"more_disputes,omitempty"` // others are open
	Before   []statusResult `json:"before,omitempty"`        // while it is still to begin: the contracts whose place it takes, the last one first

	inWords string
	ledger  note.Key
}

func (a *app) status(ctx context.Context, arg string, t trust, asJSON bool) error {
	q, err := a.statusOf(ctx, arg, t)
	if err != nil {
		return err
	}
	defer q.close()
	if err := a.answer(ctx, q, asJSON); err != nil {
		return q.ledger.explain(ctx, err)
	}
	return nil
}

// answer prints what the ledger says, as far as it is verified.
func (a *app) answer(ctx context.Context, q *question, asJSON bool) error {
	receipt, err := a.registered(ctx, q)
	if notThere(err) || q.holds(q.id) && taken(err) {
		return a.refusedStatus(q, a.unregistered(ctx, q, err), asJSON)
	}
	if err != nil {
		return err
	}
	s, err := a.stands(ctx, q, receipt)
	if err != nil {
		return err
	}
	for last := receipt; ; {
		if last, err = a.before(ctx, q, last); err != nil {
			return err
		}
		if last == nil {
			break
		}
		old, err := a.stands(ctx, q, last)
		if err != nil {
			return err
		}
		s.Before = append(s.Before, old)
	}
	if asJSON {
		return a.printJSON(s)
	}
	return a.print("%s", s)
}

// stands asks how what a receipt is of stands: a record that is no contract is registered,
// and that is all.
func (a *app) stands(ctx context.Context, q *question, receipt *client.Receipt) (statusResult, error) {
	t := receipt.Record.Text()
	s := statusResult{registeredResult: result(receipt), From: optionalDate(t.From), Until: optionalDate(t.Until), ledger: t.Ledger}
	if t.Kind != record.Contract {
		s.Frozen = a.hear(ctx, q.ledger)
		return s, nil
	}
	of := *q
	of.id = receipt.Record.ID()
	page, err := q.client.Contract(ctx, of.id, nil)
	if err != nil {
		return s, err
	}
	if err := a.believe(ctx, &of, receipt, page); err != nil {
		return s, err
	}
	s.standing(page)
	s.Frozen = a.heard(ctx, q.ledger, page.Frozen)
	return s, nil
}

// before fetches the receipt of the contract whose place one takes that is still to
// begin: it is in force until then. It returns nil where there is none.
func (a *app) before(ctx context.Context, q *question, receipt *client.Receipt) (*client.Receipt, error) {
	t := receipt.Record.Text()
	if t.Replaces == (record.ID{}) || t.From <= record.DateOf(a.now().Unix()) {
		return nil, nil
	}
	old, err := q.client.Receipt(ctx, t.Replaces)
	switch {
	case q.holds(t.Replaces) && denied(err):
		return nil, a.lost(ctx, q.client, q.dossier, q.path, q.dossier.Record(t.Replaces), err)
	case notThere(err):
		return nil, fmt.Errorf("%s has contract %s, which takes the place of %s, and says that it does not have that", q.client.URL(), receipt.Record.ID(), t.Replaces)
	case err != nil:
		return nil, err
	case old.Record.Text().Kind != record.Contract || old.Index >= receipt.Index:
		return nil, fmt.Errorf("%s has %s %s as entry %d, and contract %s, entry %d, takes its place", q.client.URL(), old.Record.Text().Kind, t.Replaces, old.Index, receipt.Record.ID(), receipt.Index)
	}
	return old, q.onePast(ctx, old)
}

func (s *statusResult) standing(page *client.ContractPage) {
	s.Standing, s.Since, s.More = page.Standing, page.Since.String(), page.More
	s.Recorded, s.Ends = optionalDate(page.Recorded), page.Ends
	s.inWords = rules.Status{Standing: page.Standing, Since: page.Since, By: page.By, Recorded: page.Recorded, Ends: page.Ends}.String()
	if page.By != (record.ID{}) {
		s.By = page.By.String()
	}
	for _, d := range page.Disputes {
		s.Disputes = append(s.Disputes, d.String())
	}
}

func (s statusResult) String() string {
	text := s.registeredResult.String()
	if s.Standing != "" {
		text += s.stands()
	}
	if s.Frozen {
		text += "\n" + saysFrozen(s.ledger)
	}
	return text
}

// stands says how a contract stands, in lines that each begin with a line feed.
func (s statusResult) stands() (text string) {
	text += "\n" + s.inWords
	if len(s.Disputes) > 0 {
		text += "\ndisputes that are open: " + strings.Join(s.Disputes, ", ")
	}
	if s.More {
		text += ", and others"
	}
	for _, old := range s.Before {
		text += fmt.Sprintf("\nbefore that contract %s: %s", old.ID, old.inWords)
	}
	return text
}

// A question is of whom status asks for what.
type question struct {
	client  *client.Client // of ledger
	ledger  *asked
	id      record.ID
	path    string           // of the dossier
	dossier *dossier.Dossier // nil where an id was given
	keeper  *keeper          // of what the ledger answers, and of the dossier where there is one
	frozen  bool             // the ledger says that it is frozen for good
}

func (q *question) close() {
	if q.dossier != nil {
		q.dossier.Close()
	}
}

// holds says whether the dossier, if there is one, has the receipt of a record.
func (q *question) holds(id record.ID) bool { return q.dossier != nil && q.dossier.Receipt(id) != nil }

// statusOf returns the question of an argument. Of a dossier it is about its contract,
// whether that is registered or not.
func (a *app) statusOf(ctx context.Context, arg string, t trust) (*question, error) {
	if id, err := record.ParseID(arg); err == nil {
		c, err := a.namedLedger(ctx, t, note.Key{})
		if err != nil {
			return nil, err
		}
		return &question{client: c.Client, ledger: c, id: id, keeper: a.newKeeper("", nil, c.Client)}, nil
	}
	d, err := a.openDossier(arg)
	if err != nil {
		return nil, hint(err, "name a file that ends in %s, or an id of 64 hex digits with --ledger", dossierExtension)
	}
	c, _, err := a.dossierLedger(d, arg, t)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &question{client: c.Client, ledger: c, id: d.Contract().ID(), path: arg, dossier: d, keeper: a.newKeeper(arg, d, c.Client)}, nil
}

// registered fetches the receipt that is asked for, whose tree is shown to be of one
// history with those of the dossier. Where the contract of that is a draft that nobody
// has registered, the question is about the contract in place from then on.
func (a *app) registered(ctx context.Context, q *question) (*client.Receipt, error) {
	receipt, err := q.client.Receipt(ctx, q.id)
	if notThere(err) && q.dossier != nil {
		if old := a.inPlace(q.dossier); old != nil && old.ID() != q.id {
			q.id = old.ID()
			receipt, err = q.client.Receipt(ctx, q.id)
		}
	}
	if err != nil {
		return receipt, err
	}
	return receipt, q.onePast(ctx, receipt)
}

// onePast demands that the tree of a receipt is of one history with those of the dossier,
// and of the receipts that were fetched before.
func (q *question) onePast(ctx context.Context, receipt *client.Receipt) error {
	q.keeper.take(receipt)
	if q.dossier != nil {
		return q.keeper.prove(ctx)
	}
	var fetched []tlog.SignedCheckpoint
	for _, r := range q.keeper.held {
		fetched = append(fetched, r.Checkpoint.SignedCheckpoint)
	}
	trees, err := checkpoints(fetched...)
	for i := 0; err == nil && i < len(trees); i++ {
		err = q.keeper.begins(ctx, trees[len(trees)-1], trees[i])
	}
	var f *fork
	if errors.As(err, &f) {
		return hint(&negative{err}, "ask with a dossier, chirograph status X.chirograph: then the other receipt is kept, as evidence against the ledger")
	}
	return err
}

// unregistered says that the ledger does not have what is asked for, which is an offence
// where the dossier has its receipt.
func (a *app) unregistered(ctx context.Context, q *question, answer error) error {
	if q.holds(q.id) {
		return a.lost(ctx, q.client, q.dossier, q.path, q.dossier.Record(q.id), answer)
	}
	if err := theLedger(ctx, q.client); err != nil {
		return err
	}
	not := no("%s is not registered at %s: the ledger has not taken it", q.id, q.client.URL())
	if q.frozen = a.hear(ctx, q.ledger); q.frozen {
		return hint(not, "%s: draw it up again for another ledger, chirograph new --ledger URL", saysFrozen(q.client.Ledger()))
	}
	return not
}
