// Package certificate says on paper what a dossier proves of one registered contract: who
// signed what, when it was registered, what came later as far as the dossier knows, and
// the receipt itself, as codes and as text, so that the paper can be verified without the
// file. It verifies before it says anything, and asks neither network nor clock: the same
// dossier and policy make the same bytes.
//
// The words are made once (words.go) and drawn twice, as HTML and as PDF.
package certificate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/qr"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A Certificate is what is said of one contract. It does not change.
type Certificate struct {
	id       record.ID
	title    string // of the contract; may be empty
	made     int64  // POSIX seconds: when the contract was registered
	lead     []words
	sections []section
	receipt  []byte
	parts    []qr.Part // of the receipt; none where it is too large for codes
}

// An Unchecked error says that nothing fails, and what could not be checked.
type Unchecked struct{ Sentences []string }

func (u *Unchecked) Error() string { return "could not be checked: " + strings.Join(u.Sentences, "; ") }

// New verifies a dossier, whole, and returns the certificate of a contract in it. Own says
// that the policy is the dossier's own, which then is said. The error is a [*verify.Failure]
// where something does not hold, an [*Unchecked], or one of reading.
func New(p *verify.Policy, own bool, d *dossier.Dossier, contract record.ID) (*Certificate, error) {
	items, receipt, err := verified(p, d, contract)
	if err != nil {
		return nil, err
	}
	of := slices.IndexFunc(items, func(i verify.Item) bool { return i.Record.ID() == contract })
	if receipt == nil || of < 0 || items[of].Record.Text().Kind != record.Contract {
		return nil, &verify.Failure{Step: verify.StepProof, Reason: fmt.Sprintf("not registered: the dossier has no receipt of a contract %s", contract)}
	}
	documents, err := d.CheckDocuments(contract)
	if err != nil {
		return nil, err
	}
	day := lastKnown(items)
	status, ok, err := verify.StatusFrom(items, contract, day)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("the contract that was verified has no status")
	}
	parts, err := qr.Split(receipt)
	if err != nil {
		parts = nil // which the certificate says
	}
	t := items[of].Record.Text()
	f := facts{
		item: items[of], text: t, items: items, documents: documents, policy: p, own: own, day: record.DateOf(day), status: status,
		receipt: receipt, parts: parts,
	}
	return &Certificate{
		id: contract, title: t.Title, made: items[of].Registration.Registered, receipt: receipt, parts: parts, lead: f.lead(), sections: f.sections(),
	}, nil
}

// verified returns what holds of a dossier, in the order of registration, and the receipt
// of the contract that it is said of; nil where there is none.
func verified(p *verify.Policy, d *dossier.Dossier, contract record.ID) (items []verify.Item, receipt []byte, err error) {
	if items, err = verify.Dossier(p, d); err != nil {
		return nil, nil, err
	}
	if f := verify.Contradiction(items); f != nil {
		return nil, nil, f
	}
	if receipt, err = chosen(p, d, items, contract); err != nil {
		return nil, nil, err
	}
	verify.Relate(items)
	for _, item := range items {
		if item.Verdict == verify.No {
			return nil, nil, item.Failure
		}
	}
	for _, item := range items {
		if item.Verdict == verify.Unchecked {
			return nil, nil, &Unchecked{item.Unchecked}
		}
	}
	return items, receipt, nil
}

// chosen returns the receipt that the certificate carries: the newest, or the first, where
// the quorum had seen that earlier. It has the items say what that one proves by itself,
// for nobody who has the paper alone can find out more.
func chosen(p *verify.Policy, d *dossier.Dossier, items []verify.Item, contract record.ID) ([]byte, error) {
	newest := d.Receipt(contract)
	if newest == nil {
		return nil, nil
	}
	i := slices.IndexFunc(items, func(i verify.Item) bool { return i.Registration != nil && i.Record.ID() == contract })
	if i < 0 || items[i].SeenIn == nil {
		return newest.Bytes(), nil
	}
	first := d.FirstReceipt(contract).Bytes()
	reg, err := verify.Receipt(p, first)
	if err != nil {
		return nil, err
	}
	report := reg.Report(p)
	report.Documents, report.Verdict, report.Failure = items[i].Documents, items[i].Verdict, items[i].Failure
	items[i] = verify.Item{Registration: reg, Report: report}
	return first, nil
}

// lastKnown returns the last time that the items know of, in POSIX seconds: of an entry,
// or of a cosignature that counts.
func lastKnown(items []verify.Item) int64 {
	last := int64(0)
	for _, i := range items {
		last = max(last, i.Registration.Registered)
		for _, c := range i.Counted {
			last = max(last, c.Time)
		}
	}
	return last
}
