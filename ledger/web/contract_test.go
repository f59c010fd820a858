package web

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

const day = 24 * 60 * 60

var today = record.DateOf(epoch)

// under returns a statement about "delivery" or a termination, of both parties unless
// change says otherwise, that may be registered for a year.
func under(n uint64, kind record.Kind, c record.ID, change func(t *record.Text), signers ...signer) *record.Record {
	text := &record.Text{Kind: kind, Ledger: home.Key, Made: epoch - 60, SignBy: epoch + 365*day, Contract: c, Parties: contract(0).Text().Parties}
	if kind == record.Statement {
		text.About = "delivery"
	}
	binary.BigEndian.PutUint64(text.Nonce[8:], n)
	if change != nil {
		change(text)
	}
	return sealed(must(record.New(text)), signers...)
}

// amendment returns a contract that takes the place of old, whose parties are those
// of every contract here.
func amendment(n uint64, old record.ID, from record.Date) *record.Record {
	return sealed(draft(n, func(t *record.Text) {
		t.Replaces, t.Former, t.From = old, t.Parties, from
		t.SignBy = epoch + 365*day
	}), maker, buyer)
}

func byMaker(t *record.Text) { t.Parties = t.Parties[:1] }

// page returns a page of a contract.
func (w *world) page(id record.ID, query string) pages.Contract {
	w.t.Helper()
	var c pages.Contract
	b := read(w.t, w.get("GET", "/contracts/"+id.String()+query))
	if err := json.Unmarshal(b, &c); err != nil || c.ID != id.String() || c.Timeline == nil || c.Status.Disputes == nil {
		w.t.Fatalf("%s: %v", b, err)
	}
	return c
}

// one registers a record after those before it, not together with others.
func (w *world) one(r *record.Record) *record.Record {
	w.t.Helper()
	w.add(r)
	return r
}

// idOf returns what the JSON has for an id that may be none.
func idOf(id record.ID) string {
	if id == (record.ID{}) {
		return ""
	}
	return id.String()
}

func TestTheTimeLineHasEachRelation(t *testing.T) {
	w := open(t)
	c := w.one(contract(0)).ID()
	other := w.one(contract(1)).ID()
	stated := w.one(under(1, record.Statement, c, byMaker, maker))
	w.one(under(2, record.Statement, other, byMaker, maker))
	answer := w.one(under(3, record.Statement, c, func(t *record.Text) { t.About, t.Answers = "acceptance", stated.ID() }, maker, buyer))
	sub := w.one(sealed(draft(2, func(t *record.Text) { t.Under = c }), maker, buyer))
	end := w.one(under(4, record.Termination, c, func(t *record.Text) { t.Effective = today + 90 }, maker, deputy))
	w.one(revocation(deputy))
	next := w.one(amendment(3, c, today+30))
	late := w.one(under(5, record.Statement, c, byMaker, maker))
	later := w.one(under(6, record.Statement, next.ID(), byMaker, maker))

	want := []pages.Event{
		{Index: 2, ID: stated.ID().String(), Kind: "statement", Relation: "states", By: []string{"manufacturer"}, About: "delivery"},
		{Index: 4, ID: answer.ID().String(), Kind: "statement", Relation: "states", By: []string{"manufacturer", "buyer"}, About: "acceptance", Answers: stated.ID().String()},
		{Index: 5, ID: sub.ID().String(), Kind: "contract", Relation: "under", By: []string{"manufacturer", "buyer"}},
		{Index: 6, ID: end.ID().String(), Kind: "termination", Relation: "terminates", By: []string{"manufacturer", "buyer"}, Effective: (today + 90).String()},
		{Index: 8, ID: next.ID().String(), Kind: "contract", Relation: "replaces", By: []string{"manufacturer", "buyer"}},
		{Index: 9, ID: late.ID().String(), Kind: "statement", Relation: "states", By: []string{"manufacturer"}, About: "delivery"},
	}
	for i := range want {
		want[i].Registered, want[i].Receipt = record.FormatTime(epoch), "/records/"+want[i].ID+"/receipt"
	}
	page := w.page(c, "")
	if got := string(must(json.Marshal(page.Timeline))); got != string(must(json.Marshal(want))) {
		t.Errorf("%s\nwant\n%s", got, must(json.Marshal(want)))
	}
	for _, e := range page.Timeline {
		id := must(record.ParseID(e.ID))
		resp := w.get("GET", e.Receipt)
		resp.Header.Set("Location", "/records/"+e.ID) // as a submission is answered
		if reg := wantReceipt(t, resp, 200, id); reg.Index != e.Index {
			t.Errorf("%+v is entry %d", e, reg.Index)
		}
	}
	if got := w.page(next.ID(), ""); len(got.Timeline) != 1 || got.Timeline[0].ID != later.ID().String() || got.Replaces != c.String() || len(got.Former) != 2 {
		t.Errorf("%+v", got)
	}
	if got := w.page(sub.ID(), ""); len(got.Timeline) != 0 || got.Under != c.String() {
		t.Errorf("%+v", got)
	}
}

