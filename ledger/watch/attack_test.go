package watch

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// Two trees are one fork, whoever shows which of them, in whatever order, after the
// addresses were exchanged too; and its evidence is one file.
func TestForkIsToldOnceWhoeverShowsIt(t *testing.T) {
	l := newLedger().fill(5)
	twin, third := l.twin().fill(7), l.twin()
	third.Number += 50
	l.fill(7)
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://a.example", "http://b.example"} })
	b.net["a.example"], b.net["b.example"] = twin, twin
	b.convicts(b.turn("fork!")[0], verify.Fork)
	b.stands(2, 0) // of both
	b.turn()
	b.cfg.URL, b.cfg.Peers = "http://a.example", []string{"http://ledger.example"}
	b.restart()
	b.turn()
	b.turn()
	b.stands(2, 0)
	if files := must(filepath.Glob(filepath.Join(b.cfg.Dir, "evidence-*"))); len(files) != 1 {
		t.Error(files)
	}
	// Another fork is another.
	b.cfg.Peers = []string{"http://c.example"}
	b.net["c.example"] = third.fill(8)
	b.restart()
	b.turn("fork!")
}

// A server that shows now the one tree and now the other is told once.
func TestLedgerThatFlapsBetweenTwoTreesIsToldOnce(t *testing.T) {
	l := newLedger().fill(5)
	twin := l.twin().fill(7)
	l.fill(7)
	b := newBench(t, l, alone, nil)
	b.turn()
	for i := range 6 {
		b.net["ledger.example"] = []http.Handler{twin, l}[i%2]
		if i == 0 {
			b.convicts(b.turn("fork!")[0], verify.Fork)
			continue
		}
		b.turn()
		b.stands(1, 0)
	}
	b.net["ledger.example"] = twin
	twin.Shown = 4 // an old one of both
	b.turn("behind!")
	twin.Shown = 7
	b.turn() // by another tree nothing is over
	b.net["ledger.example"] = l
	b.turn("behind")
	b.stands(1, 0)
}

func TestForksThatAreRememberedAreBounded(t *testing.T) {
	b := newBench(t, newLedger(), alone, nil)
	tree := newLedger().Checkpoint(0)
	told := func(i int) bool {
		before := len(b.events)
		if err := b.beginFork(t.Context(), &source{name: fmt.Sprint("peer ", len(b.state.Standing))}, tree, Event{Kind: Fork, Text: "two", about: fmt.Sprint(i)}, nil); err != nil {
			t.Fatal(err)
		}
		return len(b.events) > before
	}
	for i := range maxForks {
		if !told(i) {
			t.Fatal(i)
		}
	}
	if told(0) || len(b.state.Forks) != maxForks {
		t.Errorf("%d are remembered", len(b.state.Forks))
	}
	if !told(maxForks) || !told(0) || told(maxForks) || len(b.state.Forks) != maxForks {
		t.Errorf("%d are remembered", len(b.state.Forks))
	}
}

func TestForkIsNamedByItsTreesInEitherOrder(t *testing.T) {
	small, large := newLedger().fill(2).Checkpoint(2).Checkpoint, newLedger().fill(10).Checkpoint(10).Checkpoint
	other := large
	other.Root = small.Root
	for _, c := range [][2]tlog.Checkpoint{{small, large}, {large, other}} {
		if a, b := treesOf(c[0], c[1]), treesOf(c[1], c[0]); a != b || !strings.Contains(a, ", 10 ") {
			t.Errorf("%q, %q", a, b)
		}
	}
}

// Lines under a checkpoint that do not verify. One of a witness costs the quorum, and with
// one of the ledger's own key it is nothing that a ledger may show. What it is compared
// with is compared all the same.
func TestGarbageUnderACheckpointIsNoReasonToBeSilentOrToStop(t *testing.T) {
	l := newLedger().fill(4).seen(begin+3600, w1, w2, w3)
	b := newBench(t, l, three, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.net["w1.example"], b.net["w2.example"], b.net["twin.example"] = new(monitor), new(monitor), l
	b.turn()
	spoil := func(s signer, size int) {
		l.Alter = func(path string, b []byte) []byte {
			if path == "checkpoint" {
				b = s.Signature(make([]byte, size)).Append(b)
			}
			return b
		}
	}
	spoil(w1, 72)
	b.turn("quorum!")
	spoil(w1, 1)
	b.turn()
	spoil(other, 64) // of nobody
	b.turn("quorum")
	b.stands(0, 0)
	spoil(home, 64)
	b.turn("unreachable")
	b.turn()
	b.stands(0, 1)
	l.Alter = nil
	b.turn("reachable")

	// What dates an entry are the lines that verify.
	spoil(w2, 72)
	l.seen(begin+9000, w1, w2)
	b.now = begin + 9000
	b.turn("quorum!")
	l.RegisterAt(begin+8000, l.Contract(nil).Bytes())
	l.seen(begin+9100, w1, w2)
	b.convicts(b.turn("backdating!")[0], verify.Backdating)
}

// The ledger signs what it likes: a tree of nothing with a root, too.
func TestRootOfNothingIsAFork(t *testing.T) {
	l := newLedger().fill(3)
	twin := newLedger()
	wrong := tlog.LeafHash([]byte("wrong"))
	twin.Root = &wrong
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Peers = []string{"http://twin.example"} })
	b.net["twin.example"] = twin
	b.convicts(b.turn("fork!")[0], verify.Fork)
}

