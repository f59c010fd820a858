package watch

import (
	"strings"
	"testing"
)

// says has a ledger answer what it is with these members, and 404 where it is "".
func (l *ledger) says(members *string) *ledger {
	l.Home = func() []byte {
		if *members == "" {
			return nil
		}
		return []byte(`{"ledger":"` + home.String() + `",` + *members + `}`)
	}
	return l
}

// It is told once, as the ledger's word, over restarts too, and breaks no promise. Where
// nobody answers, or a copy, which does not know, that is no word to the contrary.
func TestALedgerThatSaysThatItIsFrozenIsToldOnce(t *testing.T) {
	members := `"size":5`
	l := newLedger().fill(5).says(&members)
	b := newBench(t, l, alone, nil)
	hourly := func(says string, want ...string) {
		t.Helper()
		members = says
		b.now += 3600
		l.Forget()
		b.turn(want...)
		if n := l.Asked("index.json"); n != 1 {
			t.Errorf("%s: asked %d times", says, n)
		}
	}
	hourly(`"size":5`)
	hourly(`"frozen":true`, Frozen+"!")
	if says := b.events[0].Text; !strings.HasPrefix(says, "the ledger says, which nothing signs, that it is frozen for good: ") {
		t.Error(says)
	}
	b.stands(0, 0)
	hourly(`"frozen":true`)
	b.restart()
	l.Forget()
	b.turn()
	if l.Asked("index.json") != 1 {
		t.Error("not asked after a restart")
	}
	l.Forget()
	b.turn()
	if l.Asked("index.json") != 0 {
		t.Error("asked each turn")
	}
	hourly("")
	hourly(`"copy":true`)
	hourly(`"frozen":0`)
	hourly(`"size":6`, Frozen)
	if says := b.events[0].Text; says != "the ledger says that it registers records again" {
		t.Error(says)
	}
	hourly(`"frozen":true`, Frozen+"!")
}
