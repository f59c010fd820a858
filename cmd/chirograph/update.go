package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) updateCommand() *cobra.Command {
	var ledger string
	var asJSON bool
	c := &cobra.Command{
		Use:   "update X.chirograph [--ledger URL]",
		Short: "Fetch the registered form and a new receipt of what X holds, and what came later",
		Long: `Asks the ledger for each record in X: one that somebody else registered in the
meantime is taken over as it was registered, and receipts are renewed. The oldest
receipt of a record stays beside the newest: it bounds the time best.

Then it fetches what was registered under the contract: statements, terminations, the
contract that took its place, and revocations of the keys that it lists. Their
documents come from whoever has them (chirograph join).`,
		Example: "  chirograph update pumps.chirograph",
		Args:    arguments("X.chirograph"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.update(cmd.Context(), args[0], ledger, asJSON)
		},
	}
	c.Flags().StringVar(&ledger, "ledger", "", "ask the ledger at this `URL` instead of the one that the file names")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as data")
	return c
}

func (a *app) update(ctx context.Context, path, ledger string, asJSON bool) error {
	d, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer d.Close()
	u := &updating{app: a, dossier: d}
	// A dossier is of one ledger: its records name each other's, and the rules
	// compare them.
	if u.client, err = a.dossierClient(ctx, d, d.Contract().Text().Ledger, ledger); err != nil {
		return err
	}
	u.keeper = a.newKeeper(path, d, u.client)
	if err = u.renew(ctx); err == nil {
		err = u.follow(ctx)
	}
	if saved := a.saveSome(d, path, u.results); saved != nil {
		return errors.Join(err, saved)
	}
	if err != nil {
		return err
	}
	return a.printResults(u.results, asJSON)
}

// An updating is a dossier while what the ledger has is put into it.
type updating struct {
	*app
	dossier *dossier.Dossier
	client  *client.Client
	keeper  *keeper
	results []registeredResult
}

// renew fetches the receipt of everything that is there.
func (u *updating) renew(ctx context.Context) error {
	for _, r := range inOrder(u.dossier) {
		err := u.fetch(ctx, r.ID())
		if notThere(err) {
			if u.dossier.Receipt(r.ID()) != nil {
				if err := theLedger(ctx, u.client); err != nil {
					return err
				}
				return hint(no("%s says that it does not have %s, and you hold its receipt", u.client.URL(), recordName(r)),
					"your file stays valid; keep it, ask again later, and ask the operator")
			}
			u.say("%s: %s", recordName(r), u.state(u.dossier, r))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fetch puts the newest receipt of a record into the dossier.
func (u *updating) fetch(ctx context.Context, id record.ID) error {
	receipt, err := u.client.Receipt(ctx, id)
	if err != nil {
		return err
	}
	if err := u.keeper.take(ctx, receipt); err != nil {
		return err
	}
	u.results = append(u.results, result(receipt))
	return nil
}

// follow fetches what was registered under the contract, under those that it took
// the place of, and under those that took its place, and the revocations of their
// keys.
func (u *updating) follow(ctx context.Context) error {
	done := make(map[record.ID]bool)
	for {
		next := u.unfollowed(done)
		if next == nil {
			return nil
		}
		done[next.ID()] = true
		if err := u.history(ctx, next.ID()); err != nil {
			return err
		}
		if err := u.revocations(ctx, next); err != nil {
			return err
		}
	}
}

// unfollowed returns a registered contract, of the dossier's and those that it took
// the place of, that is not done; nil if there is none.
func (u *updating) unfollowed(done map[record.ID]bool) *record.Record {
	for r := u.dossier.Contract(); r != nil; r = u.dossier.Record(r.Text().Replaces) {
		if u.dossier.Receipt(r.ID()) != nil && !done[r.ID()] {
			return r
		}
	}
	return nil
}

// history fetches the time line of a contract, but for the contracts made under it.
func (u *updating) history(ctx context.Context, contract record.ID) error {
	var after *uint64
	for {
		page, err := u.client.Contract(ctx, contract, after)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if u.dossier.Receipt(e.ID) != nil {
				continue
			}
			if err := u.fetchUnder(ctx, contract, e.ID); err != nil {
				return err
			}
		}
		if after = page.Next; after == nil {
			return nil
		}
	}
}

// fetchUnder fetches a record that belongs to the contract.
func (u *updating) fetchUnder(ctx context.Context, contract, id record.ID) error {
	receipt, err := u.client.Receipt(ctx, id)
	if err != nil {
		return err
	}
	t := receipt.Record.Text()
	if t.Contract != contract && t.Replaces != contract {
		if t.Under == contract {
			return nil
		}
		return fmt.Errorf("%s says that %s %s belongs to contract %s, and it does not", u.client.URL(), t.Kind, id, contract)
	}
	if draft := u.dossier.Contract(); t.Replaces == contract && u.dossier.Receipt(draft.ID()) == nil && draft.Text().Replaces == contract {
		return hint(no("%s came first: contract %s takes the place of %s, so the ledger refuses the draft %s",
			recordName(receipt.Record), id, contract, draft.ID()),
			"chirograph update the file of the contract that is replaced: it gets the one that came first, and can be amended again")
	}
	if err := u.keeper.take(ctx, receipt); err != nil {
		return err
	}
	u.results = append(u.results, result(receipt))
	return nil
}

// revocations fetches the revocation of each key that the contract lists.
func (u *updating) revocations(ctx context.Context, contract *record.Record) error {
	for _, k := range contract.Text().Signers() {
		page, err := u.client.Key(ctx, k.Public(), nil)
		if err != nil {
			return err
		}
		if page.RevokedBy == nil {
			continue
		}
		id, err := u.revocation(ctx, k.Public(), *page.RevokedBy, page)
		if err != nil {
			return err
		}
		if u.dossier.Receipt(id) == nil {
			if err := u.fetch(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// revocation returns the id of the record at an index that a key signed.
func (u *updating) revocation(ctx context.Context, pub note.PublicKey, index uint64, page *client.KeyPage) (record.ID, error) {
	for {
		for _, s := range page.Records {
			if s.Index == index {
				return s.ID, nil
			}
		}
		if page.Next == nil {
			return record.ID{}, fmt.Errorf("%s says that entry %d revokes key %s, and does not list it", u.client.URL(), index, pub.Fingerprint())
		}
		var err error
		if page, err = u.client.Key(ctx, pub, page.Next); err != nil {
			return record.ID{}, err
		}
	}
}

// inOrder returns the records of a dossier: those that are registered in the order of
// their entries, then the drafts in the order in which they were drawn up.
func inOrder(d *dossier.Dossier) []*record.Record {
	records := slices.Clone(d.Records())
	slices.SortStableFunc(records, func(a, b *record.Record) int {
		ra, rb := d.Receipt(a.ID()), d.Receipt(b.ID())
		switch {
		case ra != nil && rb != nil:
			return cmp.Compare(ra.Proof.Index, rb.Proof.Index)
		case ra != nil:
			return -1
		case rb != nil:
			return 1
		}
		return cmp.Compare(a.Text().Made, b.Text().Made)
	})
	return records
}

// notThere says whether the ledger answered that it has no such record.
func notThere(err error) bool {
	var refusal *client.Refusal
	return errors.As(err, &refusal) && refusal.Status == http.StatusNotFound
}
