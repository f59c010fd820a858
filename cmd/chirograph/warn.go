package main

import (
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// resolvesNothing says why a resolution, of the record that t says and as far as the
// dossier has what it names, leaves every dispute open; "" for one that may resolve
// one, and for every other record.
func resolvesNothing(h *held, t *record.Text) string {
	if t.About != rules.AboutResolution {
		return ""
	}
	if t.Answers == (record.ID{}) {
		return "this resolves nothing: it names no dispute that it answers"
	}
	if answered := h.Record(t.Answers); answered != nil && answered.Text().About != rules.AboutDispute {
		return fmt.Sprintf("this resolves nothing: %s is no dispute", recordName(answered))
	}
	contract := h.Record(t.Contract)
	if contract == nil || len(t.Parties) == len(contract.Text().Parties) {
		return ""
	}
	if h.resolved(t.Answers) {
		return ""
	}
	return fmt.Sprintf("this resolves nothing: %.12s is open until all parties (%s) sign one", t.Answers, roleList(contract.Text().Parties))
}

// resolved says whether a registered resolution of all parties answers a dispute.
func (h *held) resolved(dispute record.ID) bool {
	// A state in memory never fails.
	entry, _ := h.known.Lookup(dispute)
	if entry == nil {
		return false
	}
	place, _ := h.known.Place(entry.Text.Contract)
	d, ok, _ := h.known.Dispute(place.Chain, entry.Index)
	return ok && d.Resolved != nil
}

// warnResolution warns of the draft of a resolution that resolves nothing.
func (a *app) warnResolution(h *held, t *record.Text) {
	if why := resolvesNothing(h, t); why != "" {
		a.say("warning: %s", why)
	}
}

// warnPast warns of the draft of a contract that is to be in force from a day that is
// over: it says so, and it binds nobody before it is registered.
func (a *app) warnPast(t *record.Text) {
	today := record.DateOf(t.Made)
	if t.From == 0 || t.From >= today {
		return
	}
	s := fmt.Sprintf("warning: --from %s is over, it is %s: nobody is bound before it is registered, and every status says both days", t.From, today)
	if t.Replaces != (record.ID{}) {
		s += fmt.Sprintf("; the contract that it replaces is then shown as replaced since %s too", t.From)
	}
	a.say("%s", s)
}
