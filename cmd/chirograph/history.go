package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A fork is a receipt whose tree and one that is held are not of one history.
type fork struct {
	held, got tlog.SignedCheckpoint
	why       string
}

func (f *fork) Error() string {
	return fmt.Sprintf("%s has signed two pasts: %d entries with the root %s, which you hold, and %d with %s: %s",
		f.held.Origin, f.held.Size, f.held.Root, f.got.Size, f.got.Root, f.why)
}

// checkpoints returns the checkpoints of the receipts that a dossier holds, one of a
// size, from the smallest tree on. Two of one size have one root, or the error is a
// [*fork].
func checkpoints(receipts ...tlog.SignedCheckpoint) ([]tlog.SignedCheckpoint, error) {
	slices.SortStableFunc(receipts, func(a, b tlog.SignedCheckpoint) int { return cmp.Compare(a.Size, b.Size) })
	var distinct []tlog.SignedCheckpoint
	for _, c := range receipts {
		last := len(distinct) - 1
		switch {
		case last < 0 || distinct[last].Size != c.Size:
			distinct = append(distinct, c)
		case distinct[last].Root != c.Root:
			return nil, &fork{distinct[last], c, "no tree has two roots"}
		}
	}
	return distinct, nil
}

// heldBy returns the checkpoints of all receipts of a dossier.
func heldBy(d *dossier.Dossier) []tlog.SignedCheckpoint {
	var held []tlog.SignedCheckpoint
	for _, r := range d.Records() {
		for _, receipt := range []*dossier.Receipt{d.FirstReceipt(r.ID()), d.Receipt(r.ID())} {
			if receipt != nil {
				held = append(held, receipt.Proof.Checkpoint)
			}
		}
	}
	return held
}

// oneHistory asks the ledger to prove that its log begins with each of the trees
// that are held, and with the one that was got. Whoever runs it again holds more.
func oneHistory(ctx context.Context, c *client.Client, held []tlog.SignedCheckpoint, got tlog.SignedCheckpoint) error {
	trees, err := checkpoints(append(slices.Clone(held), got)...)
	if err != nil {
		return err
	}
	for range maxHeads {
		latest, err := c.Checkpoint(ctx)
		if err != nil {
			return err
		}
		moved, err := extends(ctx, c, trees, latest.SignedCheckpoint)
		if err != nil || !moved {
			return err
		}
	}
	return fmt.Errorf("%s publishes faster than it can be checked; run the command again", c.URL())
}

// maxHeads is how many times a ledger may publish while its past is checked.
const maxHeads = 8

// extends says whether the ledger has published another checkpoint meanwhile; if not,
// the latest one begins with each of the trees.
func extends(ctx context.Context, c *client.Client, trees []tlog.SignedCheckpoint, latest tlog.SignedCheckpoint) (moved bool, err error) {
	for _, tree := range trees {
		if tree.Size > latest.Size {
			return false, hint(no("%s shows %d entries, and you hold a receipt under %d", c.URL(), latest.Size, tree.Size),
				"it shows an older state, or went back; what you hold stays valid: ask again later, and ask the operator")
		}
		x, _, err := c.Consistency(ctx, tree)
		var failure *verify.Failure
		switch {
		case errors.As(err, &failure) && failure.Step == verify.StepConsistency:
			return false, &fork{tree, latest, "the one does not begin with the other"}
		case err != nil:
			return false, err
		case x.New.Size != latest.Size || x.New.Root != latest.Root:
			return true, nil
		}
	}
	return false, nil
}

// A keeper puts receipts of one ledger into a dossier, when their trees and those of
// the receipts that it holds are of one history.
type keeper struct {
	*app
	path    string
	dossier *dossier.Dossier
	client  *client.Client
	known   map[tlog.Hash]bool // roots of trees that were found to be of that history
}

func (a *app) newKeeper(path string, d *dossier.Dossier, c *client.Client) *keeper {
	return &keeper{a, path, d, c, make(map[tlog.Hash]bool)}
}

// take puts a verified receipt into the dossier. One that shows a fork is written
// beside it, and nothing that is held is replaced.
func (k *keeper) take(ctx context.Context, receipt *client.Receipt) error {
	got := receipt.Checkpoint.SignedCheckpoint
	if held := heldBy(k.dossier); len(held) > 0 && !k.known[got.Root] {
		if err := oneHistory(ctx, k.client, held, got); err != nil {
			return k.refuse(receipt.Bytes, err)
		}
	}
	k.known[got.Root] = true
	k.sayDropped(receipt.Record)
	_, err := k.dossier.AddReceipt(receipt.Bytes)
	return err
}

// sayDropped names the signatures here that the registered form does not have: it had
// enough without them.
func (k *keeper) sayDropped(registered *record.Record) {
	here := k.dossier.Record(registered.ID())
	if here == nil {
		return
	}
	var names []string
	for _, key := range here.Signed() {
		if !registered.SignedBy(key.Public()) {
			names = append(names, key.Name())
		}
	}
	if len(names) > 0 {
		k.say("%s was registered without the signature of %s, which it did not need", recordName(registered), strings.Join(names, ", "))
	}
}

func (k *keeper) refuse(receipt []byte, err error) error {
	var f *fork
	if !errors.As(err, &f) {
		return err
	}
	conflict := k.path + ".conflict.tlog-proof"
	if refuseExisting(conflict) == nil {
		if err := replaceFile(conflict, forAll, bytes.NewReader(receipt)); err != nil {
			return err
		}
	}
	return hint(&negative{err}, "nothing was replaced; the other receipt is in %s: keep both, they are evidence against the ledger", conflict)
}

// theLedger demands that what answers at the client's URL says that it is the
// ledger: an answer that something is not there is no evidence of anything.
func theLedger(ctx context.Context, c *client.Client) error {
	_, p, err := client.Policy(ctx, nil, c.URL())
	if err != nil {
		return hint(fmt.Errorf("%s is no Chirograph ledger, or another than %s: %w", c.URL(), c.Ledger().Name(), err), "is the address right? --ledger URL")
	}
	if _, ok := p.Log(c.Ledger()); !ok {
		return hint(fmt.Errorf("%s is not the ledger %s, its policy names another", c.URL(), c.Ledger()), "is the address right? --ledger URL")
	}
	return nil
}
