package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A held is a dossier with what follows from its receipts. It is made anew when one is
// put in.
type held struct {
	*dossier.Dossier
	order    []*record.Record // as inOrder
	known    rules.Memory     // the state that the registered records of the dossier's ledger make
	disorder error            // records in which two receipts contradict each other; known has one of the two
	revoked  revocations
}

func hold(d *dossier.Dossier) *held {
	h := &held{Dossier: d, order: inOrder(d), revoked: make(revocations)}
	ledger := ledgerOf(d)
	for _, r := range h.order {
		t := r.Text()
		receipt := d.Receipt(r.ID())
		if receipt == nil || t.Ledger != ledger {
			continue
		}
		if err := h.known.Add(receipt.Proof.Index, receipt.Entry.Registered, r); err != nil {
			h.disorder = errors.Join(h.disorder, err)
			continue
		}
		if t.Kind == record.Revocation {
			h.revoked[t.Key.Public()] = receipt.Proof.Index
		}
	}
	return h
}

// chain returns a registered contract and those that it took the place of, the newest
// first, as far as the dossier has them.
func (h *held) chain(contract *record.Record) []*record.Record {
	var chain []*record.Record
	for r := contract; r != nil && h.Receipt(r.ID()) != nil; r = h.Record(r.Text().Replaces) {
		chain = append(chain, r)
	}
	return chain
}

// last returns the record that was registered last; nil where none was.
func (h *held) last() (last *record.Record) {
	for _, r := range h.order {
		if h.Receipt(r.ID()) != nil {
			last = r // in the order of their entries
		}
	}
	return last
}

// status returns how a contract stands on the day of a time in POSIX seconds, by the
// records here; ok is false where it is not registered in the dossier's ledger.
func (h *held) status(contract record.ID, t int64) (st rules.Status, ok bool, err error) {
	entry, err := h.known.Lookup(contract)
	if err != nil || entry == nil {
		return rules.Status{}, false, err
	}
	st, err = rules.StatusAt(&h.known, entry, t)
	return st, err == nil, err
}

// over says whether a contract with this status has ended.
func over(st rules.Status) bool {
	return st.Standing != rules.Pending && st.Standing != rules.InForce
}

// A standing is a contract with how it stands.
type standing struct {
	contract *record.Record
	status   rules.Status
}

// standings returns how the contract in place stands at a time in POSIX seconds, after
// those whose place it took that have not ended: a renewal leaves the contract before it
// in force until its first day. The oldest comes first; none where nothing is in place.
func (h *held) standings(t int64) ([]standing, error) {
	var all []standing
	for i, r := range h.chain(h.InPlace()) {
		st, ok, err := h.status(r.ID(), t)
		if err != nil {
			return nil, err
		}
		if ok && (i == 0 || !over(st)) {
			all = append(all, standing{r, st})
		}
	}
	slices.Reverse(all)
	return all, nil
}

// contractCalled returns the registered contract that --contract names, by its id or the
// first digits of it.
func (h *held) contractCalled(prefix string) (*record.Record, error) {
	r, err := oneRecord(h.Dossier, prefix)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--contract %w", err)
	case r.Text().Kind != record.Contract:
		return nil, hint(fmt.Errorf("--contract %s: it is a %s, not a contract", prefix, r.Text().Kind), "chirograph show lists the contracts")
	case h.Receipt(r.ID()) == nil:
		return nil, hint(no("--contract %s: %s is not registered", prefix, nameIn(h.Dossier, r)), "chirograph show lists what is")
	}
	return r, nil
}
