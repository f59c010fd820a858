package rules_test

import (
	"errors"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func TestAContractIsInForceFromItsRegistrationOrFromItsFirstDay(t *testing.T) {
	for _, c := range []struct{ from, date, want string }{
		{"", "2026-03-01", "in force since 2026-03-01"},
		{"", "2026-02-28", "pending: in force from 2026-03-01 on"},
		{"2026-03-02", "2026-03-01", "pending: in force from 2026-03-02 on"},
		{"2026-03-02", "2026-03-02", "in force since 2026-03-02"},
		{"2025-01-01", "2026-03-01", "in force since 2025-01-01, as was registered on 2026-03-01"},
	} {
		b := newBook(t)
		text := b.contract(maker, buyer)
		if c.from != "" {
			text.From = day(c.from)
		}
		b.is(b.admits(text), c.date, c.want)
	}
}

func TestUntilIsTheLastDayInForce(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.From, text.Until = day("2026-03-10"), day("2026-03-31")
	c := b.admits(text)
	b.is(c, "2026-03-09", "pending: in force from 2026-03-10 on; ends: 2026-03-31 is its last day")
	b.is(c, "2026-03-31", "in force since 2026-03-10; ends: 2026-03-31 is its last day")
	b.is(c, "2026-04-01", "expired since 2026-04-01")
	b.is(c, "2030-01-01", "expired since 2026-04-01")
}

func TestAContractThatEndsBeforeItBeginsIsNeverInForce(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.From = day("2026-06-01")
	c := b.admits(text)
	e := b.admits(b.termination(c, "2026-05-01", maker, buyer))
	b.is(c, "2026-04-30", "pending: never in force; ends: terminated from 2026-05-01 on by "+e.String())
	b.is(c, "2026-05-01", "terminated by "+e.String()+" since 2026-05-01")
	b.is(c, "2026-06-01", "terminated by "+e.String()+" since 2026-05-01")
}

func TestARenewalLeavesTheOldContractInForceUntilItsOwnFirstDay(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	won := b.admits(b.amendment(c, "2026-06-01"))
	b.is(c, "2026-05-31", "in force since 2026-03-01; ends: replaced from 2026-06-01 on by "+won.String())
	b.is(won, "2026-05-31", "pending: in force from 2026-06-01 on")
	b.is(c, "2026-06-01", "replaced by "+won.String()+" since 2026-06-01")
	b.is(won, "2026-06-01", "in force since 2026-06-01")
	callOff := b.contract(maker, other)
	callOff.Under = c
	b.admits(callOff)
}

func TestAnAmendmentWithoutAFirstDayReplacesFromItsRegistration(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	b.on("2026-03-05")
	won := b.admits(b.amendment(c, ""))
	b.is(c, "2026-03-04", "in force since 2026-03-01; ends: replaced from 2026-03-05 on by "+won.String())
	b.is(c, "2026-03-05", "replaced by "+won.String()+" since 2026-03-05")
}

func TestOfTheDaysOnWhichAContractEndsTheEarliestStands(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Until = day("2026-08-31")
	c := b.admits(text)
	b.is(c, "2026-12-01", "expired since 2026-09-01")
	e := b.admits(b.termination(c, "2026-08-01", maker, buyer))
	b.is(c, "2026-12-01", "terminated by "+e.String()+" since 2026-08-01")
	b.is(c, "2026-07-31", "in force since 2026-03-01; ends: terminated from 2026-08-01 on by "+e.String())
	e = b.admits(b.termination(c, "2026-07-01", maker, buyer))
	b.is(c, "2026-12-01", "terminated by "+e.String()+" since 2026-07-01")
	won := b.admits(b.amendment(c, "2026-07-15"))
	b.is(c, "2026-12-01", "terminated by "+e.String()+" since 2026-07-01")
	b.is(won, "2026-07-20", "in force since 2026-07-15")
}

// On a tie the order is replaced, terminated, expired.
func TestOnATieTheReplacementStandsThenTheTerminationThenTheExpiry(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Until = day("2026-05-31")
	c := b.admits(text)
	b.is(c, "2026-06-01", "expired since 2026-06-01")
	e := b.admits(b.termination(c, "2026-06-01", maker, buyer))
	b.is(c, "2026-06-01", "terminated by "+e.String()+" since 2026-06-01")
	won := b.admits(b.amendment(c, "2026-06-01"))
	b.is(c, "2026-06-01", "replaced by "+won.String()+" since 2026-06-01")
}

func TestWhatBecomesOfTheReplacingContractDoesNotReviveTheOldOne(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	won := b.admits(b.amendment(c, "2026-06-01"))
	e := b.admits(b.termination(won, "", maker, buyer)) // before it begins
	b.is(won, "2026-07-01", "terminated by "+e.String()+" since 2026-03-01")
	b.is(c, "2026-05-31", "in force since 2026-03-01; ends: replaced from 2026-06-01 on by "+won.String())
	b.is(c, "2026-07-01", "replaced by "+won.String()+" since 2026-06-01")
	b.refuses(rules.Replaces, won.String(), b.amendment(c, ""))
}

func TestADisputeIsOpenUntilAllPartiesResolveIt(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	dispute := b.admits(b.statement(c, "dispute", record.ID{}, buyer))
	b.is(c, "2026-03-01", "in force since 2026-03-01", dispute)
	b.admits(b.statement(c, "resolution", dispute, buyer))               // one party
	b.admits(b.statement(c, "resolution", record.ID{}, maker, buyer))    // answers nothing
	b.admits(b.statement(c, "acceptance", dispute, maker, buyer))        // no resolution
	second := b.admits(b.statement(c, "dispute", dispute, maker, buyer)) // another, of all
	b.is(c, "2026-03-01", "in force since 2026-03-01", dispute, second)
	b.admits(b.statement(c, "resolution", dispute, maker, buyer))
	b.is(c, "2026-03-01", "in force since 2026-03-01", second)
	b.admits(b.statement(c, "resolution", dispute, maker, buyer)) // again
	b.is(c, "2026-03-01", "in force since 2026-03-01", second)
	if d, ok, err := b.state.Dispute(c, 1); err != nil || !ok || d.Resolved == nil || *d.Resolved != 6 {
		t.Errorf("%+v, %v, %v: not resolved by entry 6, the first resolution of all", d, ok, err)
	}
	b.admits(b.statement(c, "resolution", second, maker, buyer))
	b.is(c, "2026-03-01", "in force since 2026-03-01")
}

func TestADisputeIsResolvedUnderTheContractThatCameAfter(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	dispute := b.admits(b.statement(c, "dispute", record.ID{}, maker))
	text := b.amendment(c, "")
	text.Parties = []record.Party{buyer, other} // the maker leaves
	next := b.admits(text)
	last := b.admits(b.amendment(next, ""))
	later := b.admits(b.statement(last, "dispute", record.ID{}, other))
	b.is(c, "2026-03-01", "replaced by "+next.String()+" since 2026-03-01", dispute)
	b.is(last, "2026-03-01", "in force since 2026-03-01", dispute, later)
	b.refuses(rules.Refers, "manufacturer is not so a party", b.statement(last, "resolution", dispute, maker, buyer))
	b.admits(b.statement(last, "resolution", dispute, other)) // not all
	b.is(last, "2026-03-01", "in force since 2026-03-01", dispute, later)
	b.admits(b.statement(last, "resolution", dispute, buyer, other))
	b.is(c, "2026-03-01", "replaced by "+next.String()+" since 2026-03-01")
	b.is(next, "2026-03-01", "replaced by "+last.String()+" since 2026-03-01")
	b.is(last, "2026-03-01", "in force since 2026-03-01", later)
	b.admits(b.statement(c, "resolution", record.ID{}, maker, buyer))
	b.is(last, "2026-03-01", "in force since 2026-03-01", later)
}

func TestADisputeUnderALaterContractIsNoneOfTheEarlier(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	next := b.admits(b.amendment(c, ""))
	dispute := b.admits(b.statement(next, "dispute", record.ID{}, buyer))
	b.is(c, "2026-03-01", "replaced by "+next.String()+" since 2026-03-01")
	b.is(next, "2026-03-01", "in force since 2026-03-01", dispute)
}

// The state of a file has not all records: what is not known changes nothing.
func TestWhatIsNotKnownIsNotThere(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	dispute := b.statement(c, "dispute", record.ID{}, buyer)
	resolution := b.statement(c, "resolution", dispute.ID(), maker, buyer)
	var part rules.Memory
	add := func(index uint64, text *record.Text) error { return part.Add(index, now, b.signed(text, all(text)...)) }
	if err := errors.Join(add(3, resolution), add(4, b.log[0].Text()), add(9, resolution)); err != nil {
		t.Error(err)
	}
	if err := add(9, dispute); err == nil {
		t.Error("took another entry 9")
	}
	if open, err := part.Disputes(rules.Place{Chain: c}, 9); len(open) != 0 || err != nil {
		t.Error(open, err)
	}
	if place, err := part.Place(nobody); err != nil || place != (rules.Place{Chain: nobody}) {
		t.Errorf("a contract that is not known stands at %v, %v: not as the first of its chain", place, err)
	}
}

// The status is a pure function: a state that cannot be read is no answer.
func TestAStatusThatCannotBeReadIsNone(t *testing.T) {
	s := good(contract)
	e, err := s.state.Lookup(contractText().ID())
	if err != nil {
		t.Fatal(err)
	}
	s.state.asked = 0
	if _, err := rules.StatusAt(s.state, e, now); err != nil || s.state.asked == 0 {
		t.Fatal(err, s.state.asked)
	}
	broken := errors.New("the disk is broken")
	for n := range s.state.asked {
		s := good(contract)
		s.state.err, s.state.fails = broken, n+1
		if _, err := rules.StatusAt(s.state, e, now); !errors.Is(err, broken) {
			t.Errorf("reading %d fails: %v", n+1, err)
		}
	}
}

// A fold that cannot read what it needs adds nothing.
func TestAFoldThatCannotReadIsNone(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, kind := range []string{amendment, statement} {
		s := good(kind)
		if kind == statement {
			s.text.About = rules.AboutResolution
		}
		r, err := record.New(s.text)
		if err != nil {
			t.Fatal(err)
		}
		s.state.asked = 0
		if _, err := rules.Fold(s.state, 9, now, r); err != nil || s.state.asked == 0 {
			t.Fatal(err, s.state.asked)
		}
		for n, asked := 1, s.state.asked; n <= asked; n++ {
			s.state.asked, s.state.err, s.state.fails = 0, broken, n
			if _, err := rules.Fold(s.state, 9, now, r); !errors.Is(err, broken) {
				t.Errorf("%s: reading %d fails: %v", kind, n, err)
			}
		}
	}
}