// A contract that takes another's place and is made under that one stands once in
// its time line.
func TestAReplacementUnderTheReplacedIsOneEvent(t *testing.T) {
	w := open(t)
	c := w.one(contract(0)).ID()
	next := w.one(sealed(draft(1, func(t *record.Text) { t.Replaces, t.Former, t.Under = c, t.Parties, c }), maker, buyer))
	if got := w.page(c, "").Timeline; len(got) != 1 || got[0].ID != next.ID().String() || got[0].Relation != "replaces" {
		t.Errorf("%+v", got)
	}
}

func TestPagesOfAContractHoldItsWholeTimeLine(t *testing.T) {
	const n = 600
	w := open(t)
	c := w.one(contract(0)).ID()
	w.one(contract(1))
	var list []*record.Record
	for i := range uint64(n) {
		list = append(list, under(i, record.Statement, c, byMaker, maker))
	}
	w.add(list...)
	var sizes []int
	query, next := "", uint64(2)
	for {
		p := w.page(c, query)
		for _, e := range p.Timeline {
			if e.Index != next || e.Relation != "states" {
				t.Fatalf("event %+v, want entry %d", e, next)
			}
			next++
		}
		sizes = append(sizes, len(p.Timeline))
		if p.Size != n+2 || p.Status.Standing != rules.InForce {
			t.Errorf("page %d: %+v", len(sizes), p.Status)
		}
		if p.Next == nil {
			break
		}
		if *p.Next != next-1 {
			t.Fatalf("the next page is after %d, the last event was %d", *p.Next, next-1)
		}
		query = fmt.Sprintf("?after=%d", *p.Next)
	}
	if !slices.Equal(sizes, []int{256, 256, 88}) {
		t.Errorf("pages of %d", sizes)
	}
	for query, want := range map[string]int{"?after=0": 256, "?after=345": 256, "?after=346": 255, fmt.Sprintf("?after=%d", n): 1, fmt.Sprintf("?after=%d", n+1): 0, "?after=9223372036854775807": 0} {
		if p := w.page(c, query); len(p.Timeline) != want || (p.Next == nil) != (query != "?after=0") {
			t.Errorf("%s: %d events, next %v", query, len(p.Timeline), p.Next)
		}
	}
}

func TestStatusFollowsTheClock(t *testing.T) {
	w := open(t)
	plain := w.one(contract(0)).ID()
	dated := w.one(sealed(draft(1, func(t *record.Text) { t.From, t.Until = today+10, today+20 }), maker, buyer)).ID()
	ended := w.one(contract(2)).ID()
	end := w.one(under(1, record.Termination, ended, func(t *record.Text) { t.Effective = today + 5 }, maker, buyer)).ID()
	renewed := w.one(contract(3)).ID()
	renewal := w.one(amendment(4, renewed, today+7)).ID()
	amended := w.one(contract(5)).ID()
	amends := w.one(amendment(6, amended, 0)).ID()
	over := w.one(contract(7)).ID()
	overEnd := w.one(under(2, record.Termination, over, nil, maker, buyer)).ID()

	for _, test := range []struct {
		contract record.ID
		after    int64 // days
		standing rules.Standing
		since    record.Date
		by       record.ID
	}{
		{plain, 0, rules.InForce, today, record.ID{}},
		{plain, 9999, rules.InForce, today, record.ID{}},
		{dated, 0, rules.Pending, today + 10, record.ID{}},
		{dated, 9, rules.Pending, today + 10, record.ID{}},
		{dated, 10, rules.InForce, today + 10, record.ID{}},
		{dated, 20, rules.InForce, today + 10, record.ID{}},
		{dated, 21, rules.Expired, today + 21, record.ID{}},
		{ended, 4, rules.InForce, today, record.ID{}},
		{ended, 5, rules.Terminated, today + 5, end},
		{ended, 500, rules.Terminated, today + 5, end},
		{renewed, 6, rules.InForce, today, record.ID{}},
		{renewed, 7, rules.Replaced, today + 7, renewal},
		{renewal, 6, rules.Pending, today + 7, record.ID{}},
		{renewal, 7, rules.InForce, today + 7, record.ID{}},
		{amended, 0, rules.Replaced, today, amends},
		{amends, 0, rules.InForce, today, record.ID{}},
		{over, 0, rules.Terminated, today, overEnd},
	} {
		w.unix.Store(epoch + test.after*day)
		got := w.page(test.contract, "").Status
		if got.Standing != test.standing || got.Since != test.since.String() || got.By != idOf(test.by) {
			t.Errorf("after %d days: %+v, want %+v", test.after, got, test)
		}
	}
	for _, test := range []struct {
		contract record.ID
		after    int64 // days
		want     rules.Ending
	}{
		{plain, 0, rules.Ending{}},
		{dated, 0, rules.Ending{Day: today + 21, How: rules.Expired}},
		{dated, 20, rules.Ending{Day: today + 21, How: rules.Expired}},
		{dated, 21, rules.Ending{}},
		{ended, 4, rules.Ending{Day: today + 5, How: rules.Terminated, By: end}},
		{ended, 5, rules.Ending{}},
		{renewed, 6, rules.Ending{Day: today + 7, How: rules.Replaced, By: renewal}},
		{amended, 0, rules.Ending{}},
	} {
		w.unix.Store(epoch + test.after*day)
		if got := w.page(test.contract, "").Status.Ends; got != test.want {
			t.Errorf("after %d days it ends %+v, want %+v", test.after, got, test.want)
		}
	}
	// A page says of what time it is. The clock of this process may be behind that of
	// the log's last entry.
	w.unix.Store(epoch + 3)
	if got := w.page(over, ""); got.Time != record.FormatTime(epoch+3) {
		t.Errorf("the page is of %s", got.Time)
	}
	w.unix.Store(epoch - 100*day)
	if got := w.page(over, ""); got.Status.Standing != rules.Terminated || got.Time != record.FormatTime(epoch) {
		t.Errorf("%+v with a clock that is behind", got)
	}
}

