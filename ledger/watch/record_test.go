package watch

import (
	"slices"

	"github.com/chirograph/chirograph/ledger/record"
)

func party(role string, keys ...signer) record.Party {
	p := record.Party{Role: role, Threshold: len(keys)}
	for _, k := range keys {
		p.Keys = append(p.Keys, k.Key)
	}
	return p
}

func (l *ledger) text(kind record.Kind) *record.Text {
	l.number++
	n := len(l.entries)
	t := &record.Text{Kind: kind, Ledger: home.Key, Made: begin, SignBy: begin + 360*24*3600, Nonce: [16]byte{15: l.number, 14: byte(n >> 8), 13: byte(n)}}
	if kind == record.Contract {
		t.Parties = []record.Party{party("manufacturer", maker), party("buyer", buyer)}
		t.Documents = []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
	}
	return t
}

func signed(t *record.Text, by ...signer) *record.Record {
	r := must(record.New(t))
	for _, s := range by {
		r = must(r.Sign(s.Public(), s.sign))
	}
	return r
}

func (l *ledger) contract(change func(t *record.Text)) *record.Record {
	t := l.text(record.Contract)
	if change != nil {
		change(t)
	}
	return signed(t, maker, buyer)
}

func (l *ledger) under(kind record.Kind, c *record.Record, change func(t *record.Text), by ...signer) *record.Record {
	t := l.text(kind)
	t.Contract = c.ID()
	if kind == record.Statement {
		t.About = "delivery"
	}
	for _, p := range c.Text().Parties {
		if slices.ContainsFunc(by, func(s signer) bool { return p.Keys[0] == s.Key }) {
			t.Parties = append(t.Parties, p)
		}
	}
	if change != nil {
		change(t)
	}
	return signed(t, by...)
}

func (l *ledger) amendment(c *record.Record) *record.Record {
	return l.contract(func(t *record.Text) { t.Replaces, t.Former = c.ID(), c.Text().Parties })
}

func (l *ledger) revocation(s signer) *record.Record {
	t := l.text(record.Revocation)
	t.SignBy, t.Key, t.Reason = 0, s.Key, "lost"
	return signed(t, s)
}
