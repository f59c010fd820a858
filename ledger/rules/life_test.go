package rules_test

import (
	"slices"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// Each test here, and in status_test.go, is named after a sentence of FORMATS.md,
// section 4.

func TestFormerLinesAreAllPartyLinesOfTheContractThatIsReplaced(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	for _, wrong := range []struct {
		says   string
		former []record.Party
	}{
		{"former lacks buyer", []record.Party{maker}},
		{"former buyer is not so", []record.Party{buyer}},
		{"former buyer is not so", []record.Party{buyer, maker}},
		{"former designer is not so", []record.Party{maker, buyer, other}},
		{"former buyer is not so", []record.Party{maker, party("buyer", 1, "bob.example", "carol.example", "dave.example")}},
		{"former buyer is not so", []record.Party{maker, party("buyer", 2, "carol.example", "bob.example", "dave.example")}},
		{"former maker is not so", []record.Party{party("maker", 1, "alice.example"), buyer}},
	} {
		text := b.amendment(c, "")
		text.Former = wrong.former
		b.refuses(rules.Refers, wrong.says, text)
	}
	renamed := b.amendment(c, "")
	renamed.Former = []record.Party{maker, buyer}
	renamed.Former[0].Keys = slices.Clone(maker.Keys)
	renamed.Former[0].Keys[0] = named("new.alice.example", "alice.example")
	b.refuses(rules.Refers, "former manufacturer is not so", renamed)
	b.admits(b.amendment(c, ""))
}

func TestByLinesAreLinesOfTheContractInItsOrder(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer, other))
	for _, by := range [][]record.Party{{maker}, {buyer}, {other}, {maker, buyer}, {maker, other}, {buyer, other}, {maker, buyer, other}} {
		b.admits(b.statement(c, "delivery", record.ID{}, by...))
	}
	for _, by := range [][]record.Party{
		{buyer, maker},
		{other, maker},
		{party("manufacturer", 1, "alice.example", "zoe.example")},
		{party("buyer", 1, "bob.example")},
		{party("buyer", 1, "bob.example", "carol.example", "dave.example")},
		{party("logistics", 1, "alice.example")},
		{maker, party("stranger", 1, "mallory.example")},
	} {
		b.refuses(rules.Refers, "is not so a party of contract", b.statement(c, "delivery", record.ID{}, by...))
		b.refuses(rules.Refers, "is not so a party of contract", b.termination(c, "", by...))
	}
}

func TestAContractOfTheLogIsNamedAndNothingElse(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	s := b.admits(b.statement(c, "delivery", record.ID{}, maker))
	v := b.admits(b.revocation(key("zoe.example")))
	e := b.admits(b.termination(c, "2026-04-01", maker, buyer))
	for says, id := range map[string]record.ID{"which is not registered": nobody, "which is a statement": s, "which is a revocation": v, "which is a termination": e} {
		b.refuses(rules.Refers, "contract names "+id.String()+", "+says, b.statement(id, "delivery", record.ID{}, maker))
		b.refuses(rules.Refers, "contract names "+id.String()+", "+says, b.termination(id, "", maker))
		amendment, callOff := b.amendment(c, ""), b.contract(maker, buyer)
		amendment.Replaces, callOff.Under = id, id
		b.refuses(rules.Refers, "replaces names "+id.String()+", "+says, amendment)
		b.refuses(rules.Refers, "under names "+id.String()+", "+says, callOff)
		if id != s {
			b.refuses(rules.Refers, "answers names "+id.String()+", "+says, b.statement(c, "acceptance", id, maker))
		}
	}
	b.refuses(rules.Refers, "which is a contract", b.statement(c, "acceptance", c, maker))
}

func TestAStatementAnswersOneUnderItsContractOrUnderOneThatThisReplacesAtAnyRemove(t *testing.T) {
	b := newBook(t)
	chain := []record.ID{b.admits(b.contract(maker, buyer))}
	said := []record.ID{b.admits(b.statement(chain[0], "delivery", record.ID{}, maker))}
	for range 5 {
		c := b.admits(b.amendment(chain[len(chain)-1], ""))
		chain = append(chain, c)
		said = append(said, b.admits(b.statement(c, "delivery", record.ID{}, maker)))
	}
	for i, c := range chain {
		for j, s := range said {
			if text := b.statement(c, "acceptance", s, buyer); j <= i {
				b.admits(text)
			} else {
				b.refuses(rules.Refers, "which is neither "+c.String(), text)
			}
		}
	}
	stranger := b.admits(b.contract(maker, buyer))
	b.refuses(rules.Refers, "which is neither "+stranger.String(), b.statement(stranger, "acceptance", said[0], buyer))
	b.refuses(rules.Refers, "which is neither", b.statement(chain[5], "acceptance", b.admits(b.statement(stranger, "delivery", record.ID{}, maker)), buyer))
	under := b.contract(maker, buyer)
	under.Under = chain[5]
	b.refuses(rules.Refers, "which is neither", b.statement(b.admits(under), "acceptance", said[5], buyer))
}

