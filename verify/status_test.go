package verify_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

const day = 24 * 60 * 60

var today = record.DateOf(now)

// A life is a contract with all that may befall it, as entries of a world.
type life struct {
	*world
	first, renewed                                     *record.Text
	contract, dispute, open, resolved, renewal, ending uint64
}

func newLife(t testing.TB) *life {
	t.Helper()
	l := &life{world: newWorld(t)}
	l.first = contractText(t, 1)
	l.contract = l.register(l.first, both...)
	about := func(nonce byte, contract record.ID, about string, answers record.ID) *record.Text {
		text := statementText(contract, makers(), nonce)
		text.About, text.Answers = about, answers
		return text
	}
	dispute := about(2, l.first.ID(), "dispute", record.ID{})
	l.dispute = l.register(dispute, both...)
	l.open = l.register(about(3, l.first.ID(), "dispute", record.ID{}), both...)
	l.renewed = amendmentText(t, l.first.ID(), makers())
	l.renewed.From = today + 10
	l.renewal = l.register(l.renewed, both...)
	l.resolved = l.register(about(4, l.renewed.ID(), "resolution", dispute.ID()), both...)
	end := terminationText(l.renewed.ID(), makers())
	end.Effective = today + 20
	l.ending = l.register(end, both...)
	return l
}

func (l *life) all() []uint64 {
	return []uint64{l.contract, l.dispute, l.open, l.renewal, l.resolved, l.ending}
}

// status is the status of a contract after some days by these entries.
func (l *life) status(contract record.ID, days int64, indexes ...uint64) rules.Status {
	l.t.Helper()
	return status(l.t, l.related(indexes...), contract, days)
}

func status(t testing.TB, items []verify.Item, contract record.ID, days int64) rules.Status {
	t.Helper()
	st, ok, err := verify.StatusFrom(items, contract, now+days*day)
	if err != nil || !ok {
		t.Fatalf("%+v, %v, %v", st, ok, err)
	}
	return st
}

func wantStatus(t testing.TB, got rules.Status, standing rules.Standing, since record.Date, disputes ...uint64) {
	t.Helper()
	var open []uint64
	for _, d := range got.Disputes {
		open = append(open, d.Index)
	}
	if got.Standing != standing || got.Since != since || !slices.Equal(open, disputes) {
		t.Errorf("%s with the open disputes %d, want %s since %s with %d", got, open, standing, since, disputes)
	}
}

func TestStatusFollowsFromTheFileInAnyOrder(t *testing.T) {
	l := newLife(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		indexes := l.all()
		random.Shuffle(len(indexes), func(i, j int) { indexes[i], indexes[j] = indexes[j], indexes[i] })
		indexes = append(indexes, indexes[random.IntN(len(indexes))]) // a copy of one
		items := l.related(indexes...)
		given := slices.Clone(items)
		wantStatus(t, status(t, items, l.first.ID(), 9), rules.InForce, today, l.open)
		wantStatus(t, status(t, items, l.first.ID(), 10), rules.Replaced, today+10, l.open)
		wantStatus(t, status(t, items, l.renewed.ID(), 9), rules.Pending, today+10, l.open)
		wantStatus(t, status(t, items, l.renewed.ID(), 19), rules.InForce, today+10, l.open)
		wantStatus(t, status(t, items, l.renewed.ID(), 20), rules.Terminated, today+20, l.open)
		if !slices.Equal(items, given) {
			t.Fatal("the items that were given are in another order now")
		}
	}
}

