package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) dropCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drop X.chirograph [ID…]",
		Short: "Take drafts out of X: those that have lapsed, or the ones that you name",
		Long: `Takes drafts out of X, with their documents and salts: those of which the time to be
registered is over, or the ones that you name, by ID or its first digits. What is
registered stays. Nobody else's copy changes, and whoever has one can join it again.`,
		Example: "  chirograph drop pumps.chirograph",
		Args:    someArguments("X.chirograph"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.drop(args[0], args[1:]) },
	}
}

func (a *app) drop(path string, prefixes []string) error {
	d, err := a.openDossier(path)
	if err != nil {
		return err
	}
	defer d.Close()
	drafts, err := a.toDrop(d, prefixes)
	if err != nil {
		return err
	}
	if len(drafts) == 0 {
		a.say("no draft in %s has lapsed", path)
		return nil
	}
	var ids []record.ID
	for _, r := range drafts {
		if r == d.Contract() && d.Below(r) == nil {
			return hint(no("%s is what %s is about", nameIn(d, r), plain(path)), "remove the file")
		}
		ids = append(ids, r.ID())
	}
	if err := d.Drop(ids...); err != nil {
		return err
	}
	if err := d.Save(path); err != nil {
		return err
	}
	for _, id := range ids {
		if err := a.print("%s", id); err != nil {
			return err
		}
	}
	a.say("took %s out of %s", count(len(ids), "draft"), path)
	return nil
}

// toDrop returns the drafts whose ids begin so, each once; those that have lapsed where
// none is named.
func (a *app) toDrop(d *dossier.Dossier, prefixes []string) ([]*record.Record, error) {
	var drafts []*record.Record
	if len(prefixes) == 0 {
		for _, r := range inOrder(d) {
			if d.Receipt(r.ID()) == nil && a.lapsed(r) {
				drafts = append(drafts, r)
			}
		}
		return drafts, nil
	}
	for _, prefix := range prefixes {
		r, err := oneRecord(d, prefix)
		if err != nil {
			return nil, err
		}
		if d.Receipt(r.ID()) != nil {
			return nil, no("%s is registered, and stays", nameIn(d, r))
		}
		if !slices.Contains(drafts, r) {
			drafts = append(drafts, r)
		}
	}
	return drafts, nil
}

// oneRecord returns the one record of a dossier whose id begins so.
func oneRecord(d *dossier.Dossier, prefix string) (*record.Record, error) {
	var found []*record.Record
	for _, r := range d.Records() {
		if strings.HasPrefix(r.ID().String(), prefix) {
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, hint(fmt.Errorf("%s: the ids of %s here begin so", prefix, count(len(found), "record")), "chirograph show lists them")
}
