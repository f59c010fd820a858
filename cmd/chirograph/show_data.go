package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A showResult is a dossier as data.
type showResult struct {
	Contract string        `json:"contract,omitempty"` // id of the dossier's contract; of a lone note none
	Records  []*view       `json:"records"`            // that contract first, then what is registered, by index, then drafts
	Timeline []eventView   `json:"timeline"`           // all of them, what is registered first, by index
	Revoked  []revokedView `json:"revoked"`            // keys whose revocation is registered, by the receipts in the dossier
}

// An eventView is a record in the time line.
type eventView struct {
	Index      *uint64  `json:"index,omitempty"` // of a draft none
	Registered string   `json:"registered,omitempty"`
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	By         []string `json:"by"` // roles
	About      string   `json:"about,omitempty"`
	Answers    string   `json:"answers,omitempty"`
	Effective  string   `json:"effective,omitempty"`
	SignBy     string   `json:"sign_by,omitempty"` // of a draft
}

// A revokedView is a key that was revoked.
type revokedView struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	Entry       uint64 `json:"entry"`
	ID          string `json:"id"` // of the revocation
	Reason      string `json:"reason"`
}

// A standingView is how a contract stands today by the records of a dossier.
type standingView struct {
	Standing rules.Standing `json:"standing"`
	Since    string         `json:"since"`
	By       string         `json:"by,omitempty"`
	Recorded string         `json:"recorded,omitempty"`
	Ends     rules.Ending   `json:"ends,omitzero"`
	Disputes []string       `json:"disputes"` // that are open
}

// showJSON prints a dossier as data.
func (a *app) showJSON(h *held, views []*view) error {
	if h.disorder != nil {
		return h.disorder
	}
	result := showResult{Contract: h.Contract().ID().String(), Records: views, Timeline: []eventView{}, Revoked: []revokedView{}}
	for _, r := range h.order {
		receipt := h.Receipt(r.ID())
		result.Timeline = append(result.Timeline, viewEvent(r, receipt))
		if receipt == nil {
			continue
		}
		if t := r.Text(); t.Kind == record.Revocation {
			result.Revoked = append(result.Revoked, revokedView{t.Key.Name(), t.Key.Public().Fingerprint(), receipt.Proof.Index, r.ID().String(), t.Reason})
		}
	}
	for _, v := range views {
		if v.text.Kind != record.Contract || v.Index == nil {
			continue
		}
		var err error
		if v.Status, err = a.viewStanding(h, v.text.ID()); err != nil {
			return err
		}
	}
	return a.printJSON(result)
}

func viewEvent(r *record.Record, receipt *dossier.Receipt) eventView {
	t := r.Text()
	e := eventView{ID: r.ID().String(), Kind: t.Kind.String(), By: []string{}, About: t.About, Effective: optionalDate(t.Effective)}
	if receipt != nil {
		e.Index, e.Registered = &receipt.Proof.Index, record.FormatTime(receipt.Entry.Registered)
	} else if t.SignBy != 0 {
		e.SignBy = record.FormatTime(t.SignBy)
	}
	if t.Answers != (record.ID{}) {
		e.Answers = t.Answers.String()
	}
	for _, p := range t.Parties {
		e.By = append(e.By, p.Role)
	}
	return e
}

// viewStanding returns how a registered contract stands; nil for one of another ledger.
func (a *app) viewStanding(h *held, contract record.ID) (*standingView, error) {
	st, ok, err := h.status(contract, a.now().Unix())
	if err != nil || !ok {
		return nil, err
	}
	v := &standingView{Standing: st.Standing, Since: st.Since.String(), Recorded: optionalDate(st.Recorded), Ends: st.Ends, Disputes: []string{}}
	if st.By != (record.ID{}) {
		v.By = st.By.String()
	}
	for _, d := range st.Disputes {
		v.Disputes = append(v.Disputes, d.ID.String())
	}
	return v, nil
}

// showNote shows the one record in a file.
func (a *app) showNote(path string, mine map[note.PublicKey]bool, asJSON bool) error {
	b, err := readFile(path, int64(record.MaxRecord))
	if err != nil {
		return err
	}
	r, err := record.OpenDraft(b, note.PublicKey.Verify)
	var fault *record.SignatureError
	if errors.As(err, &fault) {
		return &negative{fmt.Errorf("%s: %w", path, err)}
	}
	if err != nil {
		return fmt.Errorf("%s is no record: %w", path, err)
	}
	v := a.viewOf(r, mine, nil)
	v.note = true
	if asJSON {
		return a.printJSON(showResult{Records: []*view{v}, Timeline: []eventView{}, Revoked: []revokedView{}})
	}
	var text bytes.Buffer
	v.print(&text)
	_, err = a.stdout.Write(text.Bytes())
	return err
}
