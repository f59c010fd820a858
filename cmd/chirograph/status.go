package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/client"
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
are open, is the ledger's word: chirograph update fetches the records that show it.
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
	Disputes []string       `json:"disputes,omitempty"`      // that are open
	More     bool           `json:"more_disputes,omitempty"` // others are open

	text *record.Text
}

func (a *app) status(ctx context.Context, arg, ledger string, asJSON bool) error {
	c, id, err := a.statusOf(ctx, arg, ledger)
	if err != nil {
		return err
	}
	receipt, err := c.Receipt(ctx, id)
	if notThere(err) {
		if err := theLedger(ctx, c); err != nil {
			return err
		}
		return no("%s is not registered at %s", id, c.URL())
	}
	if err != nil {
		return err
	}
	s := statusResult{registeredResult: result(receipt), text: receipt.Record.Text()}
	if receipt.Record.Text().Kind == record.Contract {
		page, err := c.Contract(ctx, id, nil)
		if err != nil {
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
	text += "\n" + s.inWords()
	if len(s.Disputes) > 0 {
		text += "\ndisputes that are open: " + strings.Join(s.Disputes, ", ")
	}
	if s.More {
		text += ", and others"
	}
	return text
}

// inWords says how the contract stands, and until when it does so by its own words.
func (s statusResult) inWords() string {
	switch s.Standing {
	case rules.Pending:
		return "pending: it is to be in force " + inForce(s.text)
	case rules.InForce:
		text := "in force since " + s.Since
		if s.text.Until != 0 {
			text += ", until " + s.text.Until.String() + ", that day included"
		}
		return text
	case rules.Replaced:
		return fmt.Sprintf("replaced since %s by contract %s", s.Since, s.By)
	case rules.Terminated:
		return fmt.Sprintf("terminated since %s by termination %s", s.Since, s.By)
	}
	return fmt.Sprintf("%s since %s", s.Standing, s.Since)
}

// statusOf returns whom to ask for what.
func (a *app) statusOf(ctx context.Context, arg, ledger string) (*client.Client, record.ID, error) {
	if id, err := record.ParseID(arg); err == nil {
		p, err := a.ledgerPolicy(ctx, ledger)
		if err != nil {
			return nil, id, err
		}
		c, err := a.ledgerClient(p, p.Logs[0].Key, urlOf(ledger))
		return c, id, err
	}
	d, err := a.openDossier(arg)
	if err != nil {
		return nil, record.ID{}, hint(err, "name a file that ends in %s, or an id of 64 hex digits with --ledger", dossierExtension)
	}
	defer d.Close()
	r := d.Contract()
	c, err := a.dossierClient(ctx, d, r.Text().Ledger, ledger)
	return c, r.ID(), err
}
