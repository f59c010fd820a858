package pages

import (
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A Contract is a page of a contract, with a part of its time line. Indexes and sizes are
// JSON numbers: below 2⁵³, up to which every reader of JSON is exact, there is room for a
// thousand records a second for 285,000 years. Times and dates are as in the record.
type Contract struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Ledger     string     `json:"ledger"` // vkey
	Index      uint64     `json:"index"`
	Size       uint64     `json:"size"`             // of the log that was asked
	Frozen     bool       `json:"frozen,omitempty"` // the ledger registers nothing any more, for good: nothing of this contract either
	Time       string     `json:"time"`             // of the status: now, by the ledger's clock, and not before the last entry
	Registered string     `json:"registered"`
	Made       string     `json:"made"`
	SignBy     string     `json:"sign_by"`
	Title      string     `json:"title,omitempty"`
	Parties    []Party    `json:"parties"`
	Documents  []Document `json:"documents"`
	From       string     `json:"from,omitempty"`
	Until      string     `json:"until,omitempty"`
	Terminable []Notice   `json:"terminable,omitempty"`
	Replaces   string     `json:"replaces,omitempty"`
	Former     []Party    `json:"former,omitempty"`
	Under      string     `json:"under,omitempty"`
	Status     Status     `json:"status"`   // at the size and the time
	Timeline   []Event    `json:"timeline"` // what was registered under it, by index; at most 256
	Next       *uint64    `json:"next,omitempty"`
}

// A Status is how a contract stands.
type Status struct {
	Standing rules.Standing `json:"standing"`
	Since    string         `json:"since"`                   // of a pending contract its first day in force
	By       string         `json:"by,omitempty"`            // the contract that replaced it, the termination that ended it
	Recorded string         `json:"recorded,omitempty"`      // when what makes it so was registered, where that is after since
	Ends     rules.Ending   `json:"ends,omitzero"`           // that is to come
	Disputes []string       `json:"disputes"`                // ids of those that are open, of the first contract in the chain first, by index; at most 256
	More     bool           `json:"more_disputes,omitempty"` // others are open
}

// An Event is an entry in the time line of a contract.
type Event struct {
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

	Title     string `json:"-"` // of a contract, for people
	Documents int    `json:"-"`
}

// A Party is a line of a record that says who has to sign.
type Party struct {
	Role      string     `json:"role"`
	Threshold int        `json:"threshold"`
	Keys      []PartyKey `json:"keys"`
}

// A PartyKey is a key of a party.
type PartyKey struct {
	Name        string `json:"name"` // by the record's word
	VKey        string `json:"vkey"`
	Key         string `json:"key"` // 64 hex digits
	Fingerprint string `json:"fingerprint"`
	Signed      bool   `json:"signed"`
}

// A Document is a file that a record names.
type Document struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Media      string `json:"media_type"`
	Size       int64  `json:"size"`
	Commitment string `json:"commitment"`
}

// A Notice says that a party may end the contract alone.
type Notice struct {
	Role string `json:"role"`
	Days int    `json:"days"`
}

// HasSalted says whether one of the documents is salted.
func (c *Contract) HasSalted() bool { return slices.ContainsFunc(c.Documents, Document.Salted) }

// A registered record is one with its place in the log, as a [ledger.View] has it.
type registered struct {
	Index  uint64
	Time   int64 // POSIX seconds
	Record *record.Record
}

// ContractAt returns the page of a contract at a time, in POSIX seconds, with its time
// line from an entry on; an error of [ledger.ErrNotFound] where the view has no such
// contract. The last entry may be ahead of the clock: its time is then that of the page.
func (s *Site) ContractAt(view *ledger.View, id record.ID, first uint64, now int64) (*Contract, error) {
	found, err := view.Contract(id)
	if err != nil {
		return nil, err
	}
	reg := registered(found)
	c := contractOf(reg, view.Size())
	now = max(now, view.LastTime())
	c.Frozen = s.Frozen
	c.Time = record.FormatTime(now)
	if c.Status, err = status(view, reg, now); err != nil {
		return nil, err
	}
	if c.Timeline, c.Next, err = timeline(view, id, first); err != nil {
		return nil, err
	}
	return c, nil
}

