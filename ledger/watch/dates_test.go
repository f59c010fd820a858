package watch

import (
	"strings"
	"testing"

	"github.com/chirograph/chirograph/verify"
)

// An entry that claims a time at which a quorum cosigned the tree without it.
func TestBackdatedEntryIsCaughtWithEvidence(t *testing.T) {
	l := newLedger().fill(4).seen(begin+3600, w1, w2)
	b := newBench(t, l, three, nil)
	b.net["w1.example"], b.net["w2.example"] = new(monitor), new(monitor)
	b.turn()
	b.now = begin + 7200
	l.seen(begin+7200, w1, w3) // it is renewed
	b.turn()
	l.RegisterAt(begin+7200-301, l.Contract(nil).Bytes())
	l.RegisterAt(begin+7200, l.Contract(nil).Bytes())
	l.seen(begin+7300, w1, w2)
	e := b.turn("backdating!")[0]
	breach := b.convicts(e, verify.Backdating)
	if breach.Index != 4 || e.ID != breach.ID.String() || !strings.Contains(e.Text, "until 2026-03-01T11:00:00Z the quorum g had seen nothing beyond the first 4 entries") {
		t.Error(e)
	}
	b.stands(1, 0)
	b.turn()
	b.restart()
	l.fill(8).seen(begin+7400, w1, w2)
	b.turn()
	b.stands(1, 0)
}

func TestEntryInTimeIsNotBackdated(t *testing.T) {
	l := newLedger().fill(4).seen(begin+7200, w1, w2, w3)
	b := newBench(t, l, three, nil)
	b.net["w1.example"], b.net["w2.example"] = new(monitor), new(monitor)
	b.turn()
	b.now = begin + 7200
	l.RegisterAt(begin+7200-300, l.Contract(nil).Bytes())
	b.turn("quorum!") // two steps: the tree first, the cosignatures then
	l.seen(begin+7300, w1, w2)
	b.turn("quorum")
	b.stands(0, 0)
}

// What a lagging witness shows is held against the entries that came meanwhile, and
// lines that come from several are put together.
func TestCosignaturesOfSeveralDateAnEntry(t *testing.T) {
	l := newLedger().fill(4).seen(begin+3600, w1, w2)
	b := newBench(t, l, three, nil)
	page1, page2 := new(monitor), new(monitor)
	b.net["w1.example"], b.net["w2.example"] = page1, page2
	b.turn()
	// Each shows its own line, which the ledger keeps back.
	shown := l.twin()
	c1 := shown.seen(begin+9000, w1).Checkpoint(4)
	page1.c = &c1
	b.now = begin + 9000
	b.turn()
	shown = l.twin()
	c2 := shown.seen(begin+9100, w2).Checkpoint(4)
	l.RegisterAt(begin+8000, l.Contract(nil).Bytes())
	l.seen(begin+9300, w1, w2)
	page2.c = &c2
	b.convicts(b.turn("backdating!")[0], verify.Backdating)
	b.turn()
}