func TestOfTwoAmendmentsExactlyOneIsRegistered(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	one, two := b.amendment(c, ""), b.amendment(c, "2027-01-01")
	two.Title = "the other"
	won := b.admits(one)
	b.refuses(rules.Replaces, "contract "+c.String()+" is replaced by "+won.String()+" already, entry 1", two)
	b.on("2028-01-01")
	two.Made, two.SignBy = b.time, b.time+1
	b.refuses(rules.Replaces, won.String(), two)
	b.admits(b.amendment(won, ""))
}

func TestATerminationAgainstAnAmendmentThatCameFirst(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	won := b.admits(b.amendment(c, ""))
	b.refuses(rules.Terminates, "replaced from 2026-03-01 on by "+won.String()+", entry 1", b.termination(c, "", maker, buyer))
	b.refuses(rules.Terminates, won.String(), b.termination(c, "2026-05-01", maker, buyer))
	b.admits(b.termination(won, "", maker, buyer))
}

func TestAnAmendmentAgainstATerminationThatCameFirst(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	won := b.admits(b.termination(c, "", maker, buyer))
	b.refuses(rules.Replaces, "terminated since 2026-03-01 by "+won.String()+", entry 1", b.amendment(c, ""))
	b.refuses(rules.Replaces, won.String(), b.amendment(c, "2026-06-01"))
}

func TestAContractIsReplacedUntilTheDayOnWhichItEnds(t *testing.T) {
	for date, admitted := range map[string]bool{"2026-03-31": true, "2026-04-01": false, "2026-04-02": false} {
		b := newBook(t)
		c := b.admits(b.contract(maker, buyer))
		b.admits(b.termination(c, "2026-04-01", maker, buyer))
		b.on(date)
		if text := b.amendment(c, ""); admitted {
			b.admits(text)
		} else {
			b.refuses(rules.Replaces, "terminated since 2026-04-01", text)
		}
	}
}

func TestAnExpiredContractIsRenewed(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Until = day("2026-03-31")
	c := b.admits(text)
	b.on("2026-05-01")
	won := b.admits(b.amendment(c, ""))
	b.is(c, "2026-05-01", "expired since 2026-04-01")
	b.is(won, "2026-05-01", "in force since 2026-05-01")
}

func TestAnAmendmentIsNotSignedAwayFromAParty(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	assignment := b.amendment(c, "")
	assignment.Parties = []record.Party{other, buyer}
	b.refuses(rules.Quorum, "former manufacturer has 0 of 1 signatures", assignment, "erin.example", "bob.example", "carol.example")
	b.refuses(rules.Quorum, "former buyer has 1 of 2 signatures", func() *record.Text {
		text := b.amendment(c, "")
		text.Parties = []record.Party{maker, party("buyer", 1, "bob.example", "carol.example", "dave.example")}
		return text
	}(), "alice.example", "dave.example")
	without := b.amendment(c, "")
	without.Former = []record.Party{buyer}
	b.refuses(rules.Refers, "former buyer is not so", without)
	b.admits(assignment, "erin.example", "bob.example", "carol.example", "alice.example")
}

func TestAKeyUnderTwoNamesSignsOnceAndCountsInBoth(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	text := b.amendment(c, "")
	renamed := party("manufacturer", 1)
	renamed.Keys = append(renamed.Keys, named("new.alice.example", "alice.example"))
	text.Parties = []record.Party{renamed, buyer}
	b.admits(text, "new.alice.example", "bob.example", "carol.example")
}

func TestASubcontractNeedsAFramePartysOwnSignatures(t *testing.T) {
	b := newBook(t)
	frame := b.admits(b.contract(maker, buyer))
	under := func(parties ...record.Party) *record.Text {
		text := b.contract(parties...)
		text.Under = frame
		return text
	}
	const says = "no party of the frame contract"
	zoe := party("supplier", 1, "zoe.example")
	b.refuses(rules.Under, says, under(zoe, other))
	b.refuses(rules.Under, says, under(zoe, party("buyer", 1, "bob.example", "carol.example")), "zoe.example", "bob.example")
	b.refuses(rules.Under, says, under(zoe, party("manufacturer", 1, "mallory.example", "alice.example")), "zoe.example", "mallory.example")
	b.refuses(rules.Under, says, under(zoe, party("manufacturer", 1, "mallory.example")))
	b.admits(under(zoe, party("buyer", 1, "bob.example", "carol.example")), "zoe.example", "bob.example", "carol.example")
	b.admits(under(zoe, party("lead-contractor", 1, "alice.example"))) // the role is free
	b.admits(under(zoe, party("lead-contractor", 1, "bob.example"), party("logistics", 1, "dave.example")))
}

