package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A registered record, as submit, update and status print it.
type registeredResult struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Title      string `json:"title,omitempty"`
	Registered string `json:"registered,omitempty"`
	Index      uint64 `json:"index"`
	Size       uint64 `json:"size"`             // of the tree under the receipt
	New        bool   `json:"new"`              // registered by this very command
	Frozen     bool   `json:"frozen,omitempty"` // the ledger says that it registers nothing any more, for good; update and status ask
}

func result(r *client.Receipt) registeredResult {
	t := r.Record.Text()
	return registeredResult{
		ID: r.Record.ID().String(), Kind: t.Kind.String(), Title: t.Title, Registered: record.FormatTime(r.Registered),
		Index: r.Index, Size: r.Checkpoint.Size, New: r.New,
	}
}

func (r registeredResult) String() string {
	how := "is registered"
	if r.New {
		how = "registered"
	}
	return fmt.Sprintf("%s %s: %s as entry %d at %s, in a tree of %d", r.Kind, r.ID, how, r.Index, r.Registered, r.Size)
}

func (a *app) submitCommand() *cobra.Command {
	var t trust
	var asJSON bool
	c := &cobra.Command{
		Use:   "submit X.chirograph|NOTE [--ledger URL|POLICY] [--policy FILE]",
		Short: "Register what everyone has signed, and keep the receipts",
		Long: `Registers every record in X that everyone who has to has signed, and puts the
receipts into X. The receipt of a single NOTE goes to NOTE.tlog-proof.

It can be run again at any time: a record is registered once. A revocation is only
registered as a NOTE, never out of X: it cannot be taken back.

--policy verifies by another policy of the same ledger, where that asks other witnesses
than it did when X was drawn up. It becomes the policy of X as soon as all receipts in
X hold by it; those that do not are fetched anew.`,
		Example: "  chirograph submit pumps.chirograph",
		Args:    arguments("X.chirograph|NOTE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			magic, err := firstBytes(args[0], 2)
			if err != nil {
				return err
			}
			if isDossier(args[0]) || string(magic) == "PK" {
				return a.submitDossier(cmd.Context(), args[0], t, asJSON)
			}
			return a.submitNote(cmd.Context(), args[0], t, asJSON)
		},
	}
	t.flags(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as data")
	return c
}

// submitDossier registers what is complete, one record after the other whatever becomes
// of those before, and keeps the receipts before it says what went wrong.
func (a *app) submitDossier(ctx context.Context, path string, t trust, asJSON bool) error {
	d, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer d.Close()
	s := &submission{app: a, path: path, trust: t, dossier: d}
	if err := s.adopt(ctx); err != nil {
		return err
	}
	s.held = hold(d)
	for _, r := range s.held.order {
		if d.Receipt(r.ID()) == nil && !s.submit(ctx, r) {
			break
		}
	}
	if s.keeper != nil {
		results, err := s.keeper.settleNew(ctx)
		if err != nil {
			err = s.ledger.explain(ctx, err)
		}
		s.results, s.failed = results, errors.Join(s.failed, err)
	}
	if err := a.saveSome(d, path, s.results); err != nil {
		return errors.Join(s.failed, err)
	}
	for _, w := range s.waiting {
		a.say("%s", w)
	}
	if s.failed == nil && len(s.waiting) > 0 {
		a.warnFrozen(d, path)
	}
	return s.end(ctx, asJSON)
}

// A submission is a dossier while what is complete in it is registered.
type submission struct {
	*app
	path     string
	trust    trust
	dossier  *dossier.Dossier
	held     *held   // as it was before
	dead     int     // drafts that were left out: they can't be registered any more
	ledger   *asked  // nil before it is needed
	keeper   *keeper // nil before it is needed
	results  []registeredResult
	waiting  []string // what is not complete, and why
	rejected []refusedResult
	failed   error
}

// reach says which ledger is asked, and whether that is by another policy than the
// dossier's. A dossier is of one ledger; what is for another is refused there by its form.
func (s *submission) reach() (other bool, err error) {
	if s.ledger, other, err = s.dossierLedger(s.dossier, s.path, s.trust); err == nil {
		s.keeper = s.newKeeper(s.path, s.dossier, s.ledger.Client)
	}
	return other, err
}

// adopt has the dossier take the policy that the command line names, if it names one, or
// the pinned one that it falls short of.
func (s *submission) adopt(ctx context.Context) error {
	path, err := s.trust.file()
	if err != nil {
		return err
	}
	if path == "" {
		if short, err := s.belowPin(s.dossier); err != nil || !short {
			return err
		}
	}
	if _, err = s.reach(); err != nil {
		return err
	}
	if err := s.keeper.adopt(ctx, s.ledger); err != nil {
		return s.ledger.explain(ctx, err)
	}
	return nil
}

// submit submits one record, and says whether it makes sense to go on: nothing else
// gets to a ledger that does not answer.
func (s *submission) submit(ctx context.Context, r *record.Record) bool {
	if why := s.held.dead(r); why != "" {
		s.dead++
		s.say("%s can't be registered any more, and is left out: %s; chirograph drop %s %.12s takes it out of the file", nameIn(s.dossier, r), why, plain(s.path), r.ID())
		s.rejected = append(s.rejected, newRefused(r, errors.New("it can't be registered any more: "+why)))
		return true
	}
	ready, why, err := s.ready(s.held, r)
	if err != nil {
		s.failed = errors.Join(s.failed, err)
		return true
	}
	if ready == nil {
		s.waiting = append(s.waiting, why)
		s.rejected = append(s.rejected, newRefused(r, errors.New(why)))
		return true
	}
	if s.keeper == nil {
		if _, err := s.reach(); err != nil {
			s.failed = errors.Join(s.failed, err)
			return false
		}
	}
	receipt, err := s.keeper.client.Submit(ctx, ready)
	s.submitted(s.ledger, receipt, err)
	if err == nil {
		s.keeper.take(receipt)
		return true
	}
	said := s.ledger.submitError(ctx, err, r)
	s.failed = errors.Join(s.failed, said)
	var n *negative
	if errors.As(said, &n) {
		s.rejected = append(s.rejected, newRefused(r, err))
	}
	return !undialled(err) && ctx.Err() == nil
}

// end prints what came of it.
func (s *submission) end(ctx context.Context, asJSON bool) error {
	var n *negative
	switch {
	case s.failed != nil && (len(s.results) > 0 || errors.As(s.failed, &n)):
		return errors.Join(s.printRefused(s.results, s.rejected, asJSON), s.failed)
	case s.failed != nil:
		return s.failed
	case len(s.results) == 0 && len(s.waiting) > 0:
		return errors.Join(s.printRefused(nil, s.rejected, asJSON), no("nothing here is signed by everyone who has to"))
	case len(s.results) == 0 && s.dead > 0:
		return errors.Join(s.printRefused(nil, s.rejected, asJSON), no("nothing here can be registered any more"))
	case len(s.results) == 0:
		if err := s.stillThere(ctx); err != nil {
			return errors.Join(s.printRefusal(nil, s.held.last(), err, asJSON), err)
		}
	}
	return s.printResults(s.results, asJSON)
}

// stillThere says that everything is registered, when the ledger says so too: it is asked
// for the last entry of which a receipt is here, the first that an older copy of the ledger
// lacks. Where nobody answers the receipts say it.
func (s *submission) stillThere(ctx context.Context) error {
	last := s.held.last()
	if last == nil {
		s.say("everything here is registered already")
		return nil
	}
	if s.ledger == nil {
		if _, err := s.reach(); err != nil {
			return err
		}
	}
	_, err := s.ledger.Receipt(ctx, last.ID())
	switch {
	case denied(err):
		return s.deny(ctx, last, err)
	case err != nil:
		s.say("everything here is registered already, by the receipts in %s; %s did not confirm it: %s", s.path, s.ledger.URL(), err)
	default:
		s.say("everything here is registered already")
	}
	return nil
}

// deny says that the ledger does not have what the dossier has a receipt of, and how it is
// registered once more: as another entry, so that the dossier keeps what it has.
func (s *submission) deny(ctx context.Context, r *record.Record, answer error) error {
	err := s.lost(ctx, s.ledger.Client, s.dossier, s.path, r, answer)
	var n *negative
	if !errors.As(err, &n) {
		return err
	}
	until := ""
	if t := r.Text().SignBy; t != 0 {
		until = " until " + readable(t)
	}
	return hint(err, "keep this file: it stays valid, and is your proof; chirograph status %s says what to look at. It can be registered once more%s, as another entry: chirograph extract %s --to DIR, then chirograph submit %s --ledger %s",
		s.path, until, s.path, filepath.Join("DIR", r.ID().String()+".note"), s.ledger.URL())
}

// saveSome saves a dossier if anything in it was registered.
func (a *app) saveSome(d *dossier.Dossier, path string, results []registeredResult) error {
	if len(results) == 0 {
		return nil
	}
	return d.Save(path)
}

func (a *app) printResults(results []registeredResult, asJSON bool) error {
	if asJSON {
		if results == nil {
			results = []registeredResult{}
		}
		return a.printJSON(results)
	}
	for _, r := range results {
		if err := a.print("%s", r); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) submitNote(ctx context.Context, path string, t trust, asJSON bool) error {
	b, err := readFile(path, int64(record.MaxRecord))
	if err != nil {
		return err
	}
	r, err := record.Open(b, note.PublicKey.Verify)
	if err != nil {
		return fmt.Errorf("%s is no record: %w", plain(path), err)
	}
	receiptFile := path + ".tlog-proof"
	kept, err := holdsReceipt(receiptFile, r.ID())
	if err != nil {
		return err
	}
	if t == (trust{}) {
		return hint(errors.New("--ledger is missing"), "a note names the key of its ledger (%s), and not where it is: --ledger URL", r.Text().Ledger.Name())
	}
	c, err := a.namedLedger(ctx, t, r.Text().Ledger)
	if err != nil {
		return err
	}
	receipt, err := c.Submit(ctx, r)
	a.submitted(c, receipt, err)
	if err != nil {
		err = c.submitError(ctx, err, r)
		return errors.Join(a.printRefusal(nil, r, err, asJSON), err)
	}
	if t := receipt.Record.Text(); t.Kind == record.Revocation {
		a.say("the key of %s, %s, is revoked", t.Key.Name(), t.Key.Public().Fingerprint())
	}
	if !kept {
		if err := a.writeReceipt(receiptFile, receipt); err != nil {
			return err
		}
	}
	return a.printResults([]registeredResult{result(receipt)}, asJSON)
}

// recordOf returns the id of the record in a receipt, which is not verified.
func recordOf(receipt []byte) (record.ID, error) {
	p, err := tlog.ParseProof(receipt)
	if err != nil {
		return record.ID{}, err
	}
	e, err := record.ParseEntry(p.Extra)
	if err != nil {
		return record.ID{}, err
	}
	r, err := record.Open(e.Record, note.PublicKey.Verify)
	if err != nil {
		return record.ID{}, err
	}
	return r.ID(), nil
}

// undialled says whether nothing answered, the last time, where the ledger is to be.
func undialled(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// unreached says whether nothing at all was sent: at no try was anybody there.
func unreached(err error) bool {
	var tried *client.Unanswered
	return undialled(err) && !errors.As(err, &tried)
}

// submitError tells a refusal from a ledger that did not answer.
func (c *asked) submitError(ctx context.Context, err error, r *record.Record) error {
	var refusal *client.Refusal
	if unreached(err) {
		return hint(err, "nothing was sent; --ledger URL asks at another address")
	}
	if explained := c.explain(ctx, err); explained != err {
		return explained
	}
	if !errors.As(err, &refusal) {
		return hint(err, "it may be registered all the same; run the command again, it registers nothing twice")
	}
	if refusal.Frozen {
		return hint(&negative{err}, "nothing is registered there any more, and what is stays valid; draw it up again for another ledger: chirograph new --ledger URL")
	}
	if refusal.Rule == "" && refusal.Status == http.StatusForbidden {
		return hint(err, "nobody judged the record: only the ledger itself registers; --ledger URL asks at another address")
	}
	switch refusal.Rule {
	case rules.Time:
		return hint(&negative{err}, "a draft lapses at its sign-by, %s; draw it up again", readable(r.Text().SignBy))
	case rules.Revoked:
		return hint(&negative{err}, "a revoked key signs nothing more; draw it up again, and have the keys that are left sign")
	case rules.Refers:
		return hint(&negative{err}, "what it names has to be registered before, in this ledger, and to be of this contract")
	case rules.Replaces:
		return hint(&negative{err}, "chirograph update the file of the contract that it was to replace: it fetches what came first; amend that")
	case rules.Under:
		return hint(&negative{err}, "a party of the frame contract has to sign with the keys that it has there, while that is in force")
	case rules.Terminates:
		return hint(&negative{err}, "chirograph update, then show, says how the contract stands, and who may end it with what notice")
	}
	return &negative{err}
}
