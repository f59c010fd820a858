package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func (a *app) statusCommand() *cobra.Command {
	var ledger string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status X.chirograph|ID [--ledger URL]",
		Short: "Ask the ledger whether a contract is registered, and how it stands",
		Long: `Asks the ledger whether the contract is registered, and verifies its receipt. How it
stands today, pending, in force, expired, replaced or terminated, and which disputes
are open, is the ledger's word, which has to fit what X and the receipts show that it
names: chirograph update fetches those that it might leave out. Of a draft that is not
registered it says so, and how the contract stands that it is to replace.
Exit 1: it is not registered.`,
		Example: "  chirograph status pumps.chirograph",
		Args:    arguments("X.chirograph|ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.status(cmd.Context(), args[0], ledger, asJSON)
		},
	}
	c.Flags().StringVar(&ledger, "ledger", "", "the `URL` of the ledger; needed for an ID")
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

	inWords string
}

func (a *app) status(ctx context.Context, arg, ledger string, asJSON bool) error {
	q, err := a.statusOf(ctx, arg, ledger)
	if err != nil {
		return err
	}
	defer q.close()
	receipt, err := a.registered(ctx, q)
	if notThere(err) {
		return a.refusedStatus(q.id, a.unregistered(ctx, q), asJSON)
	}
	if err != nil {
		return err
	}
	s := statusResult{registeredResult: result(receipt), From: optionalDate(receipt.Record.Text().From), Until: optionalDate(receipt.Record.Text().Until)}
	if receipt.Record.Text().Kind == record.Contract {
		page, err := q.client.Contract(ctx, q.id, nil)
		if err != nil {
			return err
		}
		if err := a.believe(ctx, q, receipt, page); err != nil {
			return err
		}
		s.standing(page)
	}
	if asJSON {
		return a.printJSON(s)
	}
	return a.print("%s", s)
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
	if s.Standing == "" {
		return text
	}
	text += "\n" + s.inWords
	if len(s.Disputes) > 0 {
		text += "\ndisputes that are open: " + strings.Join(s.Disputes, ", ")
	}
	if s.More {
		text += ", and others"
	}
	return text
}

// A question is of whom status asks for what.
type question struct {
	client  *client.Client
	id      record.ID
	path    string           // of the dossier
	dossier *dossier.Dossier // nil where an id was given
}

func (q *question) close() {
	if q.dossier != nil {
		q.dossier.Close()
	}
}

// statusOf returns the question of an argument. Of a dossier it is about its contract,
// whether that is registered or not.
func (a *app) statusOf(ctx context.Context, arg, ledger string) (*question, error) {
	if id, err := record.ParseID(arg); err == nil {
		p, err := a.ledgerPolicy(ctx, ledger)
		if err != nil {
			return nil, err
		}
		c, err := a.ledgerClient(p, p.Logs[0].Key, urlOf(ledger))
		return &question{client: c, id: id}, err
	}
	d, err := a.openDossier(arg)
	if err != nil {
		return nil, hint(err, "name a file that ends in %s, or an id of 64 hex digits with --ledger", dossierExtension)
	}
	c, err := a.dossierClient(ctx, d, ledgerOf(d), ledger)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &question{client: c, id: d.Contract().ID(), path: arg, dossier: d}, nil
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
	if err != nil || q.dossier == nil {
		return receipt, err
	}
	k := a.newKeeper(q.path, q.dossier, q.client)
	k.take(receipt)
	return receipt, k.prove(ctx)
}

// unregistered says that the ledger does not have what is asked for, which is an offence
// where the dossier has its receipt.
func (a *app) unregistered(ctx context.Context, q *question) error {
	if q.dossier != nil && q.dossier.Receipt(q.id) != nil {
		return a.lost(ctx, q.client, q.dossier, q.dossier.Record(q.id))
	}
	if err := theLedger(ctx, q.client); err != nil {
		return err
	}
	return no("%s is not registered at %s", q.id, q.client.URL())
}
