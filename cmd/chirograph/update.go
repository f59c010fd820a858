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
	var t trust
	var asJSON bool
	c := &cobra.Command{
		Use:   "update X.chirograph [--ledger URL|POLICY] [--policy FILE]",
		Short: "Fetch the registered form and a new receipt of what X holds, and what came later",
		Long: `Asks the ledger for each record in X: one that somebody else registered in the
meantime is taken over as it was registered, and receipts are renewed. The oldest
receipt of a record stays beside the newest: it bounds the time best.

Then it fetches what was registered under the contract: first what decides how it
stands, which is the contract that took its place, terminations, open disputes, and
revocations of the keys that it lists; the contracts that it names, too; then what else
was stated. Of more than a file has room for it says how many it left out. Documents
come from whoever has them (chirograph join). It says where the ledger says that it is
frozen for good: that is remembered, and told by declare, sign and whatever asks nobody.

--policy verifies by another policy of the same ledger, where that asks other witnesses
by now. It becomes the policy of X when all receipts in X hold by it.`,
		Example: "  chirograph update pumps.chirograph",
		Args:    arguments("X.chirograph"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.update(cmd.Context(), args[0], t, asJSON)
		},
	}
	t.flags(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as data")
	return c
}

func (a *app) update(ctx context.Context, path string, t trust, asJSON bool) error {
	d, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer d.Close()
	// A dossier is of one ledger: its records name each other's, and the rules
	// compare them.
	c, other, err := a.dossierLedger(d, path, t)
	if err != nil {
		return err
	}
	if other {
		if err := a.newKeeper(path, d, c.Client).adopt(ctx, c); err != nil {
			return c.explain(ctx, err)
		}
	}
	u := a.newUpdating(path, d, c.Client)
	frozen := false
	if err = u.renew(ctx); err == nil {
		frozen = a.hear(ctx, c)
		err = u.follow(ctx)
	}
	if err = errors.Join(err, u.settle(ctx), u.failed); err != nil {
		err = c.explain(ctx, err)
	}
	u.sayDrafts()
	for i := range u.results {
		u.results[i].Frozen = frozen
	}
	if frozen && (asJSON || err != nil) {
		a.say("warning: %s", saysFrozen(c.Ledger()))
	}
	if saved := a.saveSome(d, path, u.results); saved != nil {
		return errors.Join(err, saved)
	}
	switch {
	case err == nil && asJSON:
		return a.printResults(u.results, true)
	case err == nil:
		return errors.Join(a.printResults(u.results, false), a.printNews(hold(d)), a.printFrozen(c, frozen))
	case asJSON:
		return errors.Join(a.printRefusal(u.results, d.Contract(), err, true), err)
	}
	return errors.Join(a.printResults(u.results, false), err)
}

// An updating is a dossier while what the ledger has is put into it.
type updating struct {
	*app
	dossier *dossier.Dossier
	client  *client.Client
	keeper  *keeper
	results []registeredResult
	drafts  []*record.Record // that the ledger does not have
	failed  error            // the answer no, when all the rest is done

	index   map[record.ID]uint64 // entries of what the dossier has receipts of, or is about to
	size    uint64               // of the largest tree that the ledger was seen to have signed
	room    int                  // records that the dossier may get still
	bytes   int64                // and bytes
	fetches int
	rest    map[record.ID][]client.Event // of time lines, by contract: to be fetched when all that decides is
	listed  int                          // in time lines, and not here
	left    int                          // records that were left out
	more    bool                         // a time line was not read to its end

	unresolved map[record.ID]bool   // disputes that are here, as far as is known
	passed     map[record.ID]bool   // contracts that a draft kept from being put in
	beaten     map[record.ID]string // drafts that can't be registered any more for that, and why
}