func TestDisputesAreOpenUntilAllResolveThem(t *testing.T) {
	w := open(t)
	c := w.one(contract(0)).ID()
	about := func(token string, answers record.ID) func(t *record.Text) {
		return func(t *record.Text) { t.About, t.Answers = token, answers }
	}
	want := func(id record.ID, open ...*record.Record) {
		t.Helper()
		var ids []string
		for _, r := range open {
			ids = append(ids, r.ID().String())
		}
		if got := w.page(id, "").Status; !slices.Equal(got.Disputes, ids) || got.Standing == "" {
			t.Errorf("disputes %s, want %s", got.Disputes, ids)
		}
	}
	want(c)
	first := w.one(under(1, record.Statement, c, func(t *record.Text) { byMaker(t); t.About = "dispute" }, maker))
	second := w.one(under(2, record.Statement, c, about("dispute", record.ID{}), maker, buyer))
	want(c, first, second)
	w.one(under(3, record.Statement, c, func(t *record.Text) { byMaker(t); t.About, t.Answers = "resolution", first.ID() }, maker))
	want(c, first, second) // one of two parties
	w.one(under(4, record.Statement, c, about("notice", first.ID()), maker, buyer))
	w.one(under(5, record.Statement, c, about("resolution", record.ID{}), maker, buyer))
	want(c, first, second) // no resolution, or of nothing
	w.one(under(6, record.Statement, c, about("resolution", first.ID()), maker, buyer))
	want(c, second)
	next := w.one(amendment(1, c, 0)).ID()
	third := w.one(under(7, record.Statement, next, about("dispute", record.ID{}), maker, buyer))
	want(next, second, third)
	want(c, second)
	w.one(under(8, record.Statement, next, about("resolution", second.ID()), maker, buyer))
	want(next, third)
	want(c)
}

// One party alone can open any number of disputes.
func TestAPageHasThe256OldestDisputes(t *testing.T) {
	w := open(t)
	c := w.one(contract(0)).ID()
	dispute := func(n uint64) *record.Record {
		return under(n, record.Statement, c, func(t *record.Text) { byMaker(t); t.About = "dispute" }, maker)
	}
	var list []*record.Record
	for i := range uint64(256) {
		list = append(list, dispute(i))
	}
	w.add(list...)
	p := w.page(c, "?after=256")
	if len(p.Status.Disputes) != 256 || p.Status.More {
		t.Errorf("%d disputes, more: %v", len(p.Status.Disputes), p.Status.More)
	}
	w.one(dispute(256))
	if more := w.page(c, "?after=256").Status; !slices.Equal(more.Disputes, p.Status.Disputes) || !more.More {
		t.Errorf("%d disputes, more: %v", len(more.Disputes), more.More)
	}
}