// Cosignatures of a time to come do not keep a ledger fresh until then.
func TestTimeToComeIsNoFreshness(t *testing.T) {
	for _, at := range []int64{begin + 400*24*3600, 1<<63 - 1} {
		l := newLedger().fill(3).seen(at, w1, w2)
		b := newBench(t, l, three, nil)
		b.net["w1.example"], b.net["w2.example"] = new(monitor), new(monitor)
		b.turn()
		b.now += 24*3600 - 60
		b.turn()
		b.turn("stale!")
		l.seen(b.now, w1, w2) // the witnesses' clocks are right again
		b.turn("stale")
		b.now += 24 * 3600
		b.turn("stale!")
	}
}

// A clock that was wrong for a while and is put right: nothing waits for that time.
func TestClockThatIsPutRightIsWaitedForNowhere(t *testing.T) {
	l := newLedger().fill(3).seen(begin+3600, w1, w2)
	ahead := l.twin().fill(5).Checkpoint(5)
	b := newBench(t, l, three, nil)
	page := new(monitor)
	b.net["w1.example"], b.net["w2.example"] = page, new(monitor)
	const years = 10 * 365 * 24 * 3600
	b.now += years
	page.c = &ahead
	b.turn("stale!")
	b.now -= years
	b.turn("stale")
	l.Forget()
	b.turn()
	b.now += 540
	b.turn("behind!")
	if b.now += 24 * 3600; b.state.Began > b.now {
		t.Error(b.state.Began)
	}
	b.turn("stale!")
}

// An entry that this program does not know is no reason to say that the ledger shows
// less than a witness saw; and what a witness saw beyond it is compared.
func TestTreeBeyondAnUnknownEntryIsCompared(t *testing.T) {
	l := newLedger().fill(3)
	l.Add([]byte("registered 1772355700\nchirograph/lease/v1\nwhatever\n"))
	twin := l.twin().fill(5)
	l.fill(6).seen(begin+3600, w1, w2)
	page := new(monitor)
	c := l.Checkpoint(5)
	page.c = &c
	b := newBench(t, l, three, nil)
	b.net["w1.example"], b.net["w2.example"] = page, new(monitor)
	b.turn("unjudged!")
	for range 15 {
		b.turn()
	}
	b.stands(0, 1)
	c = twin.Checkpoint(5)
	b.convicts(b.turn("fork!")[0], verify.Fork)
	b.turn()
}

// One that stops to answer while a witness's tree is compared, does not end the watch.
func TestLedgerThatHangsWhileAWitnessIsComparedEndsNothing(t *testing.T) {
	l := newLedger().fill(3)
	l.Add([]byte("registered 1772355700\nchirograph/lease/v1\nwhatever\n"))
	l.fill(6).seen(begin, w1, w2)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, l, three, func(cfg *Config) { cfg.Dir, cfg.Fresh = dir, 0 })
		b.net["w1.example"], b.net["w2.example"] = new(monitor), new(monitor)
		b.turn("unjudged!")
		b.net["ledger.example"] = hang{}
		start, kept := time.Now(), must(b.kept())
		if err := b.relate(t.Context(), b.sources[0], l.Checkpoint(5), *kept); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != sourceTime {
			t.Errorf("took %v", took)
		}
	})
}

// A ledger that hands out its log by drops keeps nobody from what else there is to see,
// and the rest is read at the next turn.
func TestLedgerThatDripsHoldsATurnForABoundedTime(t *testing.T) {
	l := newLedger().fill(300)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, l, alone, func(cfg *Config) {
			cfg.Dir, cfg.Fresh, cfg.Peers = dir, 0, []string{"http://twin.example"}
		})
		b.reading = time.Minute
		twin := l.twin()
		wrong := tlog.LeafHash([]byte("wrong"))
		twin.Shown, twin.Root = 20, &wrong
		b.net["twin.example"] = twin
		slow := true
		b.net["ledger.example"] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if slow && strings.HasPrefix(r.URL.Path, "/tile/entries/001") {
				<-r.Context().Done()
				return
			}
			l.ServeHTTP(rw, r)
		})
		start := time.Now()
		events := b.turn("unreachable", "fork!")
		if took := time.Since(start); took > time.Minute {
			t.Errorf("took %v", took)
		}
		if want := "it could not be read to the end in 1m0s: the entries from 256 on are left for the next look"; events[0].Text != want {
			t.Error(events[0])
		}
		slow = false
		b.turn("reachable")
		if size := b.store.Head().Checkpoint.Size; size != 300 {
			t.Errorf("%d entries are judged", size)
		}
	})
}