// Of what the file lacks nothing follows.
func TestStatusFromAFileWithGaps(t *testing.T) {
	l := newLife(t)
	first, renewed := l.first.ID(), l.renewed.ID()
	wantStatus(t, l.status(first, 30, l.contract), rules.InForce, today)
	wantStatus(t, l.status(first, 30, l.contract, l.dispute, l.open), rules.InForce, today, l.dispute, l.open)
	wantStatus(t, l.status(first, 30, l.contract, l.dispute, l.renewal), rules.Replaced, today+10, l.dispute)
	wantStatus(t, l.status(renewed, 30, l.contract, l.open, l.renewal), rules.InForce, today+10, l.open)
	wantStatus(t, l.status(renewed, 30, l.contract, l.renewal, l.resolved), rules.InForce, today+10)
	// Without the contract that was replaced nobody knows whose disputes they are.
	wantStatus(t, l.status(renewed, 30, l.renewal, l.resolved), rules.InForce, today+10)
	wantStatus(t, l.status(renewed, 30, l.renewal, l.ending), rules.Terminated, today+20)
	for _, indexes := range [][]uint64{nil, {l.renewal, l.ending}} {
		if st, ok, err := verify.StatusFrom(l.related(indexes...), first, now); ok || err != nil {
			t.Errorf("%s, %v", st, err)
		}
	}
}

func TestStatusLeavesOutWhatDoesNotHold(t *testing.T) {
	l := newLife(t)
	for _, c := range []struct {
		fails    uint64
		contract record.ID
		want     rules.Standing
		since    record.Date
		disputes []uint64
	}{
		{l.renewal, l.first.ID(), rules.InForce, today, []uint64{l.dispute, l.open}},
		{l.ending, l.renewed.ID(), rules.InForce, today + 10, []uint64{l.open}},
		{l.resolved, l.renewed.ID(), rules.Terminated, today + 20, []uint64{l.dispute, l.open}},
		{l.open, l.renewed.ID(), rules.Terminated, today + 20, nil},
	} {
		items := l.related(l.all()...)
		items[slices.Index(l.all(), c.fails)].Fail(verify.StepDocuments, "a document differs")
		items = append(items, verify.Item{Report: verify.Refused(errors.New("no receipt"))})
		wantStatus(t, status(t, items, c.contract, 30), c.want, c.since, c.disputes...)
	}
	items := l.related(l.contract)
	items[0].Fail(verify.StepDocuments, "a document differs")
	if _, ok, err := verify.StatusFrom(items, l.first.ID(), now); ok || err != nil {
		t.Errorf("a contract that does not hold has a status, %v", err)
	}
}

// What another ledger says of the contract, it says of its own.
func TestStatusLeavesOutOtherLedgers(t *testing.T) {
	l := newLife(t)
	away := newWorld(t)
	away.log.name = elsewhere
	away.log.fill(1)
	text := amendmentText(t, l.first.ID(), makers())
	text.Ledger = key(elsewhere)
	replaced := away.register(text, both...)
	end := terminationText(l.first.ID(), makers())
	end.Ledger = key(elsewhere)
	ended := away.register(end, both...)
	items := append(away.items(ended, replaced), l.items(l.contract)...) // not related: that would refuse them
	wantStatus(t, status(t, items, l.first.ID(), 30), rules.InForce, today)
	if st := status(t, items, text.ID(), 30); st.Standing != rules.InForce {
		t.Errorf("there it is %s", st)
	}
}

func TestOfTwoPastsNoStatusFollows(t *testing.T) {
	l, fork := newLife(t), newWorld(t)
	fork.register(contractText(t, 1), both...)
	other := fork.register(terminationText(l.first.ID(), makers()), both...)
	items := append(l.related(l.contract, l.dispute), fork.items(other)...)
	_, ok, err := verify.StatusFrom(items, l.first.ID(), now)
	if ok {
		t.Error("it has a status")
	}
	wantFailure(t, err, verify.StepFork, "ledger.example shows two pasts: the leaf hash of its entry 1 is ")
	if items = append(l.related(l.contract), fork.items(0)...); status(t, items, l.first.ID(), 0).Standing != rules.InForce {
		t.Error("the same entry in both is not the same")
	}
}

func TestStatusOfWhatIsNoContractIsNone(t *testing.T) {
	l := newLife(t)
	for _, i := range []uint64{l.dispute, l.ending} {
		item := l.items(i)[0]
		if st, ok, err := verify.StatusFrom(l.related(l.all()...), item.Record.ID(), now); ok || err != nil {
			t.Errorf("a %s is %s, %v", item.Record.Text().Kind, st, err)
		}
	}
}