func TestAFrameIsInForceWhenAContractIsMadeUnderIt(t *testing.T) {
	for _, c := range []struct{ date, says string }{
		{"2026-03-31", "is pending, on 2026-03-31"},
		{"2026-04-01", ""},
		{"2026-06-29", ""},
		{"2026-06-30", ""},
		{"2026-07-01", "is expired since 2026-07-01"},
	} {
		b := newBook(t)
		text := b.contract(maker, buyer)
		text.From, text.Until = day("2026-04-01"), day("2026-06-30")
		frame := b.admits(text)
		b.on(c.date)
		callOff := b.contract(maker, other)
		if callOff.Under = frame; c.says == "" {
			b.admits(callOff)
			continue
		}
		b.refuses(rules.Under, c.says, callOff)
	}
	for says, end := range map[string]func(b *book, frame record.ID) record.ID{
		"is terminated by ": func(b *book, frame record.ID) record.ID {
			return b.admits(b.termination(frame, "2026-04-01", maker, buyer))
		},
		"is replaced by ": func(b *book, frame record.ID) record.ID { return b.admits(b.amendment(frame, "2026-04-01")) },
	} {
		b := newBook(t)
		frame := b.admits(b.contract(maker, buyer))
		by := end(b, frame)
		callOff := func() *record.Text {
			text := b.contract(maker, other)
			text.Under = frame
			return text
		}
		b.on("2026-03-31")
		b.admits(callOff())
		b.on("2026-04-01")
		b.refuses(rules.Under, says+by.String()+" since 2026-04-01", callOff())
	}
}

func TestASubcontractOutlivesItsFrame(t *testing.T) {
	b := newBook(t)
	frame := b.admits(b.contract(maker, buyer))
	text := b.contract(maker, other)
	text.Under = frame
	c := b.admits(text)
	b.admits(b.termination(frame, "", maker, buyer))
	b.is(c, "2026-03-02", "in force since 2026-03-01")
}

func TestAllPartiesEndAContractOrOneThatIsListed(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer, other)
	text.Terminable = []record.Notice{{Role: "manufacturer", Days: 30}, {Role: "designer"}}
	c := b.admits(text)
	b.refuses(rules.Terminates, "buyer may not end contract", b.termination(c, "2027-01-01", buyer))
	for _, by := range [][]record.Party{{maker, buyer}, {maker, other}, {buyer, other}} {
		b.refuses(rules.Terminates, "2 of 3 parties end contract", b.termination(c, "2027-01-01", by...))
	}
	b.admits(b.termination(c, "2027-01-01", maker))
	b.admits(b.termination(c, "2026-12-31", other))
	b.admits(b.termination(c, "2026-12-30", maker, buyer, other))
}

func TestWhoActsAloneGivesNotice(t *testing.T) {
	for _, c := range []struct {
		days            int
		effective, says string
	}{
		{30, "2026-03-31", ""},
		{30, "2026-03-30", "effective is 2026-03-30, it is 2026-03-01 and takes 30 days' notice, so 2026-03-31 at the earliest"},
		{30, "", "effective is 2026-03-01, it is 2026-03-01 and takes 30 days' notice"},
		{0, "", ""},
		{0, "2026-03-01", ""},
		{0, "2026-02-28", "2026-03-01 at the earliest"},
		{3650, "2036-02-27", ""},
		{3650, "2036-02-26", "so 2036-02-27 at the earliest"},
	} {
		b := newBook(t)
		text := b.contract(maker, buyer)
		text.Terminable = []record.Notice{{Role: "manufacturer", Days: c.days}}
		id := b.admits(text)
		if end := b.termination(id, c.effective, maker); c.says == "" {
			b.admits(end)
		} else {
			b.refuses(rules.Terminates, c.says, end)
		}
	}
}

func TestAllTogetherGiveNoNotice(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Terminable = []record.Notice{{Role: "manufacturer", Days: 30}, {Role: "buyer", Days: 30}}
	c := b.admits(text)
	b.refuses(rules.Terminates, "2026-03-01 at the earliest", b.termination(c, "2026-02-28", maker, buyer))
	b.admits(b.termination(c, "2026-03-01", maker, buyer))
}

func TestTheEffectiveDayIsByDefaultThatOfRegistration(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	text := b.termination(c, "", maker, buyer)
	b.time += 23 * 3600 // made on the 1st
	e := b.admits(text)
	b.is(c, "2026-03-01", "in force since 2026-03-01; ends: terminated from 2026-03-02 on by "+e.String())
	b.is(c, "2026-03-02", "terminated by "+e.String()+" since 2026-03-02")
}

