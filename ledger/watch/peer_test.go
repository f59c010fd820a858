package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// convicts demands that the event has a file that anybody can judge, by this rule.
func (b *bench) convicts(e Event, rule rules.Rule) *verify.Breach {
	b.t.Helper()
	if filepath.Dir(e.Evidence) != b.cfg.Dir {
		b.t.Fatalf("evidence %q of %+v", e.Evidence, e)
	}
	breach, err := verify.Evidence(b.cfg.Policy, must(os.ReadFile(e.Evidence)))
	if err != nil || breach.Verdict != verify.Yes || breach.Rule != rule {
		b.t.Fatal(breach, err)
	}
	if e.Index == nil || *e.Index != breach.Index {
		b.t.Errorf("event %+v, breach %+v", e, breach)
	}
	return breach
}

// Issue 4: two servers on copies of one store with one key, with neither guard nor
// witness: watch of the two catches it.
func TestTwoServersOfOneKeyAreCaught(t *testing.T) {
	for _, c := range []struct {
		name            string
		same, own, peer int // entries: in common, of the ledger, of the peer
	}{
		{"of one size", 5, 7, 7},
		{"the peer is smaller", 5, 9, 6},
		{"the peer is larger", 5, 7, 12},
		{"from the beginning", 0, 3, 300},
		{"many entries", 290, 600, 301},
		{"at the edge of a tile", 256, 257, 512},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger().fill(c.same)
			twin := l.twin()
			b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
			b.net["twin.example"] = twin
			b.turn()
			b.stands(0, 0)
			l.fill(c.own)
			twin.fill(c.peer)
			e := b.turn("fork!")[0]
			breach := b.convicts(e, verify.Fork)
			if want := uint64(min(c.own, c.peer)); breach.Index != want || !strings.Contains(e.Text, "peer http://twin.example") {
				t.Errorf("index %d, want %d: %s", breach.Index, want, e)
			}
			b.stands(1, 0)
			l.fill(c.own + 3)
			twin.fill(c.peer + 2)
			b.turn()
			b.restart()
			b.turn()
			b.stands(1, 0)
		})
	}
}

func TestPeerThatLagsIsOfTheSameHistory(t *testing.T) {
	l := newLedger().fill(20)
	mirror := l.twin()
	mirror.Shown = 7
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.net["twin.example"] = mirror
	b.turn()
	mirror.Shown = 0
	b.turn()
	mirror.Shown = 20
	b.turn()
	b.stands(0, 0)
}

// A mirror that serves no tiles, and is ahead: it is compared by its consistency proof,
// and what cannot be known of one that diverges, is said.
func TestPeerWithoutTilesIsComparedAsFarAsItCanBe(t *testing.T) {
	noTiles := func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "tile/") {
			return nil
		}
		return b
	}
	l := newLedger().fill(6)
	twin := l.twin()
	twin.Alter = noTiles
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.net["twin.example"] = twin
	b.turn()
	twin.fill(9)
	b.turn()
	for _, e := range twin.Entries[6:] {
		l.Add(e)
	}
	b.turn()
	b.stands(0, 0)

	l.fill(10)
	twin.fill(12)
	if e := b.turn("uncompared!")[0]; e.Evidence != "" || !strings.Contains(e.Text, "by its own proof does not continue") {
		t.Error(e)
	}
	b.stands(0, 1)
	b.turn()
	// When the ledger has so many entries, its own tiles show it.
	l.fill(15)
	b.convicts(b.turn("fork!")[0], verify.Fork)

	// One that has nothing but checkpoints.
	quiet := l.twin()
	quiet.Alter = func(path string, b []byte) []byte {
		if path != "checkpoint" {
			return nil
		}
		return b
	}
	b = newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.net["twin.example"] = quiet
	b.turn()
	quiet.fill(16)
	if e := b.turn("uncompared")[0]; !strings.Contains(e.Text, "could not be found out") {
		t.Error(e)
	}
	b.stands(0, 1)
	quiet.Shown = 15
	b.turn("uncompared")
	b.stands(0, 0)
}

