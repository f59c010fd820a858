package watch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// Whoever gives a key that has signed for years is told so once, and from then on of each.
func TestHistoryOfAKeyIsToldAsOne(t *testing.T) {
	l := newLedger().fill(40)
	last := l.Register(l.Contract(nil))
	b := watching(t, l, &Mine{Keys: keysOf(buyer)})
	e := b.turn("key!")[0]
	want(t, e, 40, last.ID(), "41 records that are in no dossier of yours concern your key buyer.example (SHA256:", "): signed with it: 41; the last is entry 40, of "+
		record.FormatTime(l.Last)+"; if you did not sign all the 41 that are signed with it, the key is in other hands; each later one is told by itself")
	b.turn()
	l.fill(len(l.Entries) + 2)
	b.turn("key!", "key!")
	b.restart()
	b.turn()
	if len(b.state.First) > 0 {
		t.Errorf("%+v", b.state.First)
	}
}

// One record is told as itself, and so is each after an empty ledger was looked at.
func TestKeyWithoutAHistoryIsToldEach(t *testing.T) {
	l := newLedger()
	b := watching(t, l, &Mine{Keys: keysOf(buyer)})
	delete(b.net, "ledger.example") // that it was looked for in vain, is no first look
	b.turn("unreachable")
	b.net["ledger.example"] = l
	b.turn("reachable")
	l.fill(3)
	b.turn("key!", "key!", "key!")

	one := watching(t, newLedger().fill(1), &Mine{Keys: keysOf(buyer)})
	if e := one.turn("key!")[0]; !strings.Contains(e.Text, "if you did not sign it, ") {
		t.Error(e)
	}
	late := watching(t, l, &Mine{Keys: keysOf(buyer)})
	delete(late.net, "ledger.example")
	late.turn("unreachable")
	late.net["ledger.example"] = l
	late.turn("reachable", "key!")
}

// Of a history a revocation is told, and what happened to a contract that is given as a
// dossier; what a party's key has to do with others is in the one.
func TestHistoryOfAKeyHidesNoRevocationAndNoContractOfMine(t *testing.T) {
	l := newLedger()
	mine, other := l.Register(l.Contract(nil)), l.Register(l.Contract(nil))
	dispute := func(t *record.Text) { t.About = rules.AboutDispute }
	d := l.Register(l.Under(record.Statement, mine, dispute, maker))
	l.Register(l.Under(record.Statement, other, dispute, maker))
	r := l.Register(l.Revocation(buyer))
	b := watching(t, l, &Mine{Keys: keysOf(buyer), Contracts: []record.ID{mine.ID()}, Records: map[record.ID]bool{mine.ID(): true}})
	events := b.turn("dispute!", "revocation!", "dispute!")
	want(t, events[0], 2, d.ID(), "DISPUTE under contract "+mine.ID().String())
	want(t, events[1], 4, r.ID(), "is revoked")
	want(t, events[2], 3, must(record.ParseID(events[2].ID)), "2 records that are in no dossier", ": disputes under its contracts: 1, signed with it: 1; ", "if you did not sign the one that is signed with it, ")
}

// A log that cannot be judged to the end is no reason to say nothing, and neither is a
// watch that was ended before it had told.
func TestHistoryIsToldAsFarAsItIsKnown(t *testing.T) {
	l := newLedger().fill(3)
	l.Register(verify.OpenEntry(l.Entries[2]).Record)
	l.fill(9)
	b := watching(t, l, &Mine{Keys: keysOf(buyer)})
	gone := errors.New("nobody listens")
	b.Watcher.cfg.Report = func(e Event) error {
		if e.Kind == Key {
			return gone
		}
		return nil
	}
	*b.clock = b.now
	if _, err := b.Turn(context.Background()); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	b.restart()
	if e := b.turn("key!")[0]; !strings.HasPrefix(e.Text, "3 records that are in no dossier of yours ") {
		t.Error(e)
	}
	if first := b.state.First[keyInterest(buyer.Public())]; first.Until != 9 || len(first.Counts) > 0 {
		t.Errorf("%+v", b.state.First)
	}
	b.turn()
	b.Watcher.cfg.Mine = func() (*Mine, error) { return new(Mine), nil }
	b.turn()
	if len(b.state.First) > 0 || slices.ContainsFunc(b.state.Scans, func(s scan) bool { return len(s.Interests) > 0 }) {
		t.Errorf("%+v", b.state)
	}
}