func TestATerminationIsEarlierThanEveryDayOnWhichTheContractEndsAlready(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	first := b.admits(b.termination(c, "2026-06-01", maker, buyer))
	b.refuses(rules.Terminates, "terminated from 2026-06-01 on by "+first.String(), b.termination(c, "2026-06-01", maker, buyer))
	b.refuses(rules.Terminates, "terminated from 2026-06-01 on by "+first.String(), b.termination(c, "2026-06-02", maker, buyer))
	won := b.admits(b.amendment(c, "2026-05-01"))
	b.refuses(rules.Terminates, "replaced from 2026-05-01 on by "+won.String(), b.termination(c, "2026-05-31", maker, buyer))
	b.refuses(rules.Terminates, "replaced from 2026-05-01 on by "+won.String(), b.termination(c, "2026-05-01", maker, buyer))
	second := b.admits(b.termination(c, "2026-04-30", maker, buyer))
	b.refuses(rules.Terminates, "terminated from 2026-04-30 on by "+second.String(), b.termination(c, "2026-04-30", maker, buyer))
	third := b.admits(b.termination(c, "2026-04-29", maker, buyer))
	b.is(c, "2026-04-28", "in force since 2026-03-01; ends: terminated from 2026-04-29 on by "+third.String())
}

func TestItsExpiryDoesNotKeepAContractFromBeingTerminated(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Until = day("2026-03-31")
	c := b.admits(text)
	b.admits(b.termination(c, "2026-12-01", maker, buyer))
	b.is(c, "2026-12-01", "expired since 2026-04-01")
	won := b.admits(b.termination(c, "2026-03-20", maker, buyer))
	b.is(c, "2026-12-01", "terminated by "+won.String()+" since 2026-03-20")
}

func TestNobodyIsLockedInByAFarOffTerminationOfOne(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Terminable = []record.Notice{{Role: "manufacturer", Days: 0}, {Role: "buyer", Days: 30}}
	c := b.admits(text)
	b.admits(b.termination(c, "9999-12-31", maker))
	b.admits(b.termination(c, "2027-01-01", buyer)) // with its own notice
	won := b.admits(b.termination(c, "2026-04-01", maker, buyer))
	b.is(c, "2026-04-01", "terminated by "+won.String()+" since 2026-04-01")
	b.on("2026-03-31")
	b.admits(b.amendment(c, "")) // nor does any keep it from being amended
}

func TestARevocationInTheMiddle(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	b.admits(b.statement(c, "delivery", record.ID{}, buyer), "bob.example", "carol.example")
	b.admits(b.revocation(key("bob.example")))
	b.refuses(rules.Revoked, "the key of bob.example, SHA256:", b.statement(c, "delivery", record.ID{}, buyer), "bob.example", "carol.example")
	b.refuses(rules.Revoked, "is revoked by entry 2", b.statement(c, "delivery", record.ID{}, buyer), "bob.example", "carol.example", "dave.example")
	b.refuses(rules.Revoked, "is revoked by entry 2", b.amendment(c, ""))
	b.refuses(rules.Revoked, "is revoked by entry 2", b.revocation(key("bob.example")))
	b.refuses(rules.Revoked, "is revoked by entry 2", b.contract(other, party("buyer", 1, "bob.example")))
	b.is(c, "2026-03-01", "in force since 2026-03-01")
	amendment := b.amendment(c, "")
	amendment.Parties = []record.Party{maker, party("buyer", 2, "zoe.example", "carol.example", "dave.example")}
	won := b.admits(amendment, "alice.example", "carol.example", "dave.example")
	b.admits(b.revocation(key("carol.example")))
	b.refuses(rules.Quorum, "buyer has 1 of 2 signatures", b.statement(won, "delivery", record.ID{}, amendment.Parties[1]), "dave.example")
	b.admits(b.statement(won, "delivery", record.ID{}, amendment.Parties[1]), "dave.example", "zoe.example")
}

func TestAStatementUnderAnEndedContractIsAdmitted(t *testing.T) {
	for _, end := range []func(b *book, c record.ID){
		func(b *book, c record.ID) { b.admits(b.termination(c, "", maker, buyer)) },
		func(b *book, c record.ID) { b.admits(b.amendment(c, "")) },
		func(b *book, c record.ID) { b.on("2026-05-01") },
	} {
		b := newBook(t)
		text := b.contract(maker, buyer)
		text.Until = day("2026-04-01")
		c := b.admits(text)
		end(b, c)
		b.admits(b.statement(c, "payment", record.ID{}, buyer))
		dispute := b.admits(b.statement(c, "dispute", record.ID{}, maker))
		if open, err := b.state.Disputes(rules.Place{Chain: c}, 9); err != nil || len(open) != 1 || open[0].ID != dispute {
			t.Errorf("open disputes are %v, %v, not %s", open, err, dispute)
		}
	}
}