func TestSourceThatDoesNotAnswerIsToldOnceAndIsNoFault(t *testing.T) {
	l := newLedger().fill(3).seen(begin+3600, w1, w2)
	b := newBench(t, l, three, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	w2page := new(monitor)
	b.net["w2.example"] = w2page // knows nothing of the ledger
	events := b.turn("unreachable", "unreachable")
	if !strings.HasPrefix(events[0].Text, "witness w1 shows no checkpoint") || !strings.HasPrefix(events[1].Text, "peer http://twin.example shows no checkpoint") {
		t.Error(events)
	}
	b.turn()
	b.stands(0, 1) // the peer was asked for by name
	b.net["twin.example"], b.net["w1.example"] = l.twin(), new(monitor)
	b.turn("reachable", "reachable")
	b.stands(0, 0)
	c := l.Checkpoint(2)
	b.net["w1.example"] = &monitor{&c}
	b.turn()

	// What is not asked any more, is forgotten.
	delete(b.net, "twin.example")
	b.turn("unreachable")
	b.cfg.Peers = nil
	b.restart()
	b.turn()
	b.stands(0, 0)
}

func TestWitnessThatSawAnotherTreeConvicts(t *testing.T) {
	for _, size := range []int{2, 4, 5, 7} {
		l := newLedger().fill(1).seen(begin+60, w1, w2)
		twin := l.twin().fill(size)
		b := newBench(t, l, three, nil)
		page := new(monitor)
		b.net["w1.example"], b.net["w2.example"] = page, new(monitor)
		b.turn()
		c := twin.seen(begin+60, w1).Checkpoint(size)
		page.c = &c
		l.fill(4).seen(begin+70, w2, w3)
		if size > 4 {
			b.turn() // it waits until the ledger has as many
			l.fill(7).seen(begin+70, w2, w3)
		}
		if e := b.turn("fork!")[0]; !strings.Contains(e.Text, "witness w1") {
			t.Error(e)
		} else {
			b.convicts(e, verify.Fork)
		}
		b.turn()
		b.stands(1, 0)
	}
}

// A witness has the tree before it is published; when it stays so, that is told, and
// whoever serves the tree is asked for it.
func TestTreeThatTheLedgerDoesNotShowIsToldAfterTenMinutes(t *testing.T) {
	l := newLedger().fill(3).seen(begin+60, w1, w2)
	ahead := l.twin().fill(5)
	b := newBench(t, l, three, nil)
	c := ahead.Checkpoint(5)
	b.net["w1.example"], b.net["w2.example"] = &monitor{&c}, new(monitor)
	b.turn()
	for range 9 {
		b.turn()
	}
	if e := b.turn("behind!")[0]; !strings.Contains(e.Text, "witness w1 has shown a tree of 5 entries") || *e.Index != 5 {
		t.Error(e)
	}
	b.stands(1, 0)
	b.turn()
	b.restart()
	b.turn()
	for _, e := range ahead.Entries[3:] {
		l.Add(e)
	}
	l.seen(begin+60, w1, w2)
	b.turn("behind")
	b.stands(0, 0)

	// A peer has the tiles of the tree that the witness saw.
	l = newLedger().fill(3).seen(begin+60, w1, w2)
	twin := l.twin().fill(6)
	l.fill(4).seen(begin+60, w1, w2)
	c = twin.Checkpoint(6)
	b = newBench(t, l, three, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.net["w1.example"], b.net["w2.example"] = &monitor{&c}, new(monitor)
	twin.Shown = 2
	b.net["twin.example"] = twin
	b.turn()
	b.now += 600
	events := b.turn("fork!", "behind!")
	b.convicts(events[0], verify.Fork)
}

// What is known is told at once, and again when it can be shown to others.
func TestForkThatCannotBeShownIsToldAgainWhenItCan(t *testing.T) {
	l := newLedger().fill(4)
	twin := l.twin().fill(5)
	l.fill(6)
	l.Register(verify.OpenEntry(l.Entries[2]).Record) // and so it is not judged to the end
	l.fill(9)
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.turn("rule!", "unreachable")
	b.net["twin.example"] = twin
	l.Alter = func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "tile/") {
			return nil
		}
		return b
	}
	// The ledger cannot be read, and its tiles are what would show it.
	events := b.turn("unreachable", "reachable", "fork!")
	if e := events[2]; e.Evidence != "" || !strings.Contains(e.Text, "could not be made evidence: consistency proof of sizes 5 and 9: ") {
		t.Error(e)
	}
	b.turn()
	l.Alter = nil
	b.convicts(b.turn("reachable", "fork!")[1], verify.Fork)
	b.turn()
	b.stands(2, 0)
}
