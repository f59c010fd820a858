package watch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// receipt returns what somebody has of an entry, under the tree of a size.
func (l *ledger) receipt(index, size int) Held {
	return Held{Name: "contract X", Proof: tlog.Proof{
		Extra: l.Entries[index], Index: uint64(index), Checkpoint: l.Checkpoint(size),
		Hashes: must(tlog.InclusionProof(l.Tile, uint64(index), uint64(size))),
	}}
}

// At its first look a watch knows nothing but the receipts, whose trees convict a ledger
// that shows another, of whatever size.
func TestTreeOfAReceiptConvictsAtTheFirstLook(t *testing.T) {
	for _, c := range []struct {
		name                   string
		same, held, own, entry int
		kinds                  []string
		index                  uint64
	}{
		{"of one size", 2, 3, 3, 0, []string{"fork!"}, 3},
		{"the ledger grew past it", 2, 3, 4, 0, []string{"fork!"}, 3},
		{"of one entry", 0, 1, 1, 0, []string{"fork!"}, 1},
		{"many entries", 290, 300, 600, 0, []string{"fork!"}, 300},
		{"the ledger is smaller, and has another entry of the receipt's number", 2, 9, 4, 3, []string{"fork!"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger().fill(c.same)
			twin := l.twin().fill(c.held)
			l.fill(c.own)
			mine := &Mine{Receipts: []Held{twin.receipt(c.entry, c.held)}}
			b := watching(t, l, mine)
			e := b.turn(c.kinds...)[0]
			if breach := b.convicts(e, verify.Fork); breach.Index != c.index || !strings.Contains(e.Text, "the receipt of contract X that you have is of one of ") {
				t.Errorf("index %d, want %d: %s", breach.Index, c.index, e)
			}
			b.stands(len(c.kinds), 0)
			l.fill(c.own + 1)
			b.turn()
			b.restart()
			b.turn()
			b.stands(len(c.kinds), 0)
		})
	}
}

// late makes turns that tell nothing, until it is a minute before an alarm of what is
// waited for since the first of them.
func (b *bench) late() {
	b.t.Helper()
	for range patience / time.Minute {
		b.turn()
	}
}

// A ledger that went back to a copy is told when it does not come back, and convicted at
// once when it goes on otherwise; not when it goes on as it did.
func TestLedgerBehindAReceiptWentBack(t *testing.T) {
	l := newLedger().fill(8)
	held := &Mine{Receipts: []Held{l.receipt(1, 3), l.receipt(6, 8), l.receipt(1, 2)}}
	for _, shown := range []int{2, 0} {
		l.Shown = shown
		b := watching(t, l, held)
		b.late()
		b.stands(0, 0)
		if e := b.turn("behind!")[0]; *e.Index != 8 || e.Evidence != "" ||
			!strings.Contains(e.Text, "went back: the receipt of contract X that you have is of a tree of 8 entries, ") || !strings.Contains(e.Text, "for 10m0s it has not shown ") {
			t.Error(e)
		}
		b.stands(1, 0)
		b.restart()
		b.turn()
		l.Shown = 8
		b.turn("behind")
		b.stands(0, 0)
	}
}

// A cache or a copy shows what was a while ago, and a receipt comes past it.
func TestLedgerIsNotAccusedForACacheBeforeIt(t *testing.T) {
	l := newLedger().fill(3)
	mine := new(Mine)
	b := watching(t, l, mine)
	b.turn()
	for range 30 { // each turn shows what a receipt of the turn before is of
		shown := len(l.Entries)
		l.fill(shown + 1)
		l.Shown = shown
		mine.Receipts = append(mine.Receipts, l.receipt(shown, shown+1))
		b.turn()
		b.stands(0, 0)
	}
	l.Shown = len(l.Entries)
	b.turn()
	if len(b.state.Ahead) > 0 {
		t.Errorf("it is waited for %v", b.state.Ahead)
	}

	// How long it was waited for survives a restart, and the receipt it was for does not
	// have to.
	all := l.Shown
	l.fill(all + 1)
	mine.Receipts = append(mine.Receipts, l.receipt(all, all+1))
	l.Shown = all
	b.turn()
	b.restart()
	for range patience/time.Minute - 1 {
		b.turn()
	}
	b.turn("behind!")
	mine.Receipts = nil
	b.turn()
	b.stands(0, 0)
}

