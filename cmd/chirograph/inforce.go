package main

import (
	"fmt"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// contractMeant returns the registered contract that a command is about: the one that
// --contract names, else the one in force; nil where none is in place.
func (a *app) contractMeant(h *held, called string) (*record.Record, error) {
	if called != "" {
		return h.contractCalled(called)
	}
	place := a.inPlace(h.Dossier)
	if place == nil {
		return nil, nil
	}
	return a.inForce(h, place)
}

// inForce returns a registered contract, or, while that is not in force, the one that is
// of those whose place it takes: a renewal leaves that in force until its first day. It
// says so.
func (a *app) inForce(h *held, place *record.Record) (*record.Record, error) {
	now := a.now().Unix()
	var first rules.Status
	for i, r := range h.chain(place) {
		st, ok, err := h.status(r.ID(), now)
		switch {
		case err != nil:
			return nil, err
		case i == 0:
			first = st
		}
		if !ok || st.Standing != rules.InForce {
			continue
		}
		if i > 0 {
			a.say("contract %.12s is %s; this is about contract %.12s, which is in force (--contract %.12s says the other)", place.ID(), first, r.ID(), place.ID())
		}
		return r, nil
	}
	return place, nil
}

// contractName names a contract by its title and its id.
func contractName(r *record.Record) string {
	if r.Text().Title == "" {
		return recordName(r)
	}
	return fmt.Sprintf("%s (contract %.12s)", recordName(r), r.ID())
}

// underFrame demands that the contract that t says can be registered under its frame
// before it lapses, by the records of the frame's dossier, and warns where it can't
// today.
func (a *app) underFrame(h *held, t *record.Text) error {
	if err := a.mayBe(h, t, "--under and --ledger say under what and where it is made; a party of that has to sign with the keys that it has there, while that is in force"); err != nil {
		return err
	}
	for _, at := range []int64{t.SignBy, t.Made} {
		st, ok, err := h.status(t.Under, at)
		if err != nil {
			return err
		}
		switch {
		case !ok || st.Standing != rules.Pending:
		case at == t.SignBy:
			return hint(no("the frame contract %s is %s, and this lapses on %s", t.Under, st, readable(t.SignBy)), "--sign-by says a later day; or name the contract that is in force, with --under or --contract")
		default:
			a.say("warning: the frame contract %.12s is %s: this can be registered from then on", t.Under, st)
		}
	}
	return nil
}

// frameMeant returns the contract of a frame's dossier that --under means.
func (a *app) frameMeant(d *dossier.Dossier, called string) (*record.Record, error) {
	h := hold(d)
	if called != "" {
		return h.contractCalled(called)
	}
	if r := d.Contract(); d.Receipt(r.ID()) != nil {
		return a.inForce(h, r)
	}
	err := fmt.Errorf("--under: %s is not registered yet", recordName(d.Contract()))
	if r := d.InPlace(); r != nil {
		return nil, hint(err, "the one that is, is contract %s: --contract names it", r.ID())
	}
	return nil, err
}
