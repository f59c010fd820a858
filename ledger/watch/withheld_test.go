package watch

import (
	"strings"
	"testing"
	"time"
)

// withhold has a ledger serve nothing from these paths on, however they begin.
func withhold(l *ledger, prefixes ...string) {
	l.Alter = func(path string, b []byte) []byte {
		for _, prefix := range prefixes {
			if strings.HasPrefix(path, prefix) {
				return nil
			}
		}
		return b
	}
}

// A ledger that keeps to itself what it registered, and shows a checkpoint that its
// witnesses cosign each hour: no cosignature makes up for entries that nobody can read.
func TestWithheldEntriesAreAnAlarmHoweverFreshTheCheckpoint(t *testing.T) {
	for _, prefix := range []string{"tile/", "tile/entries", "tile/0/"} {
		l := newLedger().fill(3).seen(begin+3600, w1, w2)
		b := newBench(t, l, three, func(cfg *Config) { cfg.Fresh = 2 * time.Hour })
		b.net["w1.example"], b.net["w2.example"] = l.monitor(), l.monitor()
		b.turn()
		l.Last = b.now
		l.fill(6).seen(b.now, w1, w2)
		withhold(l, prefix)
		b.turn("unreachable")
		for range 9 {
			b.turn()
		}
		b.restart()
		e := b.turn("unreachable!")[0]
		if *e.Index != 3 || !strings.Contains(e.Text, "has signed 6 entries, and for 10m0s it serves none from 3 on") {
			t.Error(prefix, e)
		}
		b.turn()
		b.restart()
		b.turn()
		b.stands(0, 1)
		for range 4 {
			b.now += 1740
			l.seen(b.now, w1, w2)
			if b.now+60 <= begin+3600+2*3600 {
				b.turn()
			}
		}
		b.turn("stale!")
		b.stands(0, 2)
		delete(b.net, "ledger.example") // it is no better for being down
		b.turn()
		b.stands(0, 2)
		b.net["ledger.example"], l.Alter = l, nil
		b.turn("reachable", "stale")
		b.stands(0, 0)
	}
}

func TestLedgerWithoutWitnessesThatWithholdsIsStale(t *testing.T) {
	l := newLedger().fill(3)
	b := newBench(t, l, alone, nil)
	b.turn()
	l.fill(4)
	withhold(l, "tile/")
	b.turn("unreachable")
	b.now += 600
	b.turn("unreachable!")
	b.now += 24 * 3600
	if e := b.turn("stale!")[0]; !strings.Contains(e.Text, "last read to its end at 2026-03-01T10:01:00Z") {
		t.Error(e)
	}
}

// To show the older tree now and then ends nothing.
func TestOlderTreeDoesNotEndThatANewerIsWithheld(t *testing.T) {
	l := newLedger().fill(3)
	b := newBench(t, l, alone, nil)
	b.turn()
	l.fill(5)
	withhold(l, "tile/")
	b.turn("unreachable")
	for i := range 9 {
		l.Shown, l.Alter = 3, nil
		if i%2 == 0 {
			l.Shown = 5
			withhold(l, "tile/")
		}
		b.turn()
	}
	b.turn("unreachable!")
	l.Shown, l.Alter = 3, nil
	b.turn()
	b.stands(0, 1)
	l.Shown = 5
	b.turn("reachable")
	b.stands(0, 0)
}

// One that serves slowly is read to its end some day, and withholds nothing.
func TestLedgerThatServesSomethingNewEachTimeWithholdsNothing(t *testing.T) {
	l := newLedger().fill(3 * 256)
	b := newBench(t, l, alone, nil)
	withhold(l, "tile/entries/001", "tile/entries/002")
	b.turn("unreachable")
	b.now += 480
	withhold(l, "tile/entries/002")
	b.turn()
	b.now += 480
	b.turn()
	b.now += 60
	b.turn("unreachable!")
	l.Alter = nil
	b.turn("reachable")
}

// What a program cannot judge is no fault of who serves it.
func TestUnknownEntryIsNotWithheld(t *testing.T) {
	l := newLedger().fill(3)
	l.Add([]byte("registered 1772355700\nchirograph/lease/v1\nwhatever\n"))
	b := newBench(t, l, alone, nil)
	b.turn("unjudged!")
	b.now += 23 * 3600
	b.turn()
	b.now += 23 * 3600
	b.turn()
	b.stands(0, 1)
}
