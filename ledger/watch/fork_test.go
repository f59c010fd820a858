package watch

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// garbled answers as h does, with a line of the ledger's key after each checkpoint that
// does not verify.
func garbled(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/checkpoint") {
			h.ServeHTTP(rw, r)
			return
		}
		h.ServeHTTP(appender{rw}, r)
	})
}

type appender struct{ http.ResponseWriter }

func (a appender) Write(b []byte) (int, error) {
	return a.ResponseWriter.Write(home.Signature(make([]byte, 64)).Append(bytes.Clone(b)))
}

// One line that verifies is what the ledger cannot deny. A second one of its key that
// does not, which other programs pass over, is no shield for it: not where a witness
// shows the fork, nor a peer, nor the ledger.
func TestGarbageBesideTheSignatureHidesNoFork(t *testing.T) {
	for _, who := range []string{"witness w1", "peer http://p.example", ownName} {
		l := newLedger().fill(5)
		twin := l.twin().fill(7)
		l.fill(7).seen(begin+3600, w1, w2)
		b := newBench(t, l, three, func(cfg *Config) { cfg.Peers = []string{"http://p.example"} })
		b.net["w1.example"], b.net["w2.example"], b.net["p.example"] = l.monitor(), l.monitor(), l
		b.turn()
		c := twin.Checkpoint(6)
		want := []string{"fork!"}
		switch who {
		case "witness w1":
			b.net["w1.example"] = garbled(&monitor{&c})
		case ownName:
			b.net["ledger.example"] = garbled(twin)
			want = []string{"unreachable", "fork!"}
		default:
			b.net["p.example"] = garbled(twin)
		}
		events := b.turn(want...)
		e := events[len(events)-1]
		b.convicts(e, verify.Fork)
		if !strings.Contains(e.Text, who+" one of ") {
			t.Error(e)
		}
		b.turn()
		b.restart()
		b.turn()
		if b.net["ledger.example"] = l; who == ownName {
			b.turn("reachable")
		}
		b.stands(1, 0)
	}
}

// A source that has forked and shows a third history, is told again, with evidence of
// its own. One that goes on with what was told, is not.
func TestSecondForkOfOneSourceIsNews(t *testing.T) {
	for _, who := range []string{"peer", "ledger", "witness"} {
		l := newLedger().fill(5)
		twin, third := l.twin().fill(7), l.twin()
		third.Number += 50
		third.fill(7)
		l.fill(9).seen(begin, w1, w2)
		b := newBench(t, l, three, func(cfg *Config) { cfg.Peers = []string{"http://p.example"} })
		b.net["w1.example"], b.net["w2.example"], b.net["p.example"] = l.monitor(), l.monitor(), l
		b.turn()
		show := func(x *ledger) {
			switch who {
			case "peer":
				b.net["p.example"] = x
			case "ledger":
				b.net["ledger.example"] = x.seen(begin, w1, w2)
			default:
				c := x.Checkpoint(x.Shown)
				b.net["w1.example"] = &monitor{&c}
			}
		}
		show(twin)
		first := b.turn("fork!")[0]
		show(third)
		second := b.turn("fork!")[0]
		b.convicts(first, verify.Fork)
		b.convicts(second, verify.Fork)
		if first.Evidence == second.Evidence {
			t.Errorf("%s: both are in %s", who, first.Evidence)
		}
		b.restart()
		for range 3 {
			show(twin.fill(twin.Shown + 1))
			b.turn()
			show(third.fill(third.Shown + 2))
			b.turn()
		}
		if files := must(filepath.Glob(filepath.Join(b.cfg.Dir, "evidence-*"))); len(files) != 2 {
			t.Error(files)
		}
	}
}

