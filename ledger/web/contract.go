package web

import (
	"encoding/hex"
	"encoding/json"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
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
	Time       string         `json:"time"` // of the status: now, by the ledger's clock, and not before the last entry
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
	Status     statusJSON     `json:"status"`   // at the size and the time
	Timeline   []eventJSON    `json:"timeline"` // what was registered under it, by index; at most 256
	Next       *uint64        `json:"next,omitempty"`
}

type statusJSON struct {
	Standing rules.Standing `json:"standing"`
	Since    string         `json:"since"`                   // of a pending contract its first day in force
	By       string         `json:"by,omitempty"`            // the contract that replaced it, the termination that ended it
	Recorded string         `json:"recorded,omitempty"`      // when what makes it so was registered, where that is after since
	Ends     rules.Ending   `json:"ends,omitzero"`           // that is to come
	Disputes []string       `json:"disputes"`                // ids of those that are open, of the first contract in the chain first, by index; at most 256
	More     bool           `json:"more_disputes,omitempty"` // others are open
}

// An eventJSON is an entry in the time line of a contract.
type eventJSON struct {
	Index      uint64   `json:"index"`
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Relation   string   `json:"relation"` // states, terminates, replaces or under
	Registered string   `json:"registered"`
	By         []string `json:"by"` // roles
	About      string   `json:"about,omitempty"`
	Answers    string   `json:"answers,omitempty"`
	Effective  string   `json:"effective,omitempty"`
	Receipt    string   `json:"receipt"` // path
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

// A registered record is one with its place in the log, as a [ledger.View] has it.
type registered struct {
	Index  uint64
	Time   int64 // POSIX seconds
	Record *record.Record
}

func (h *Handler) contract(q *request) (*answer, error) {
	id, err := record.ParseID(q.rest)
	if err != nil {
		return nil, notFound("%s", err)
	}
	first, err := firstIndex(q.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	// Asked first, so that nothing is said of the kind of what is not public.
	if _, ok, err := q.view.Index(id); err == nil && !ok {
		return nil, h.missing(id, notFound("no contract %s is registered among the first %d", id, q.view.Size()))
	}
	reg, err := q.view.Contract(id)
	if err != nil {
		return nil, err
	}
	c := contractOf(registered(reg), q.view.Size())
	// The last entry may be ahead of the clock.
	now := max(h.cfg.Clock().Unix(), q.view.LastTime())
	c.Time = record.FormatTime(now)
	if c.Status, err = status(q.view, registered(reg), now); err != nil {
		return nil, err
	}
	if c.Timeline, c.Next, err = timeline(q.view, id, first); err != nil {
		return nil, err
	}
	return asJSON(c)
}

func status(view *ledger.View, reg registered, now int64) (statusJSON, error) {
	entry := &rules.Entry{Index: reg.Index, Registered: reg.Time, ID: reg.Record.ID(), Text: reg.Record.Text()}
	st, err := rules.StatusWithin(view, entry, now, ledger.MaxPage+1)
	if err != nil {
		return statusJSON{}, err
	}
	out := statusJSON{Standing: st.Standing, Since: date(st.Since), By: optionalID(st.By), Recorded: date(st.Recorded), Ends: st.Ends, Disputes: []string{}}
	// A party may open as many as it likes: the page is read all the same.
	out.More = len(st.Disputes) > ledger.MaxPage
	for _, d := range st.Disputes[:min(len(st.Disputes), ledger.MaxPage)] {
		out.Disputes = append(out.Disputes, d.ID.String())
	}
	return out, nil
}

// timeline returns a page of what belongs to a contract, from an index on, and after
// which index the next one begins.
func timeline(view *ledger.View, id record.ID, first uint64) ([]eventJSON, *uint64, error) {
	indexes, more, err := view.History(id, first)
	if err != nil {
		return nil, nil, err
	}
	events := []eventJSON{}
	for _, index := range indexes {
		reg, err := view.Event(id, index)
		if err != nil {
			return nil, nil, err
		}
		events = append(events, eventOf(registered(reg), id))
	}
	if !more {
		return events, nil, nil
	}
	return events, &indexes[len(indexes)-1], nil
}

func eventOf(reg registered, contract record.ID) eventJSON {
	t, id := reg.Record.Text(), reg.Record.ID().String()
	e := eventJSON{
		Index: reg.Index, ID: id, Kind: t.Kind.String(), Registered: record.FormatTime(reg.Time), By: []string{},
		About: t.About, Answers: optionalID(t.Answers), Effective: date(t.Effective), Receipt: "/records/" + id + "/receipt",
	}
	for _, p := range t.Parties {
		e.By = append(e.By, p.Role)
	}
	switch {
	case t.Kind == record.Statement:
		e.Relation = "states"
	case t.Kind == record.Termination:
		e.Relation = "terminates"
	case t.Replaces == contract:
		e.Relation = "replaces"
	default:
		e.Relation = "under"
	}
	return e
}

func contractOf(reg registered, size uint64) contractJSON {
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
