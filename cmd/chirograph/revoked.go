package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// A revocations says which entry revoked a key, by the receipts of a dossier that are of
// its ledger.
type revocations map[note.PublicKey]uint64

// left returns the keys that are not revoked.
func (rs revocations) left(keys []note.Key) []note.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k note.Key) bool {
		_, gone := rs[k.Public()]
		return gone
	})
}

// usable returns a record as it may be submitted: one that is not registered without
// the lines of keys that were revoked, which no ledger takes.
func usable(h *held, r *record.Record) (*record.Record, error) {
	if h.Receipt(r.ID()) != nil || len(h.revoked.left(r.Signed())) == len(r.Signed()) {
		return r, nil
	}
	n, err := note.ParseDraft(r.Bytes())
	if err != nil {
		return nil, err
	}
	kept := note.Note{Text: n.Text}
	for i, k := range r.Signed() {
		if _, gone := h.revoked[k.Public()]; !gone {
			kept.Signatures = append(kept.Signatures, n.Signatures[i])
		}
	}
	return record.OpenDraft(kept.Bytes(), note.PublicKey.Verify)
}

// lacking says who has to sign a record still, counted without the keys that were
// revoked.
func lacking(h *held, r *record.Record) ([]string, error) {
	u, err := usable(h, r)
	if err != nil {
		return nil, err
	}
	waiting := []string{}
	for _, m := range u.Missing() {
		if len(h.revoked.left(m.Keys)) >= m.Threshold {
			m.Keys = h.revoked.left(m.Keys)
			waiting = append(waiting, missing(u, m))
			continue
		}
		waiting = append(waiting, fmt.Sprintf("%s: %s, so nobody can sign for it", m.Name(), keysLeft(h.revoked, m.Party)))
	}
	return waiting, nil
}

// keysLeft says how many of a party's keys are not revoked.
func keysLeft(revoked revocations, p record.Party) string {
	return fmt.Sprintf("%s left of %d, and it needs %d", count(len(revoked.left(p.Keys)), "key"), len(p.Keys), p.Threshold)
}

// leftOut names the signatures of a record that do not count, "" for none.
func leftOut(h *held, r *record.Record) string {
	if h.Receipt(r.ID()) != nil {
		return ""
	}
	var out []string
	for _, k := range r.Signed() {
		if entry, gone := h.revoked[k.Public()]; gone {
			out = append(out, fmt.Sprintf("the signature of %s does not count: its key, %s, was revoked by entry %d", k.Name(), k.Public().Fingerprint(), entry))
		}
	}
	return strings.Join(out, "; ")
}

// unrevoked returns those of my keys that may still sign. It refuses where none is
// left.
func (a *app) unrevoked(h *held, mine map[note.PublicKey]bool) (map[note.PublicKey]bool, error) {
	good := make(map[note.PublicKey]bool)
	var gone []string
	for pub := range mine {
		entry, is := h.revoked[pub]
		if !is {
			good[pub] = true
			continue
		}
		gone = append(gone, fmt.Sprintf("your key %s was revoked by entry %d", pub.Fingerprint(), entry))
	}
	slices.Sort(gone)
	if len(good) == 0 && len(gone) > 0 {
		return nil, hint(no("%s", strings.Join(gone, "; ")), "it signs nothing more; the other keys of your party can, and a contract that takes this one's place can list a new one: chirograph amend")
	}
	for _, g := range gone {
		a.say("%s, and does not sign", g)
	}
	return good, nil
}

// warnRevoked warns of the keys that the draft of a contract lists and that were
// revoked, by the records of a dossier.
func (a *app) warnRevoked(h *held, t *record.Text) {
	said := make(map[string]bool)
	for _, q := range t.Requirements() {
		left := len(h.revoked.left(q.Keys))
		if left == len(q.Keys) || said[q.Role] {
			continue
		}
		said[q.Role] = true
		s := fmt.Sprintf("warning: %s has %s left of %d, and needs %d", q.Name(), count(left, "key"), len(q.Keys), q.Threshold)
		if left < q.Threshold {
			s += ": nobody can sign for it"
		}
		a.say("%s", s)
	}
}

// carryRevocations puts the registered revocations of the keys that a draft lists from
// one dossier into that of the draft, so that who signs there learns of them.
func carryRevocations(to, from *dossier.Dossier) error {
	draft := to.Contract().Text()
	listed := draft.Signers()
	for _, r := range from.Records() {
		t, receipt := r.Text(), from.Receipt(r.ID())
		if t.Kind != record.Revocation || t.Ledger != draft.Ledger || receipt == nil || len(revocations{t.Key.Public(): 0}.left(listed)) == len(listed) {
			continue
		}
		if _, err := to.AddReceipt(receipt.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