// Whoever comes second learns who was first.
func TestTheSecondIsRefusedWithTheFirstsID(t *testing.T) {
	w := open(t)
	listed := sealed(draft(0, func(t *record.Text) { t.Terminable = []record.Notice{{Role: "manufacturer", Days: 30}} }), maker, buyer)
	c := w.one(listed).ID()
	winner := amendment(1, c, today+10)
	w.one(winner)
	id := winner.ID().String()
	wantProblem(t, w.post(amendment(2, c, 0).Bytes()), 409, "replaces", "contract "+c.String()+" is replaced by "+id+" already, entry 1")
	wantReceipt(t, w.post(winner.Bytes()), 200, winner.ID())
	end := func(n uint64, on record.Date, parties int, signers ...signer) []byte {
		return under(n, record.Termination, c, func(t *record.Text) { t.Effective, t.Parties = on, t.Parties[:parties] }, signers...).Bytes()
	}
	wantProblem(t, w.post(end(1, today+10, 2, maker, buyer)), 409, "terminates", "is replaced from "+(today+10).String()+" on by "+id+", entry 1")
	wantProblem(t, w.post(end(1, today+29, 1, maker)), 409, "terminates", "it is "+today.String()+" and takes 30 days' notice, so "+(today+30).String()+" at the earliest")

	stopped := w.one(contract(3)).ID()
	w.one(under(2, record.Termination, stopped, nil, maker, buyer))
	stop := under(2, record.Termination, stopped, nil, maker, buyer).ID().String()
	wantProblem(t, w.post(amendment(4, stopped, 0).Bytes()), 409, "replaces", "contract "+stopped.String()+" is terminated since "+today.String()+" by "+stop)
	wantProblem(t, w.post(under(3, record.Termination, stopped, nil, maker, buyer).Bytes()), 409, "terminates", "is terminated from "+today.String()+" on by "+stop)
	wantProblem(t, w.post(under(4, record.Termination, winner.ID(), byMaker, maker).Bytes()), 409, "terminates", "manufacturer may not end contract "+id+" alone")
	sub := func(frame record.ID, parties ...signer) []byte {
		return sealed(draft(5, func(t *record.Text) {
			t.Under = frame
			for i, s := range parties {
				t.Parties[i].Threshold, t.Parties[i].Keys = 1, t.Parties[i].Keys[:0:0]
				t.Parties[i].Keys = append(t.Parties[i].Keys, s.Key)
			}
		}), parties...).Bytes()
	}
	wantProblem(t, w.post(sub(stopped, maker, buyer)), 409, "under", "the frame contract "+stopped.String()+" is terminated by "+stop)
	wantProblem(t, w.post(sub(winner.ID(), maker, buyer)), 409, "under", "the frame contract "+id+" is pending")
	wantProblem(t, w.post(sub(c, newSigner("x.example"), newSigner("y.example"))), 409, "under", "no party of the frame contract "+c.String())
	if n := len(w.checkLog()); n != 4 {
		t.Errorf("%d entries", n)
	}
	if w.lines.String() != "" {
		t.Errorf("what callers do wrong is logged: %s", w.lines)
	}
}

func TestStatementsRepeatThePartyLines(t *testing.T) {
	w := open(t)
	c := w.one(contract(0)).ID()
	other := w.one(contract(1)).ID()
	stated := w.one(under(1, record.Statement, other, byMaker, maker)).ID()
	for detail, r := range map[string]*record.Record{
		"by buyer is not so a party of contract " + c.String(): under(1, record.Statement, c, func(t *record.Text) {
			t.Parties = []record.Party{{Role: "buyer", Threshold: 1, Keys: t.Parties[1].Keys[:1]}}
		}, buyer),
		"by manufacturer is not so a party": under(1, record.Statement, c, func(t *record.Text) {
			t.Parties = []record.Party{t.Parties[1], t.Parties[0]}
		}, buyer, maker),
		"contract names " + stated.String() + ", which is a statement": under(1, record.Statement, stated, byMaker, maker),
		"answers names a statement under contract " + other.String():   under(1, record.Statement, c, func(t *record.Text) { byMaker(t); t.Answers = stated }, maker),
		"answers names " + c.String() + ", which is a contract":        under(1, record.Statement, c, func(t *record.Text) { byMaker(t); t.Answers = c }, maker),
	} {
		wantProblem(t, w.post(r.Bytes()), 422, "refers", detail)
	}
	if p := w.page(c, ""); len(p.Timeline) != 0 || strings.Contains(string(must(json.Marshal(p))), "null") {
		t.Errorf("%+v", p)
	}
}
