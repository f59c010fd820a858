package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A book is a ledger in memory, whose records have signatures that nobody checks.
type book struct {
	testing.TB
	state rules.Memory
	log   []*record.Record
	time  int64
}

func newBook(t testing.TB) *book { return &book{TB: t, time: now} }

func day(s string) record.Date {
	d, err := record.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// on sets the clock to nine o'clock of a day.
func (b *book) on(date string) { b.time = day(date).Unix() + 9*3600 }

// head returns what the next record says: no two are the same.
func (b *book) head(kind record.Kind) *record.Text {
	text := &record.Text{Kind: kind, Ledger: key("ledger.example"), Made: b.time, SignBy: b.time + 86400}
	text.Nonce[0], text.Nonce[1] = byte(len(b.log)>>8), byte(len(b.log))
	return text
}

func (b *book) contract(parties ...record.Party) *record.Text {
	text := b.head(record.Contract)
	text.Parties = parties
	text.Documents = []record.Document{{Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}}
	return text
}

// amendment returns a contract between the same that takes the other's place.
func (b *book) amendment(old record.ID, from string) *record.Text {
	e, err := b.state.Lookup(old)
	if err != nil {
		b.Fatal(err)
	}
	text := b.contract(e.Text.Parties...)
	text.Replaces, text.Former = old, e.Text.Parties
	if from != "" {
		text.From = day(from)
	}
	return text
}

func (b *book) termination(contract record.ID, effective string, by ...record.Party) *record.Text {
	text := b.head(record.Termination)
	text.Contract, text.Parties = contract, by
	if effective != "" {
		text.Effective = day(effective)
	}
	return text
}

func (b *book) statement(contract record.ID, about string, answers record.ID, by ...record.Party) *record.Text {
	text := b.head(record.Statement)
	text.Contract, text.Parties, text.About, text.Answers = contract, by, about, answers
	return text
}

func (b *book) revocation(key note.Key) *record.Text {
	text := b.head(record.Revocation)
	text.SignBy, text.Key, text.Reason = 0, key, "lost"
	return text
}

// all returns the names of as many keys as have to sign.
func all(text *record.Text) (names []string) {
	for _, q := range text.Requirements() {
		for _, k := range q.Keys[:q.Threshold] {
			names = append(names, k.Name())
		}
	}
	return names
}

// signed returns the record with lines of these keys of its own, by name.
func (b *book) signed(text *record.Text, names ...string) *record.Record {
	n := note.Note{Text: text.Bytes()}
	for _, k := range text.Signers() {
		if slices.Contains(names, k.Name()) {
			n.Signatures = append(n.Signatures, k.Signature(make([]byte, 64)))
		}
	}
	r, err := record.Open(n.Bytes(), func(note.PublicKey, []byte, []byte) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// admits registers the record, signed by all who must, or by those who are named.
func (b *book) admits(text *record.Text, names ...string) record.ID {
	b.Helper()
	if len(names) == 0 {
		names = all(text)
	}
	r := b.signed(text, names...)
	err := rules.Admit(&b.state, key("ledger.example"), b.time, r)
	if err == nil {
		err = b.state.Add(uint64(len(b.log)), b.time, r)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.log = append(b.log, r)
	return r.ID()
}

// refuses demands that the rules refuse the record by that rule, with these words.
func (b *book) refuses(rule rules.Rule, says string, text *record.Text, names ...string) {
	b.Helper()
	if len(names) == 0 {
		names = all(text)
	}
	err := rules.Admit(&b.state, key("ledger.example"), b.time, b.signed(text, names...))
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) || refusal.Rule != rule || !strings.Contains(refusal.Reason, says) {
		b.Errorf("%v, want %s: … %s", err, rule, says)
	}
}

// is demands the status of a contract on a day, as its String and its open disputes
// say it.
func (b *book) is(contract record.ID, date, want string, disputes ...record.ID) {
	b.Helper()
	e, err := b.state.Lookup(contract)
	if err != nil {
		b.Fatal(err)
	}
	status, err := rules.StatusAt(&b.state, e, day(date).Unix())
	if err != nil {
		b.Fatal(err)
	}
	var open []record.ID
	for _, d := range status.Disputes {
		open = append(open, d.ID)
	}
	if status.String() != want || !slices.Equal(open, disputes) {
		b.Errorf("on %s the contract is %s with the disputes %v, want %s with %v", date, status, open, want, disputes)
	}
}

// The parties of most books.
var (
	maker = party("manufacturer", 1, "alice.example")
	buyer = party("buyer", 2, "bob.example", "carol.example", "dave.example")
	other = party("designer", 1, "erin.example")
)
