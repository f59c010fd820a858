package watch

import (
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// watching watches for somebody. What is asked for may change between turns.
func watching(t testing.TB, l *ledger, m *Mine) *bench {
	return newBench(t, l, alone, func(cfg *Config) { cfg.Mine = func() (*Mine, error) { return m, nil } })
}

func keysOf(signers ...signer) (keys []note.PublicKey) {
	for _, s := range signers {
		keys = append(keys, s.Public())
	}
	return keys
}

// want demands what an event says.
func want(t testing.TB, e Event, index uint64, id record.ID, words ...string) {
	t.Helper()
	if *e.Index != index || e.ID != id.String() {
		t.Errorf("event of entry %d, %s; want %d, %s", *e.Index, e.ID, index, id)
	}
	for _, w := range words {
		if !strings.Contains(e.Text, w) {
			t.Errorf("%q lacks %q", e.Text, w)
		}
	}
}

func TestRecordOfMyKeyThatIDoNotHaveIsAnAlarm(t *testing.T) {
	l := newLedger().fill(3)
	held := l.Register(l.Contract(nil))
	m := &Mine{Keys: keysOf(buyer), Records: map[record.ID]bool{held.ID(): true}}
	b := watching(t, l, m)
	b.turn("key!")
	draft := l.Contract(nil)
	m.Records[draft.ID()] = false // I have it, and signed it, and did not know that it is registered
	l.Register(draft)
	b.turn()
	forged := l.Register(l.Contract(nil))
	want(t, b.turn("key!")[0], 5, forged.ID(), "a record signed by your key buyer.example (SHA256:", "that you do not have: contract by manufacturer, buyer ", "entry 5")
	b.turn()
	b.restart()
	b.turn()
	b.stands(0, 0) // the ledger kept its promises
}

func TestRecordThatOnlyNamesMyKeyIsTold(t *testing.T) {
	l := newLedger().fill(1)
	b := watching(t, l, &Mine{Keys: keysOf(other), Records: make(map[record.ID]bool)})
	b.turn()
	parties := []record.Party{ledgertest.Party("manufacturer", maker), {Role: "buyer", Threshold: 1, Keys: []note.Key{buyer.Key, other.Key}}}
	c := l.Register(l.Contract(func(t *record.Text) { t.Parties = parties }))
	want(t, b.turn("named")[0], 1, c.ID(), "your key other.example (SHA256:", "is named in a record that you do not have")
	// A contract that my key is a party to is mine, wherever I have it from.
	s := l.Under(record.Statement, c, func(t *record.Text) { t.Parties = parties[:1] }, maker)
	l.Register(s)
	want(t, b.turn("statement")[0], 2, s.ID(), "under contract "+c.ID().String()+" of yours: statement about delivery by manufacturer")
}

func TestRevocationOfMyKeyIsAnAlarm(t *testing.T) {
	l := newLedger().fill(1)
	b := watching(t, l, &Mine{Keys: keysOf(buyer, other)})
	b.turn("key!")
	l.Register(l.Revocation(maker))
	r := l.Register(l.Revocation(buyer))
	want(t, b.turn("revocation!")[0], 2, r.ID(), "your key buyer.example (SHA256:", "is revoked (lost)")
	b.restart()
	b.turn()
}

// All that can happen to a contract of mine, each once.
func TestWhatHappensToMyContractsIsTold(t *testing.T) {
	l := newLedger().fill(2)
	mine := l.Register(l.Contract(nil))
	stranger := l.Register(l.Contract(nil))
	m := &Mine{Contracts: []record.ID{mine.ID()}, Records: map[record.ID]bool{mine.ID(): true}}
	b := watching(t, l, m)
	b.turn()
	about := func(c *record.Record, about string, answers record.ID, by ...signer) *record.Record {
		return l.Register(l.Under(record.Statement, c, func(t *record.Text) { t.About, t.Answers = about, answers }, by...))
	}
	about(stranger, rules.AboutDispute, record.ID{}, buyer)
	delivery := about(mine, "delivery", record.ID{}, maker)
	dispute := about(mine, rules.AboutDispute, delivery.ID(), buyer)
	resolution := about(mine, rules.AboutResolution, dispute.ID(), maker, buyer)
	amended := l.Register(signed(l.Amendment(mine), maker, buyer))
	end := l.Register(l.Under(record.Termination, amended, nil, maker, buyer))
	l.Register(l.Under(record.Termination, stranger, nil, maker, buyer))
	events := b.turn("statement", "dispute!", "resolution!", "amendment", "termination!")
	want(t, events[0], 5, delivery.ID(), "statement about delivery by manufacturer")
	want(t, events[1], 6, dispute.ID(), "DISPUTE under contract "+mine.ID().String(), "by buyer")
	want(t, events[2], 7, resolution.ID(), "RESOLUTION under contract ", "by manufacturer, buyer")
	want(t, events[3], 8, amended.ID(), "contract "+mine.ID().String()+" of yours is replaced: contract by")
	want(t, events[4], 9, end.ID(), "contract "+amended.ID().String()+" of yours is terminated")
	b.turn()
	b.restart()
	b.turn()
	// What I have as registered is no news.
	own := l.Under(record.Statement, mine, nil, maker)
	m.Records[own.ID()] = true
	l.Register(own)
	draft := l.Under(record.Statement, mine, nil, buyer)
	m.Records[draft.ID()] = false
	l.Register(draft)
	want(t, b.turn("statement")[0], 12, draft.ID())
}

// Who adds a key or a contract later is told of it from the first entry on, and of
// nothing twice.
func TestWhatIsAddedLaterIsToldFromTheBeginning(t *testing.T) {
	l := newLedger()
	c := l.Register(l.Contract(nil))
	l.Register(l.Under(record.Statement, c, nil, maker))
	l.Register(l.Revocation(other))
	m := &Mine{Keys: keysOf(buyer)}
	b := watching(t, l, m)
	want(t, b.turn("key!")[0], 0, c.ID(), "2 records that are in no dossier of yours ", ": signed with it: 1, statements under its contracts: 1; ")
	m.Contracts = []record.ID{c.ID()}
	b.turn() // the statement was told
	m.Keys = keysOf(buyer, other)
	b.turn("revocation!")
	m.Keys = keysOf(buyer, other, maker)
	b.turn("key!") // the statement is by my key as well
	l.Register(l.Contract(nil))
	b.turn("key!")
	if len(b.state.Scans) != 1 || len(b.state.Scans[0].Interests) != 4 || b.state.Scans[0].Next != 4 {
		t.Errorf("%+v", b.state.Scans)
	}
	m.Keys, m.Contracts = nil, nil
	b.turn()
	if len(b.state.Scans) != 0 {
		t.Errorf("%+v", b.state.Scans)
	}
}

// A scan is remembered every so many entries.
func TestScanThatIsCutShortGoesOn(t *testing.T) {
	l := newLedger()
	c := l.Contract(nil)
	l.Register(c)
	b := watching(t, l, &Mine{Keys: keysOf(buyer)})
	b.turn("key!")
	b.state.Scans = []scan{{[]string{contractInterest(c.ID())}, 1}, {[]string{"key 00"}, 1}}
	got := (&Mine{Keys: keysOf(buyer), Contracts: []record.ID{c.ID()}}).scans(b.state.Scans)
	if len(got) != 2 || got[0].Next != 0 || got[0].Interests[0] != keyInterest(buyer.Public()) || got[1].Next != 1 || len(got[1].Interests) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDossiersThatCannotBeReadEndTheTurn(t *testing.T) {
	unreadable := errors.New("unreadable")
	l := newLedger().fill(1)
	b := newBench(t, l, alone, func(cfg *Config) { cfg.Mine = func() (*Mine, error) { return nil, unreadable } })
	if _, err := b.Turn(t.Context()); !errors.Is(err, unreadable) {
		t.Error(err)
	}
}