// Who looks once asks again after the time of a cache, and is not told a yes before all
// of his receipts are shown.
func TestWhoLooksOnceOutwaitsACache(t *testing.T) {
	for _, c := range []struct {
		name     string
		behind   time.Duration
		took     time.Duration
		unlooked int
	}{
		{"in step", 0, 0, 0},
		{"behind by a cache", 2 * time.Second, askAgain, 0},
		{"behind by more", time.Minute, askAgain, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger().fill(4)
			held := &Mine{Receipts: []Held{l.receipt(3, 4)}}
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				b := newBench(t, l, alone, func(cfg *Config) {
					cfg.Dir, cfg.Fresh = dir, 0
					cfg.Mine = func() (*Mine, error) {
						if l.Shown = 4; time.Since(start) < c.behind {
							l.Shown = 3
						}
						return held, nil
					}
				})
				*b.clock = b.now
				o, err := b.Once(t.Context())
				if took := time.Since(start); err != nil || took != c.took || len(o.Broken) != 0 || len(o.Unlooked) != c.unlooked || len(b.events) != 0 {
					t.Errorf("%+v, %v after %v: %v", o, err, took, b.events)
				}
				if c.unlooked == 1 && !strings.Contains(o.Unlooked[0], "you have a receipt of a tree of 4 entries, ") {
					t.Error(o.Unlooked)
				}
				if ctx, cancel := context.WithCancel(t.Context()); c.unlooked == 1 {
					time.AfterFunc(time.Second, cancel)
					if _, err := b.Once(ctx); !errors.Is(err, context.Canceled) || time.Since(start) != c.took+time.Second {
						t.Errorf("%v after %v", err, time.Since(start))
					}
				} else {
					cancel()
				}
			})
		})
	}
}

// What the ledger's key did not sign, or signed under another name, accuses nobody, and
// neither does a receipt whose entry its tree does not have.
func TestUnsignedReceiptAccusesNobody(t *testing.T) {
	l := newLedger().fill(2)
	twin := l.twin().fill(9)
	l.fill(4)
	unsigned, strange, forged := twin.receipt(3, 9), twin.receipt(3, 9), l.receipt(2, 4)
	unsigned.Proof.Checkpoint.Note.Signatures = []note.Signature{home.Signature(make([]byte, 64))}
	strange.Proof.Checkpoint.Note.Signatures = []note.Signature{other.Signature(must(other.Sign(strange.Proof.Checkpoint.Note.Text)))}
	forged.Proof.Extra = twin.Entries[3]
	b := watching(t, l, &Mine{Receipts: []Held{unsigned, strange, forged}})
	b.turn()
	b.stands(0, 0)

	larger := l.twin().fill(9).receipt(3, 9)
	larger.Proof.Extra = twin.Entries[4]
	b = watching(t, l, &Mine{Receipts: []Held{larger}})
	b.late()
	b.turn("behind!") // the tree was signed, whatever is in it
	b.stands(1, 0)
}

// A ledger that is not reached, or does not answer with all, is not behind for that; a
// receipt that came meanwhile is no reason to accuse it.
func TestReceiptThatIsNewerThanTheLastLookIsNoFault(t *testing.T) {
	l := newLedger().fill(3)
	mine := new(Mine)
	b := watching(t, l, mine)
	b.turn()
	l.fill(6)
	mine.Receipts = []Held{l.receipt(5, 6)}
	l.Fails = always
	b.turn("unreachable")
	b.stands(0, 1)
	l.Fails = nil
	b.turn("reachable")
	b.turn()
	b.stands(0, 0)
}

// A witness that cosigns and shows nobody what it saw is no source, which is told once.
func TestWitnessThatShowsNothingIsToldOnce(t *testing.T) {
	l := newLedger().fill(3)
	l.seen(begin+3600, w1, w2)
	b := newBench(t, l, three, nil)
	m := new(monitor)
	b.net["w1.example"], b.net["w2.example"] = m, &monitor{}
	b.unseen = true
	e := b.turn("uncompared", "uncompared")[0]
	if !strings.HasPrefix(e.Text, "witness w1 shows nothing to compare with: ") {
		t.Error(e)
	}
	b.stands(0, 0)
	b.turn()
	b.restart()
	b.turn()
	c := l.Checkpoint(3)
	m.c = &c
	b.turn()
	delete(b.net, "w2.example")
	b.turn("unreachable")
	b.net["w2.example"] = &monitor{}
	b.turn("reachable")
}
