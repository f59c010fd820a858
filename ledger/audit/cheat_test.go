package audit

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// Issue 3: a ledger that is made to cheat is found out, with evidence that convinces
// offline. Each case registers what no ledger may, as its last entry.
var cheats = []struct {
	name    string
	rule    rules.Rule
	proofs  int // of evidence
	absence bool
	cheat   func(l *ledger)
}{
	{"garbage", rules.Form, 1, false, func(l *ledger) { l.Add([]byte("hello")) }},
	{"nothing at all", rules.Form, 1, false, func(l *ledger) { l.Add(nil) }},
	{"time of an entry that is none", rules.Form, 1, false, func(l *ledger) { l.Add(append([]byte("registered 01\n"), l.Contract(nil).Bytes()...)) }},
	{"no signature line", rules.Form, 1, false, func(l *ledger) {
		text := l.Text(record.Contract).Bytes()
		l.RegisterAt(l.Last, append(text, '\n'))
	}},
	{"another ledger", rules.Form, 1, false, func(l *ledger) {
		l.Register(l.Contract(func(t *record.Text) { t.Ledger = newSigner("elsewhere.example").Key }))
	}},
	{"oversized", rules.Size, 1, false, func(l *ledger) { l.Add(bytes.Repeat([]byte("a"), record.MaxEntry+1)) }},
	{"as long as a bundle can say", rules.Size, 1, false, func(l *ledger) { l.Add(bytes.Repeat([]byte("a"), 1<<16-1)) }},
	{"duplicate", rules.Once, 2, false, func(l *ledger) { l.Register(l.fifth()) }},
	{"duplicate with fewer signatures", rules.Once, 2, false, func(l *ledger) { l.Register(signed(l.fifth().Text(), maker)) }},
	{"statement about nothing", rules.Refers, 1, true, func(l *ledger) { l.Register(l.Under(record.Statement, l.Contract(nil), nil, maker)) }},
	{"replaces a statement", rules.Refers, 2, false, func(l *ledger) {
		s := l.Register(l.Under(record.Statement, l.fifth(), nil, maker))
		text := l.Amendment(l.fifth())
		text.Replaces = s.ID()
		l.Register(signed(text, maker, buyer))
	}},
	{"by is no party", rules.Refers, 2, false, func(l *ledger) {
		l.Register(l.Under(record.Statement, l.fifth(), func(t *record.Text) { t.Parties = []record.Party{party("buyer", other)} }, other))
	}},
	{"answers another chain", rules.Refers, 7, false, func(l *ledger) {
		// Two chains, of two contracts and of three.
		a, b := l.Register(l.Contract(nil)), l.Register(l.Contract(nil))
		a = l.Register(signed(l.Amendment(a), maker, buyer))
		b = l.Register(signed(l.Amendment(b), maker, buyer))
		b = l.Register(signed(l.Amendment(b), maker, buyer))
		s := l.Register(l.Under(record.Statement, a, nil, maker))
		l.Register(l.Under(record.Statement, b, func(t *record.Text) { t.Answers = s.ID() }, buyer))
	}},
	{"backdated", rules.Time, 2, false, func(l *ledger) { l.RegisterAt(l.Last-1, l.Contract(nil).Bytes()) }},
	{"made later", rules.Time, 1, false, func(l *ledger) {
		l.Register(l.Contract(func(t *record.Text) { t.Made = l.Last + 60 + rules.Skew + 1 }))
	}},
	{"lapsed", rules.Time, 1, false, func(l *ledger) {
		l.Register(l.Contract(func(t *record.Text) { t.Made, t.SignBy = now-day, l.Last+59 }))
	}},
	{"forged signature", rules.Signed, 1, false, func(l *ledger) {
		text := l.Text(record.Contract)
		b := bytes.Clone(signed(text, maker, buyer).Bytes())
		forged := append(bytes.Clone(text.Bytes()), '\n')
		forged = maker.Signature(must(buyer.Sign(text.Bytes()))).Append(forged)
		l.RegisterAt(l.Last, append(forged, b[bytes.LastIndex(b[:len(b)-1], []byte("\n"))+1:]...))
	}},
	{"statement with a forged signature", rules.Signed, 2, false, func(l *ledger) {
		text := l.Under(record.Statement, l.fifth(), nil, maker).Text()
		l.RegisterAt(l.Last, maker.Signature(must(buyer.Sign(text.Bytes()))).Append(append(text.Bytes(), '\n')))
	}},
	{"revoked key", rules.Revoked, 2, false, func(l *ledger) {
		l.Register(l.Revocation(buyer))
		l.Register(l.Contract(nil))
	}},
	{"revoked twice", rules.Revoked, 2, false, func(l *ledger) {
		l.Register(l.Revocation(buyer))
		l.Register(l.Revocation(buyer))
	}},
	{"one signature", rules.Quorum, 1, false, func(l *ledger) { l.Register(signed(l.Text(record.Contract), maker)) }},
	{"unsigned amendment", rules.Quorum, 2, false, func(l *ledger) {
		text := l.Amendment(l.fifth())
		text.Parties = []record.Party{party("manufacturer", maker), party("buyer", other)}
		l.Register(signed(text, maker, other))
	}},
	{"replaced twice", rules.Replaces, 3, false, func(l *ledger) {
		l.Register(signed(l.Amendment(l.fifth()), maker, buyer))
		l.Register(signed(l.Amendment(l.fifth()), maker, buyer))
	}},
	{"replaced after its end", rules.Replaces, 3, false, func(l *ledger) {
		l.Register(l.Under(record.Termination, l.fifth(), nil, maker, buyer))
		l.Register(signed(l.Amendment(l.fifth()), maker, buyer))
	}},
	{"under a frame that has ended", rules.Under, 3, false, func(l *ledger) {
		l.Register(l.Under(record.Termination, l.fifth(), nil, maker, buyer))
		l.Register(l.Contract(func(t *record.Text) { t.Under = l.fifth().ID() }))
	}},
	{"under a frame of others", rules.Under, 2, false, func(l *ledger) {
		text := l.Text(record.Contract)
		third := newSigner("third.example")
		text.Parties, text.Under = []record.Party{party("manufacturer", other), party("buyer", third)}, l.fifth().ID()
		l.Register(signed(text, other, third))
	}},
	{"terminated by a stranger", rules.Refers, 2, false, func(l *ledger) {
		l.Register(l.Under(record.Termination, l.fifth(), func(t *record.Text) { t.Parties = []record.Party{party("buyer", other)} }, other))
	}},
	{"terminated by one", rules.Terminates, 2, false, func(l *ledger) { l.Register(l.Under(record.Termination, l.fifth(), nil, maker)) }},
	{"terminated too late", rules.Terminates, 3, false, func(l *ledger) {
		l.Register(l.Under(record.Termination, l.fifth(), nil, maker, buyer))
		l.Register(l.Under(record.Termination, l.fifth(), nil, maker, buyer))
	}},
}

