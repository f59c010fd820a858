package ledgertest

import (
	"slices"

	"github.com/chirograph/chirograph/ledger/record"
)

// signTime is how long the texts of a Fake may be signed, in seconds: longer than any
// test has its log last.
const signTime = 360 * 24 * 3600

// Text returns a text of this kind, to be filled in; a contract is one of Maker and Buyer.
func (f *Fake) Text(kind record.Kind) *record.Text {
	f.Number++
	n := len(f.Entries)
	t := &record.Text{Kind: kind, Ledger: f.Key, Made: Begin, SignBy: Begin + signTime, Nonce: [16]byte{15: f.Number, 14: byte(n >> 8), 13: byte(n)}}
	if kind == record.Contract {
		t.Parties = []record.Party{Party("manufacturer", Maker), Party("buyer", Buyer)}
		t.Documents = []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
	}
	return t
}

// Contract returns a contract that Maker and Buyer have signed, after change where it is
// not nil.
func (f *Fake) Contract(change func(t *record.Text)) *record.Record {
	t := f.Text(record.Contract)
	if change != nil {
		change(t)
	}
	return Signed(t, Maker, Buyer)
}

// Under returns a record under a contract, of those parties of it whose first key signs.
// A statement is of a delivery.
func (f *Fake) Under(kind record.Kind, c *record.Record, change func(t *record.Text), by ...Signer) *record.Record {
	t := f.Text(kind)
	t.Contract = c.ID()
	if kind == record.Statement {
		t.About = "delivery"
	}
	for _, p := range c.Text().Parties {
		if slices.ContainsFunc(by, func(s Signer) bool { return p.Keys[0] == s.Key }) {
			t.Parties = append(t.Parties, p)
		}
	}
	if change != nil {
		change(t)
	}
	return Signed(t, by...)
}

// Amendment returns the text of a contract that replaces this one.
func (f *Fake) Amendment(c *record.Record) *record.Text {
	t := f.Text(record.Contract)
	t.Replaces, t.Former = c.ID(), c.Text().Parties
	return t
}

// Revocation returns one that the key itself has signed.
func (f *Fake) Revocation(s Signer) *record.Record {
	t := f.Text(record.Revocation)
	t.SignBy, t.Key, t.Reason = 0, s.Key, "lost"
	return Signed(t, s)
}
