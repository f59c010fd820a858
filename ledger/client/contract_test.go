package client

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// contractID is the contract of every page here.
var contractID = must(record.ParseID(strings.Repeat("0c", 32)))

const inForce = `{"standing":"in force","since":"2026-01-02","disputes":[]}`

func contractPage(status, events, rest string) string {
	return fmt.Sprintf(`{"id":"%s","kind":"contract","size":1000,"time":"2026-01-03T04:05:06Z","status":%s,"timeline":[%s]%s}`, contractID, status, events, rest)
}

func pageEvent(index int) string {
	return fmt.Sprintf(`{"index":%d,"id":"%s","kind":"statement","relation":"states","by":["buyer"],"about":"delivery"}`, index, someID)
}

func pageEvents(n int) string {
	var list []string
	for i := range n {
		list = append(list, pageEvent(i))
	}
	return strings.Join(list, ",")
}

func statusWith(disputes int, rest string) string {
	return fmt.Sprintf(`{"standing":"replaced","since":"2026-01-02","by":"%s","disputes":[%s]%s}`,
		someID, strings.TrimSuffix(strings.Repeat(`"`+someID+`",`, disputes), ","), rest)
}

func TestContractPageIsReadStrictly(t *testing.T) {
	l := newLog("ledger.example/log")
	status := func(old, new string) string { return contractPage(strings.Replace(inForce, old, new, 1), "", "") }
	for _, test := range []struct {
		name string
		body string
		want string
	}{
		{"nothing under it", contractPage(inForce, "", ""), ""},
		{"of a ledger that is frozen", contractPage(inForce, "", `,"frozen":true`), ""},
		{"frozen in other words", contractPage(inForce, "", `,"frozen":"yes"`), "not the JSON"},
		{"members of later", contractPage(inForce, "", `,"later":{"x":[]}`), ""},
		{"a page", contractPage(statusWith(2, `,"more_disputes":true`), pageEvent(4)+","+pageEvent(9), `,"next":9`), ""},
		{"as much as there may be", contractPage(statusWith(256, ""), pageEvents(256), `,"next":255`), ""},
		{"too many records", contractPage(inForce, pageEvents(257), ""), "it has 257 records and 0 disputes, at most 256 of each"},
		{"too many disputes", contractPage(statusWith(257, ""), "", ""), "it has 0 records and 257 disputes, at most 256 of each"},
		{"another contract", strings.Replace(contractPage(inForce, "", ""), "0c0c", "0d0d", 1), "it is of the contract \"0d0d"},
		{"no contract", `{}`, `it is of the contract ""`},
		{"no status", fmt.Sprintf(`{"id":"%s"}`, contractID), `its standing "" is none`},
		{"a standing of no contract", status("in force", "lost"), `its standing "lost" is none of a contract`},
		{"a standing with an escape", status("in force", `in force\u001b[2J`), `its standing "in force\x1b[2J" is none`},
		{"no size", strings.Replace(contractPage(inForce, "", ""), `"size":1000,`, "", 1), "it does not say of how many entries it is"},
		{"a size below none", strings.Replace(contractPage(inForce, "", ""), `1000`, "-1", 1), "not the JSON"},
		{"no time", strings.Replace(contractPage(inForce, "", ""), `"time":`, `"when":`, 1), "time: "},
		{"a time in another form", strings.Replace(contractPage(inForce, "", ""), `05:06Z`, "05:06+00:00", 1), "time: "},
		{"a record beyond the log", contractPage(inForce, pageEvent(999)+","+pageEvent(1000), ""), "record 1 of it has the index 1000 in a log of 1000"},
		{"the last record of the log", contractPage(inForce, pageEvent(999), ""), ""},
		{"a day of no month", status("01-02", "02-30"), "since: "},
		{"no day", status("2026-01-02", ""), "since: "},
		{"ended by what has no id", contractPage(strings.Replace(statusWith(0, ""), "aa", "AA", 1), "", ""), "by: "},
		{"an end by a termination", status(`"disputes"`, `"ends":{"day":"2027-01-01","how":"terminated","by":"`+someID+`"},"disputes"`), ""},
		{"an end by its text", status(`"disputes"`, `"ends":{"day":"2027-01-01","how":"expired"},"disputes"`), ""},
		{"an end on no day", status(`"disputes"`, `"ends":{"day":"2027-02-29","how":"expired"},"disputes"`), "ends: "},
		{"an end that is none", status(`"disputes"`, `"ends":{"day":"2027-01-01","how":"pending"},"disputes"`), `ends: "pending" is no end of a contract`},
		{"an end by nobody", status(`"disputes"`, `"ends":{"day":"2027-01-01","how":"replaced"},"disputes"`), "ends: "},
		{"an expiry by somebody", status(`"disputes"`, `"ends":{"day":"2027-01-01","how":"expired","by":"`+someID+`"},"disputes"`), "ends: what expires does so by no record"},
		{"an empty end", status(`"disputes"`, `"ends":{},"disputes"`), "ends: "},
		{"registered later", status(`"disputes"`, `"recorded":"2026-05-03","disputes"`), ""},
		{"registered on no day", status(`"disputes"`, `"recorded":"2026-05-32","disputes"`), "recorded: "},
		{"a dispute that has no id", contractPage(strings.Replace(inForce, "[]", `["aa"]`, 1), "", ""), "dispute: "},
		{"a record that has no id", contractPage(inForce, strings.Replace(pageEvent(1), "aa", "a", 1), ""), "record 0 of it: "},
		{"a dispute that is answered", contractPage(inForce, strings.Replace(pageEvent(1), "}", `,"answers":"`+someID+`"}`, 1), ""), ""},
		{"a contract under it", contractPage(inForce, strings.Replace(pageEvent(1), `"states","by":["buyer"],"about":"delivery"`, `"under","by":["buyer","maker"]`, 1), ""), ""},
		{"an answer that has no id", contractPage(inForce, strings.Replace(pageEvent(1), "}", `,"answers":"aa"}`, 1), ""), "record 0 of it: answers: "},
		{"no relation", contractPage(inForce, strings.Replace(pageEvent(1), "relation", "kin", 1), ""), `record 0 of it: its relation "" is none to a contract`},
		{"a relation of another kind", contractPage(inForce, strings.Replace(pageEvent(1), "states", `undoes\u001b`, 1), ""), `record 0 of it: its relation "undoes\x1b" is none`},
		{"a statement about nothing", contractPage(inForce, strings.Replace(pageEvent(1), `"about":"delivery"`, `"about":""`, 1), ""), "record 0 of it: about: "},
		{"a statement about what is no token", contractPage(inForce, strings.Replace(pageEvent(1), `delivery`, `De\u001blivery`, 1), ""), "record 0 of it: about: "},
		{"a termination about something", contractPage(inForce, strings.Replace(pageEvent(1), "states", "terminates", 1), ""), "record 0 of it: what terminates is about nothing"},
		{"an amendment that answers", contractPage(inForce, strings.Replace(pageEvent(1), `"states","by":["buyer"],"about":"delivery"`, `"replaces","answers":"`+someID+`"`, 1), ""), "record 0 of it: what replaces is about nothing"},
		{"one entry twice", contractPage(inForce, pageEvent(4)+","+pageEvent(4), ""), "record 1 of it has the index 4, after 4"},
		{"entries backwards", contractPage(inForce, pageEvent(4)+","+pageEvent(3), ""), "record 1 of it has the index 3, after 4"},
		{"a next page that skips", contractPage(inForce, pageEvent(4), `,"next":5`), "the next one is after 5, which is not its last record"},
		{"a next page that comes again", contractPage(inForce, pageEvent(4), `,"next":3`), "the next one is after 3"},
		{"a next page after nothing", contractPage(inForce, "", `,"next":0`), "the next one is after 0"},
		{"a negative index", contractPage(inForce, pageEvent(-1), ""), "not the JSON"},
		{"no list", contractPage(inForce, "", "")[:20], "not the JSON"},
		{"a page of HTML", "<html>", "not the JSON"},
		{"just not too large", contractPage(inForce, "", strings.Repeat(" ", maxContract-len(contractPage(inForce, "", "")))), ""},
		{"too large", contractPage(inForce, "", strings.Repeat(" ", maxContract-len(contractPage(inForce, "", ""))+1)), "more than the 1048576 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := l.client(t, body(200, []byte(test.body))).Contract(t.Context(), contractID, nil)
			if test.want != "" {
				wantError(t, err, test.want)
				wantError(t, err, "GET http://ledger.example/l/contracts/"+contractID.String()+": ")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Events) != strings.Count(test.body, `"index"`) || (p.By == record.ID{}) != !strings.Contains(test.body, `"2026-01-02","by":"`) ||
				(p.Ends == rules.Ending{}) != !strings.Contains(test.body, `"ends"`) || (p.Recorded == 0) != !strings.Contains(test.body, `"recorded"`) ||
				p.More != strings.Contains(test.body, "more_disputes") || (p.Next == nil) != !strings.Contains(test.body, `"next"`) || p.Since.String() != "2026-01-02" ||
				p.Size != 1000 || p.Time != 1_767_413_106 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// What an entry is to the contract, and what it is about, says what update fetches first.
func TestAnEventSaysWhatItIsToTheContract(t *testing.T) {
	l := newLog("ledger.example/log")
	id := must(record.ParseID(someID))
	resolution := fmt.Sprintf(`{"index":3,"id":"%s","relation":"states","by":["buyer","maker"],"about":"resolution","answers":"%s"}`, someID, contractID)
	others := fmt.Sprintf(`{"index":4,"id":"%[1]s","relation":"terminates","by":["buyer"]},{"index":5,"id":"%[1]s","relation":"replaces","by":["buyer","maker","lead"]},{"index":6,"id":"%[1]s","relation":"under","by":[]}`, someID)
	p, err := l.client(t, body(200, []byte(contractPage(inForce, resolution+","+others, "")))).Contract(t.Context(), contractID, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Event{{3, id, States, "resolution", contractID, 2}, {4, id, Terminates, "", record.ID{}, 1}, {5, id, Replaces, "", record.ID{}, 3}, {6, id, Under, "", record.ID{}, 0}}
	if !slices.Equal(p.Events, want) {
		t.Errorf("%+v", p.Events)
	}
}

func TestNextContractPageBeginsAfterTheLast(t *testing.T) {
	l := newLog("ledger.example/log")
	after := uint64(7)
	for index, want := range map[int]string{8: "", 7: "record 0 of it has the index 7, after 7", 6: "record 0 of it has the index 6, after 7"} {
		h, asked := recorded(body(200, []byte(contractPage(inForce, pageEvent(index), ""))))
		p, err := l.client(t, h).Contract(t.Context(), contractID, &after)
		if got := asked(); len(got) != 1 || got[0] != "GET /l/contracts/"+contractID.String()+"?after=7" {
			t.Errorf("asked for %q", got)
		}
		if want != "" {
			wantError(t, err, want)
		} else if err != nil || p.Events[0].Index != 8 || p.Events[0].ID.String() != someID || after != 7 {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func TestAContractThatIsNotThereIsARefusal(t *testing.T) {
	l := newLog("ledger.example/log")
	c := l.client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		body(http.StatusNotFound, []byte(`{"detail":"no record of this id"}`))(w, r)
	}))
	_, err := c.Contract(t.Context(), contractID, nil)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound || refusal.Detail != "no record of this id" {
		t.Errorf("%v", err)
	}
}

// under returns a record of that kind under a contract of the log, signed by the
// maker alone.
func (l *fakeLog) under(contract record.ID, n int, change func(*record.Text)) *record.Record {
	text := &record.Text{
		Kind: record.Statement, Ledger: l.Key, Made: now - 60, SignBy: now + 86400, Nonce: [16]byte{15: byte(n), 14: byte(n >> 8)},
		Contract: contract, Parties: l.contract(0).Text().Parties[:1], About: "dispute",
	}
	if change != nil {
		change(text)
	}
	maker := newSigner("maker.example", note.Ed25519)
	return must(must(record.New(text)).Sign(maker.Public(), maker.Sign))
}

func TestThePagesOfARealLedgerHold(t *testing.T) {
	l := newLog("ledger.example/log")
	c := must(New(Config{URL: realLedger(t, l), Policy: policy(l)}))
	ctx := t.Context()
	contract := l.contract(0)
	id := contract.ID()
	_, err := c.Contract(ctx, id, nil)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound {
		t.Fatalf("%v", err)
	}
	must(c.Submit(ctx, contract))
	const n = 257
	for i := range n {
		must(c.Submit(ctx, l.under(id, i, nil)))
	}
	page, err := c.Contract(ctx, id, nil)
	if err != nil || page.Standing != rules.InForce || len(page.Events) != 256 || page.Next == nil || *page.Next != 256 || len(page.Disputes) != 256 || !page.More {
		t.Fatalf("%+v, %v", page, err)
	}
	if page.Size != n+1 || page.Time < now {
		t.Errorf("of size %d at %d", page.Size, page.Time)
	}
	for i, e := range page.Events {
		if r := l.under(id, i, nil); e.Index != uint64(i+1) || e.ID != r.ID() || page.Disputes[i] != r.ID() {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
	if page, err = c.Contract(ctx, id, page.Next); err != nil || len(page.Events) != 1 || page.Events[0].Index != n || page.Next != nil {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err = c.Contract(ctx, id, &page.Events[0].Index); err != nil || len(page.Events) != 0 || page.Next != nil {
		t.Errorf("%+v, %v", page, err)
	}
}

func FuzzContractPage(f *testing.F) {
	f.Add(contractPage(inForce, "", ""))
	f.Add(contractPage(statusWith(1, ""), pageEvent(4), `,"next":4`))
	f.Add(`{"status":null,"timeline":{}}`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseContractPage([]byte(s), contractID, nil)
		if err != nil {
			return
		}
		if !p.Standing.Known() || len(p.Events) > 256 || len(p.Disputes) > 256 || len(p.Since.String()) != len("2026-01-02") {
			t.Errorf("%+v", p)
		}
		for i, e := range p.Events {
			if i > 0 && e.Index <= p.Events[i-1].Index || e.Index >= p.Size {
				t.Errorf("%+v after %+v", e, p.Events[i-1])
			}
		}
		if p.Next != nil && *p.Next != p.Events[len(p.Events)-1].Index {
			t.Errorf("the next one is after %d", *p.Next)
		}
	})
}
