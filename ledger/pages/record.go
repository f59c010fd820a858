package pages

import (
	"encoding/hex"
	"strings"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Record is a registered record, decoded: what its text says, and who signed it. Of the
// members after Nonce each record has those of its kind.
type Record struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Ledger     string `json:"ledger"` // vkey
	Index      uint64 `json:"index"`
	Size       uint64 `json:"size"`             // of the log that was asked
	Frozen     bool   `json:"frozen,omitempty"` // the ledger registers nothing any more, for good
	Registered string `json:"registered"`
	Made       string `json:"made"`
	SignBy     string `json:"sign_by,omitempty"`
	Nonce      string `json:"nonce"`

	Title      string     `json:"title,omitempty"`
	Contract   string     `json:"contract,omitempty"`
	Parties    []Party    `json:"parties,omitempty"` // of a contract
	By         []Party    `json:"by,omitempty"`      // of a statement or a termination
	About      string     `json:"about,omitempty"`
	Answers    string     `json:"answers,omitempty"`
	Documents  []Document `json:"documents,omitempty"`
	From       string     `json:"from,omitempty"`
	Until      string     `json:"until,omitempty"`
	Terminable []Notice   `json:"terminable,omitempty"`
	Replaces   string     `json:"replaces,omitempty"`
	Former     []Party    `json:"former,omitempty"`
	Under      string     `json:"under,omitempty"`
	Effective  string     `json:"effective,omitempty"`
	Key        *PartyKey  `json:"key,omitempty"` // that a revocation revokes
	Reason     string     `json:"reason,omitempty"`

	Signatures []PartyKey `json:"signatures"` // the keys that signed, in the order of the text
	Text       string     `json:"text"`       // exactly as it was signed
	Receipt    string     `json:"receipt"`    // path
}

// RecordAt returns the record that is an entry; an error of [ledger.ErrNotFound] where the
// view has no such entry.
func (s *Site) RecordAt(view *ledger.View, index uint64) (*Record, error) {
	reg, err := view.Registered(index)
	if err != nil {
		return nil, err
	}
	t, id := reg.Record.Text(), reg.Record.ID()
	r := &Record{
		ID: id.String(), Kind: t.Kind.String(), Ledger: t.Ledger.String(), Index: reg.Index, Size: view.Size(), Frozen: s.Frozen,
		Registered: record.FormatTime(reg.Time), Made: record.FormatTime(t.Made), Nonce: hex.EncodeToString(t.Nonce[:]),
		Title: t.Title, Contract: optionalID(t.Contract), About: t.About, Answers: optionalID(t.Answers), Documents: documents(t),
		From: date(t.From), Until: date(t.Until), Terminable: notices(t), Replaces: optionalID(t.Replaces),
		Former: parties(reg.Record, t.Former), Under: optionalID(t.Under), Effective: date(t.Effective), Reason: t.Reason,
		Text: string(t.Bytes()), Receipt: receiptOf(id.String()),
	}
	if t.SignBy != 0 {
		r.SignBy = record.FormatTime(t.SignBy)
	}
	switch t.Kind {
	case record.Contract:
		r.Parties = parties(reg.Record, t.Parties)
	case record.Revocation:
		k := partyKey(t.Key, reg.Record)
		r.Key = &k
	default:
		r.By = parties(reg.Record, t.Parties)
	}
	for _, k := range reg.Record.Signed() {
		r.Signatures = append(r.Signatures, partyKey(k, reg.Record))
	}
	return r, nil
}

// IDAt returns the id of the record that is an entry; an error of [ledger.ErrNotFound]
// where the view has no such entry.
func IDAt(view *ledger.View, index uint64) (record.ID, error) {
	reg, err := view.Registered(index)
	if err != nil {
		return record.ID{}, err
	}
	return reg.Record.ID(), nil
}

// A RawLine is a line of a text, without the line feed: a keyword, a space and a value, or
// the kind alone.
type RawLine struct{ Keyword, Value string }

// RawLines returns the lines of the text.
func (r *Record) RawLines() (lines []RawLine) {
	for text := range strings.Lines(r.Text) {
		keyword, value, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
		lines = append(lines, RawLine{keyword, value})
	}
	return lines
}