func status(view *ledger.View, reg registered, now int64) (Status, error) {
	entry := &rules.Entry{Index: reg.Index, Registered: reg.Time, ID: reg.Record.ID(), Text: reg.Record.Text()}
	st, err := rules.StatusWithin(view, entry, now, ledger.MaxPage+1)
	if err != nil {
		return Status{}, err
	}
	out := Status{Standing: st.Standing, Since: date(st.Since), By: optionalID(st.By), Recorded: date(st.Recorded), Ends: st.Ends, Disputes: []string{}}
	// A party may open as many as it likes: the page is read all the same.
	out.More = len(st.Disputes) > ledger.MaxPage
	for _, d := range st.Disputes[:min(len(st.Disputes), ledger.MaxPage)] {
		out.Disputes = append(out.Disputes, d.ID.String())
	}
	return out, nil
}

// timeline returns a page of what belongs to a contract, from an index on, and after
// which index the next one begins.
func timeline(view *ledger.View, id record.ID, first uint64) ([]Event, *uint64, error) {
	indexes, more, err := view.History(id, first)
	if err != nil {
		return nil, nil, err
	}
	events := []Event{}
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

func eventOf(reg registered, contract record.ID) Event {
	t, id := reg.Record.Text(), reg.Record.ID().String()
	e := Event{
		Index: reg.Index, ID: id, Kind: t.Kind.String(), Registered: record.FormatTime(reg.Time), By: roles(t.Parties),
		About: t.About, Answers: optionalID(t.Answers), Effective: date(t.Effective), Receipt: receiptOf(id),
		Title: t.Title, Documents: len(t.Documents),
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

func roles(parties []record.Party) []string {
	list := make([]string, 0, len(parties))
	for _, p := range parties {
		list = append(list, p.Role)
	}
	return list
}

// receiptOf returns the path of the receipt of a record.
func receiptOf(id string) string { return "/records/" + id + "/receipt" }

func contractOf(reg registered, size uint64) *Contract {
	t := reg.Record.Text()
	c := &Contract{
		ID: reg.Record.ID().String(), Kind: t.Kind.String(), Ledger: t.Ledger.String(),
		Index: reg.Index, Size: size, Registered: record.FormatTime(reg.Time),
		Made: record.FormatTime(t.Made), SignBy: record.FormatTime(t.SignBy), Title: t.Title,
		Parties: parties(reg.Record, t.Parties), Documents: documents(t), Former: parties(reg.Record, t.Former),
		From: date(t.From), Until: date(t.Until), Terminable: notices(t), Replaces: optionalID(t.Replaces), Under: optionalID(t.Under),
	}
	return c
}

func documents(t *record.Text) (list []Document) {
	for _, d := range t.Documents {
		list = append(list, Document{d.Name, d.Kind, d.Media, d.Size, d.Commitment()})
	}
	return list
}

func notices(t *record.Text) (list []Notice) {
	for _, n := range t.Terminable {
		list = append(list, Notice{n.Role, n.Days})
	}
	return list
}

func parties(r *record.Record, list []record.Party) []Party {
	var out []Party
	for _, p := range list {
		party := Party{Role: p.Role, Threshold: p.Threshold}
		for _, k := range p.Keys {
			party.Keys = append(party.Keys, partyKey(k, r))
		}
		out = append(out, party)
	}
	return out
}

func partyKey(k note.Key, r *record.Record) PartyKey {
	return PartyKey{k.Name(), k.String(), k.Public().String(), k.Public().Fingerprint(), r.SignedBy(k.Public())}
}