// fifth returns the record of entry 5.
func (l *ledger) fifth() *record.Record { return verify.OpenEntry(l.Entries[5]).Record }

func TestEveryCheatIsFoundOutWithEvidenceThatConvinces(t *testing.T) {
	for _, c := range cheats {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger().fill(7)
			c.cheat(l)
			index := uint64(len(l.Entries) - 1)
			l.fill(20) // it goes on as if nothing were
			dir := t.TempDir()
			for range 2 { // what was found is found again
				r, err := l.audit(t, dir)
				if err != nil {
					t.Fatal(err)
				}
				f := r.Finding
				if f == nil || f.Rule != c.rule || f.Index != index || r.Judged != index {
					t.Fatalf("%d entries are judged, finding %v; want the rule %s broken at entry %d", r.Judged, f, c.rule, index)
				}
				checkEvidence(t, f, c.absence)
				if charge := must(verify.ParseEvidence(f.Evidence)); len(charge.Proofs) != c.proofs {
					t.Errorf("%d proofs, want %d", len(charge.Proofs), c.proofs)
				}
			}
		})
	}
}

// checkEvidence judges the evidence of a finding as somebody who has nothing else.
func checkEvidence(t testing.TB, f *Finding, absence bool) {
	t.Helper()
	b, err := verify.Evidence(trust, f.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	want := verify.Yes
	if absence {
		want = verify.Unchecked
	}
	if b.Verdict != want || b.Rule != f.Rule || b.Index != f.Index || b.ID != f.ID || b.Reason != f.Reason || (b.Doubt != "") != absence || b.Doubt != f.Doubt {
		t.Errorf("verdict %s, want %s, of %+v;\nfound was %+v", b.Verdict, want, b, f)
	}
	if absence && *b.Absent != (verify.Range{First: 0, Last: b.Index - 1}) {
		t.Errorf("absent %+v", *b.Absent)
	}
}

// The first entry of a log can be checked for what is absent: nothing is before it.
func TestAtTheFirstEntryAnAbsenceIsProved(t *testing.T) {
	l := newLedger()
	l.Register(l.Under(record.Statement, l.Contract(nil), nil, maker))
	r, err := l.audit(t, t.TempDir())
	if err != nil || r.Finding == nil || r.Finding.Rule != rules.Refers {
		t.Fatal(r.Finding, err)
	}
	checkEvidence(t, r.Finding, false)
}

// FORMATS.md, section 4: an unknown kind or version says how far it judged.
func TestUnknownKindIsNotJudged(t *testing.T) {
	for _, line := range []string{"chirograph/lease/v1", "chirograph/contract/v2"} {
		l := newLedger().fill(7)
		dir := t.TempDir()
		l.RegisterAt(l.Last, []byte(line+"\nwhatever\n"))
		l.fill(10)
		r, err := l.audit(t, dir)
		var unknown *verify.UnknownKind
		if !errors.As(err, &unknown) || unknown.Line != line || r.Finding != nil || r.Judged != 7 {
			t.Errorf("%s: %v, %v, judged %d", line, err, r.Finding, r.Judged)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "entry 7: ") {
			t.Error(err)
		}
	}
}

// A chain of contracts is not known where one in its middle is left out.
func TestNoChainIsJudgedWithAPieceLeftOut(t *testing.T) {
	l := newLedger().fill(2)
	first := l.Register(l.Contract(nil))
	second := l.Register(signed(l.Amendment(first), maker, buyer))
	third := l.Register(signed(l.Amendment(second), maker, buyer))
	asked := l.Register(l.Under(record.Statement, first, nil, maker))
	l.Register(l.Under(record.Statement, third, func(t *record.Text) { t.Answers = asked.ID() }, buyer))
	l.clean(t, t.TempDir())
	for _, indexes := range [][]int{{6, 2, 4, 5}, {6, 4, 5}, {6, 2, 3, 4, 5}, {6, 2, 3, 5}, {6, 4}, {6}} {
		for _, absent := range []*verify.Range{nil, {First: 0, Last: 5}} {
			if l.judged(t, l.charge(rules.Refers, absent, indexes...)) == verify.Unchecked && (absent == nil || len(indexes) == 5) {
				t.Errorf("%v, absent %v: unchecked", indexes, absent)
			}
		}
	}
}

// It is at the entry that is named that the time decreases, and not somewhere before.
func TestTimeDecreasesAtTheEntryThatIsNamed(t *testing.T) {
	l := newLedger().fill(5)
	l.RegisterAt(l.Last-90, l.Contract(nil).Bytes())
	l.RegisterAt(l.Last+10, l.Contract(nil).Bytes())
	for _, c := range []struct {
		indexes []int
		want    string
	}{
		{[]int{5, 4}, ""},
		{[]int{5, 0, 4}, ""},
		{[]int{6, 4}, "entry 6 is of an earlier time than entry 4, and entry 5, directly before it, is not here"},
		{[]int{6, 5}, "entry 6 breaks no rule"},
		{[]int{5, 3}, "entry 5 is of an earlier time than entry 3, and entry 4, directly before it, is not here"},
		{[]int{5, 2}, "entry 5 breaks no rule"},
	} {
		_, err := verify.Evidence(trust, l.charge(rules.Time, nil, c.indexes...).Bytes())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.indexes, err, c.want)
		}
	}
}

// An absence that every entry before proves, at another index than 0.
func TestAnAbsenceThatAllEntriesBeforeProveIsProved(t *testing.T) {
	l := newLedger()
	c := l.Register(l.Contract(nil))
	nowhere := l.Under(record.Statement, c, nil, maker)
	l.Register(l.Under(record.Statement, c, func(t *record.Text) { t.Answers = nowhere.ID() }, buyer))
	r, err := l.audit(t, t.TempDir())
	if err != nil || r.Finding == nil || r.Finding.Rule != rules.Refers {
		t.Fatal(r, err)
	}
	checkEvidence(t, r.Finding, false)
}