// A peer that serves no tiles shows by its proof that it goes on, or denies it; and of
// one that says nothing, it is not told that it may have grown.
func TestForkThatGrowsWithoutTilesIsNoNews(t *testing.T) {
	l := newLedger().fill(5)
	twin, third := l.twin().fill(6), l.twin()
	third.Number += 50
	third.fill(8)
	l.fill(20)
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://p.example"} })
	b.net["p.example"] = twin
	withhold(twin, "tile/")
	withhold(third, "tile/")
	b.convicts(b.turn("fork!")[0], verify.Fork)
	twin.fill(7)
	b.turn()
	withhold(twin, "tile/", "consistency/")
	twin.fill(8)
	b.turn()
	b.net["p.example"] = third
	third.fill(9)
	b.convicts(b.turn("fork!")[0], verify.Fork)
	b.turn()
}

func TestForksOfOneSourceThatAreRememberedAreBounded(t *testing.T) {
	b := newBench(t, newLedger(), alone, nil)
	s := &source{name: "witness w"}
	told := func(n byte) bool {
		b.events = nil
		root := tlog.LeafHash([]byte{n})
		l := newLedger()
		l.Root = &root
		c := l.Checkpoint(0)
		if err := b.beginFork(t.Context(), s, c, Event{Kind: Fork, Text: "two", about: treesOf(c.Checkpoint, c.Checkpoint)}, []byte("x")); err != nil {
			t.Fatal(err)
		}
		return len(b.events) > 0
	}
	for n := range byte(maxForked) {
		if !told(n) || told(0) || len(b.state.Forked[s.name]) != int(n)+1 {
			t.Fatal(n)
		}
	}
	if !told(maxForked) || len(b.state.Forked[s.name]) != maxForked {
		t.Errorf("%d are remembered", len(b.state.Forked[s.name]))
	}
	if told(0) { // it is no longer remembered of the source, and still as told
		t.Error("told twice")
	}
}

// Cosignatures of times to come that are shown in turns: each is worth when it came first.
func TestTimesToComeThatAlternateAreNoFreshness(t *testing.T) {
	l := newLedger().fill(3)
	b := newBench(t, l, three, nil)
	b.net["w1.example"], b.net["w2.example"] = l.monitor(), l.monitor()
	for i := range 10 {
		l.seen([]int64{begin + 401*24*3600, begin + 400*24*3600}[i%2], w1, w2)
		b.now += 6 * 3600
		if i == 4 {
			b.turn("stale!")
			continue
		}
		b.turn()
	}
	b.stands(0, 1)
}

// A file that is damaged costs what is damaged in it, and no turn.
func TestDamagedCheckpointsThatAreRememberedAreDropped(t *testing.T) {
	l := newLedger().fill(3).seen(begin+3600, w1, w2)
	foreign := strings.Replace(string(l.Checkpoint(2).Bytes()), home.Name()+"\n2\n", home.Name()+"\n1\n", 1)
	ahead := l.twin().fill(5).Checkpoint(5)
	for _, damaged := range [][]byte{[]byte("\x00\x00"), []byte(foreign)} {
		b := newBench(t, l, three, nil)
		b.net["w1.example"], b.net["w2.example"] = &monitor{&ahead}, l.monitor()
		b.turn()
		a := b.state.Ahead["witness w1"]
		a.Checkpoint = damaged
		b.state.Cosigned, b.state.Ahead["witness w1"] = damaged, a
		b.state.Forked["witness w2"] = [][]byte{damaged}
		if err := b.state.write(b.cfg.Dir); err != nil {
			t.Fatal(err)
		}
		b.restart()
		if b.state.Cosigned != nil || len(b.state.Ahead) != 0 || len(b.state.Forked["witness w2"]) != 0 {
			t.Errorf("%+v", b.state)
		}
		b.turn()
		if len(b.state.Cosigned) == 0 || len(b.state.Ahead) != 1 {
			t.Errorf("%+v", b.state)
		}
		if _, err := b.recall(damaged); err == nil || !strings.Contains(err.Error(), statePath(b.cfg.Dir)) {
			t.Error(err)
		}
	}
}

// monitor returns a page that goes on to show what the ledger shows now.
func (l *ledger) monitor() *monitor {
	c := l.Checkpoint(l.Shown)
	return &monitor{&c}
}
