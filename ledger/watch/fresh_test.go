package watch

import (
	"strings"
	"testing"
)

func TestQuorumIsDemandedOfWhatIsShown(t *testing.T) {
	l := newLedger().fill(3).seen(begin+60, w1, w2)
	b := newBench(t, l, three, nil)
	b.net["w1.example"], b.net["w2.example"] = new(monitor), new(monitor)
	b.turn()
	l.fill(4).seen(begin+70, w1)
	if e := b.turn("quorum!")[0]; !strings.Contains(e.Text, "the quorum g of the checkpoint is not met") {
		t.Error(e)
	}
	b.stands(1, 0)
	b.turn()
	b.restart()
	b.turn()
	l.seen(begin+70, w3)
	b.turn("quorum")
	b.turn()
	b.stands(0, 0)
}

// A ledger that is not renewed, and one that is not reached.
func TestStaleLedgerIsToldOnceAndWhenItIsFreshAgain(t *testing.T) {
	l := newLedger().fill(3).seen(begin+3600, w1, w2)
	b := newBench(t, l, three, nil)
	b.net["w1.example"], b.net["w2.example"] = new(monitor), new(monitor)
	b.turn()
	b.now = begin + 3600 + 24*3600 - 60 // just 24 hours
	b.turn()
	if e := b.turn("stale!")[0]; !strings.Contains(e.Text, "2026-03-01T10:00:00Z, more than 24h0m0s ago") {
		t.Error(e)
	}
	b.stands(0, 1)
	b.turn()
	b.restart()
	b.turn()
	l.seen(b.now, w2) // one of two
	b.turn()
	l.seen(b.now, w3)
	b.turn("stale")
	b.turn()
	b.stands(0, 0)
	l.Fails = always
	b.turn("unreachable")
	b.turn()
	b.now += 24 * 3600
	b.turn("stale!")
	b.turn()
	b.stands(0, 2)
	l.Fails = nil
	b.turn("reachable")
	l.seen(b.now, w1, w2)
	b.turn("stale")
	b.stands(0, 0)
}

func TestLedgerWithoutWitnessesIsStaleWhenItIsNotReached(t *testing.T) {
	l := newLedger().fill(3)
	b := newBench(t, l, alone, nil)
	b.turn()
	b.now += 48 * 3600
	b.turn() // nobody says when its tree is from
	delete(b.net, "ledger.example")
	b.turn("unreachable")
	b.now += 24 * 3600
	b.turn("stale!")
	b.net["ledger.example"] = l
	b.turn("reachable", "stale")
	b.stands(0, 0)

	never := newBench(t, l, alone, func(cfg *Config) { cfg.URL = "http://nowhere.example" })
	never.turn("unreachable")
	never.now += 24 * 3600
	if e := never.turn("stale!")[0]; !strings.Contains(e.Text, "has shown nothing") {
		t.Error(e)
	}
	off := newBench(t, l, alone, func(cfg *Config) { cfg.URL, cfg.Fresh = "http://nowhere.example", 0 })
	off.turn("unreachable")
	off.now += 1e6
	off.turn()
	off.stands(0, 1)
}
