package web

import (
	"encoding/hex"
	"encoding/json"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// The JSON of a contract. Indexes and sizes are JSON numbers: below 2⁵³, up to
// which every reader of JSON is exact, there is room for a thousand records a second
// for 285,000 years. Times and dates are as in the record.
type contractJSON struct {
	ID         string         `json:"id"`
	Kind       string         `json:"kind"`
	Ledger     string         `json:"ledger"` // vkey
	Index      uint64         `json:"index"`
	Size       uint64         `json:"size"` // of the log that was asked
	Registered string         `json:"registered"`
	Made       string         `json:"made"`
	SignBy     string         `json:"sign_by"`
	Title      string         `json:"title,omitempty"`
	Parties    []partyJSON    `json:"parties"`
	Documents  []documentJSON `json:"documents"`
	From       string         `json:"from,omitempty"`
	Until      string         `json:"until,omitempty"`
	Terminable []noticeJSON   `json:"terminable,omitempty"`
	Replaces   string         `json:"replaces,omitempty"`
	Former     []partyJSON    `json:"former,omitempty"`
	Under      string         `json:"under,omitempty"`
}

type partyJSON struct {
	Role      string    `json:"role"`
	Threshold int       `json:"threshold"`
	Keys      []keyJSON `json:"keys"`
}

type keyJSON struct {
	Name        string `json:"name"` // by the record's word
	VKey        string `json:"vkey"`
	Key         string `json:"key"` // 64 hex digits
	Fingerprint string `json:"fingerprint"`
	Signed      bool   `json:"signed"`
}

type documentJSON struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Media      string `json:"media_type"`
	Size       int64  `json:"size"`
	Commitment string `json:"commitment"`
}

type noticeJSON struct {
	Role string `json:"role"`
	Days int    `json:"days"`
}

func (h *Handler) contract(q *request) (*answer, error) {
	id, err := record.ParseID(q.rest)
	if err != nil {
		return nil, notFound("%s", err)
	}
	reg, err := q.view.Contract(id)
	if err != nil {
		return nil, err
	}
	return asJSON(contractOf(reg, q.view.Size()))
}

func contractOf(reg ledger.Registered, size uint64) contractJSON {
	t := reg.Record.Text()
	c := contractJSON{
		ID: reg.Record.ID().String(), Kind: t.Kind.String(), Ledger: t.Ledger.String(),
		Index: reg.Index, Size: size, Registered: record.FormatTime(reg.Time),
		Made: record.FormatTime(t.Made), SignBy: record.FormatTime(t.SignBy), Title: t.Title,
		Parties: parties(reg.Record, t.Parties), Former: parties(reg.Record, t.Former),
		From: date(t.From), Until: date(t.Until), Replaces: optionalID(t.Replaces), Under: optionalID(t.Under),
	}
	for _, d := range t.Documents {
		c.Documents = append(c.Documents, documentJSON{d.Name, d.Kind, d.Media, d.Size, d.Commitment()})
	}
	for _, n := range t.Terminable {
		c.Terminable = append(c.Terminable, noticeJSON{n.Role, n.Days})
	}
	return c
}

func parties(r *record.Record, list []record.Party) []partyJSON {
	var out []partyJSON
	for _, p := range list {
		party := partyJSON{Role: p.Role, Threshold: p.Threshold}
		for _, k := range p.Keys {
			party.Keys = append(party.Keys, keyJSON{k.Name(), k.String(), k.Public().String(), k.Public().Fingerprint(), r.SignedBy(k.Public())})
		}
		out = append(out, party)
	}
	return out
}

func date(d record.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func optionalID(id record.ID) string {
	if id == (record.ID{}) {
		return ""
	}
	return id.String()
}

func asJSON(v any) (*answer, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return ok(jsonText, latest, append(b, '\n')), err
}

// parsePublicKey reads the one hex form of a key.
func parsePublicKey(s string) (note.PublicKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return note.PublicKey{}, notFound("key %.70q is not 64 lowercase hex digits", s)
	}
	pub, err := note.ParsePublicKey(b)
	if err != nil {
		return note.PublicKey{}, notFound("key %.70q: %s", s, err)
	}
	if pub.String() != s {
		return note.PublicKey{}, notFound("key %.70q is not in lowercase", s)
	}
	return pub, nil
}