func (a *app) newUpdating(path string, d *dossier.Dossier, c *client.Client) *updating {
	u := &updating{app: a, dossier: d, client: c, keeper: a.newKeeper(path, d, c), index: make(map[record.ID]uint64)}
	u.rest, u.unresolved, u.passed, u.beaten = make(map[record.ID][]client.Event), make(map[record.ID]bool), make(map[record.ID]bool), make(map[record.ID]string)
	u.room, u.bytes = d.Room()
	for _, r := range d.Records() {
		if receipt := d.Receipt(r.ID()); receipt != nil {
			u.index[r.ID()] = receipt.Proof.Index
		}
	}
	return u
}

// ledgerOf returns the ledger of a dossier: that of the contract in place, if any is.
func ledgerOf(d *dossier.Dossier) note.Key {
	if r := d.InPlace(); r != nil {
		return r.Text().Ledger
	}
	return d.Contract().Text().Ledger
}

// renew fetches the receipt of everything that is there.
func (u *updating) renew(ctx context.Context) error {
	for _, r := range inOrder(u.dossier) {
		receipt, err := u.client.Receipt(ctx, r.ID())
		switch {
		case err == nil:
			u.take(receipt)
		case u.has(r.ID()) && denied(err):
			return u.lost(ctx, u.client, u.dossier, u.keeper.path, r, err)
		case taken(err):
			u.failed = errors.Join(u.failed, fmt.Errorf("%s: %w", recordName(r), err))
		case !notThere(err):
			return err
		default:
			u.drafts = append(u.drafts, r)
		}
	}
	return u.settle(ctx)
}

// sayDrafts says how far the drafts are, which the ledger does not have.
func (u *updating) sayDrafts() {
	h := hold(u.dossier)
	for _, r := range u.drafts {
		state := u.state(h, r)
		if why := u.beaten[r.ID()]; why != "" {
			state = "can't be registered any more: " + why
		}
		u.say("%s: %s", nameIn(u.dossier, r), state)
		if h.dead(r) != "" {
			u.say("hint: chirograph drop %s %.12s takes it out", plain(u.keeper.path), r.ID())
		}
	}
}

// behind is what else looks as if a ledger had gone back.
const behind = "a cache, or a read-only copy, that lags behind looks the same: ask the ledger itself, or again in a minute"

// lost says that the ledger denies what the dossier at path has a receipt of, and what that
// proves. The answer itself, which is the error, is signed by nobody, and may be that of a
// cache.
func (a *app) lost(ctx context.Context, c *client.Client, d *dossier.Dossier, path string, r *record.Record, answer error) error {
	if err := theLedger(ctx, c); err != nil {
		return err
	}
	says := "does not have " + nameIn(d, r)
	if taken(answer) {
		says = "has not published " + nameIn(d, r) + " yet"
	}
	receipt := d.Receipt(r.ID())
	return hint(no("%s says that it %s, and you hold its receipt, by which the ledger %s has signed that it is entry %d, in a tree of %d: it denies now what it has signed, and this is serious",
		c.URL(), says, c.Ledger().Name(), receipt.Proof.Index, receipt.Proof.Checkpoint.Size),
		"keep this file: it stays valid, and is your proof; this answer is not signed: "+behind+", and then the operator; chirograph watch --dossier %s, and chirograph audit --state DIR, each with --policy FILE and %s, show whether the ledger went back, or has another history for others", path, c.URL())
}

// taken says whether the ledger answered that it has taken a record and can't show it yet.
func taken(err error) bool {
	var t *client.NotPublic
	return errors.As(err, &t)
}

// settle puts what was fetched into the dossier.
func (u *updating) settle(ctx context.Context) error {
	results, err := u.keeper.settle(ctx)
	if err == nil {
		u.results = append(u.results, results...)
	}
	return err
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

// notThere says whether the ledger answered that it has no such record, or no longer.
func notThere(err error) bool {
	var refusal *client.Refusal
	return errors.As(err, &refusal) && (refusal.Status == http.StatusNotFound || refusal.Status == http.StatusGone)
}

// denied says whether the ledger answered what it can't say of a record that it gave a
// receipt of: that it has none, or that it is still to become public.
func denied(err error) bool { return notThere(err) || taken(err) }
