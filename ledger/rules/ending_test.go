package rules_test

import (
	"encoding/json"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// ends demands the end that is to come for a contract on a day.
func (b *book) ends(contract record.ID, date string, want rules.Ending) {
	b.Helper()
	e, err := b.state.Lookup(contract)
	if err != nil {
		b.Fatal(err)
	}
	status, err := rules.StatusAt(&b.state, e, day(date).Unix())
	if err != nil || status.Ends != want {
		b.Errorf("on %s it ends %+v, %v, want %+v", date, status.Ends, err, want)
	}
}

func TestTheComingEndIsTheEarliestOfAllThatAreRegistered(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Until = day("2026-12-31")
	c := b.admits(text)
	b.ends(c, "2026-03-01", rules.Ending{Day: day("2027-01-01"), How: rules.Expired})
	b.is(c, "2026-03-01", "in force since 2026-03-01; ends: 2026-12-31 is its last day")

	end := b.admits(b.termination(c, "2026-10-01", maker, buyer))
	b.ends(c, "2026-09-30", rules.Ending{Day: day("2026-10-01"), How: rules.Terminated, By: end})
	b.is(c, "2026-09-30", "in force since 2026-03-01; ends: terminated from 2026-10-01 on by "+end.String())
	b.ends(c, "2026-10-01", rules.Ending{})

	renewal := b.admits(b.amendment(c, "2026-09-01"))
	b.ends(c, "2026-08-31", rules.Ending{Day: day("2026-09-01"), How: rules.Replaced, By: renewal})
	b.ends(c, "2026-09-01", rules.Ending{})
}

func TestOnATieTheComingEndIsTheReplacementThenTheTermination(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.Until = day("2026-05-31")
	c := b.admits(text)
	end := b.admits(b.termination(c, "2026-06-01", maker, buyer))
	b.ends(c, "2026-03-01", rules.Ending{Day: day("2026-06-01"), How: rules.Terminated, By: end})
	renewal := b.admits(b.amendment(c, "2026-06-01"))
	b.ends(c, "2026-03-01", rules.Ending{Day: day("2026-06-01"), How: rules.Replaced, By: renewal})
}

func TestAContractWithoutAnEndHasNone(t *testing.T) {
	b := newBook(t)
	c := b.admits(b.contract(maker, buyer))
	b.ends(c, "2026-03-01", rules.Ending{})
	text := b.contract(maker, buyer)
	text.Until = day("9999-12-31") // no day after it can be written
	forever := b.admits(text)
	b.ends(forever, "2026-03-01", rules.Ending{})
	b.is(forever, "9999-12-31", "in force since 2026-03-01")
	text = b.contract(maker, buyer)
	text.Until = day("9999-12-30")
	b.ends(b.admits(text), "2026-03-01", rules.Ending{Day: day("9999-12-31"), How: rules.Expired})
}

// What is said to hold from a day that was over when it was registered, says both days.
func TestAnEarlierDayThanThatOfRegistrationIsSaidWithBoth(t *testing.T) {
	b := newBook(t)
	text := b.contract(maker, buyer)
	text.From = day("2026-01-01")
	c := b.admits(text)
	b.is(c, "2026-03-01", "in force since 2026-01-01, as was registered on 2026-03-01")
	b.on("2026-05-03")
	won := b.admits(b.amendment(c, "2026-02-01"))
	b.is(c, "2026-05-03", "replaced by "+won.String()+" since 2026-02-01, as was registered on 2026-05-03")
	b.is(won, "2026-05-03", "in force since 2026-02-01, as was registered on 2026-05-03")
	onTime := b.admits(b.amendment(won, "2026-05-03"))
	b.is(won, "2026-05-03", "replaced by "+onTime.String()+" since 2026-05-03")
}

func TestAnEndIsReadBackAsItIsPrinted(t *testing.T) {
	by := record.ID{0xab}
	for _, e := range []rules.Ending{
		{Day: day("2027-01-01"), How: rules.Expired},
		{Day: day("2027-01-01"), How: rules.Terminated, By: by},
		{Day: day("9999-12-31"), How: rules.Replaced, By: by},
	} {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got rules.Ending
		if err := json.Unmarshal(b, &got); err != nil || got != e {
			t.Errorf("%s is read as %+v, %v", b, got, err)
		}
	}
	var nobody rules.Ending
	for _, bad := range []string{`[]`, `{}`, `{"day":"2027-02-29","how":"expired"}`, `{"day":"2027-01-01","how":"pending"}`,
		`{"day":"2027-01-01","how":"replaced"}`, `{"day":"2027-01-01","how":"expired","by":"` + by.String() + `"}`} {
		if err := json.Unmarshal([]byte(bad), &nobody); err == nil || nobody != (rules.Ending{}) {
			t.Errorf("%s is an end: %+v", bad, nobody)
		}
	}
}
