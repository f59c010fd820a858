package audit

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// before serves a ledger after f was told the path that is asked for.
func before(l *ledger, f func(path string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f(strings.TrimPrefix(r.URL.Path, "/"))
		l.ServeHTTP(w, r)
	})
}

// cached keeps what the ledger says of the moment for two seconds, as it allows.
func cached(h http.Handler) http.Handler {
	type kept struct {
		at     time.Time
		answer *httptest.ResponseRecorder
	}
	var mu sync.Mutex
	all := make(map[string]kept)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		path := r.URL.Path
		k, ok := all[path]
		if fresh := ok && time.Since(k.at) < 2*time.Second; !fresh {
			k = kept{time.Now(), httptest.NewRecorder()}
			if h.ServeHTTP(k.answer, r); path == "/checkpoint" || strings.HasPrefix(path, "/contracts/") {
				all[path] = k
			}
		}
		for name, values := range k.answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(k.answer.Code)
		w.Write(k.answer.Body.Bytes())
	})
}

// warm asks for a path, so that the cache has it.
func warm(h http.Handler, path string) {
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
}

// An honest ledger is not found at anything because a cache on the way keeps, for as
// long as it may, a page from before the checkpoint or a checkpoint from before the
// page.
func TestACacheOnTheWayConvictsNobody(t *testing.T) {
	for _, c := range []struct {
		name string
		keep func(id string) string // the path of what is old
	}{
		{"an old page", func(id string) string { return "/contracts/" + id }},
		{"an old checkpoint", func(string) string { return "/checkpoint" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger()
				contract := l.Register(l.Contract(nil))
				h := cached(l)
				warm(h, c.keep(contract.ID().String()))
				l.Register(l.Under(record.Termination, contract, nil, maker, buyer))
				l.Register(l.Under(record.Statement, contract, func(t *record.Text) { t.About = rules.AboutDispute }, maker))
				cfg := l.config(t, dir)
				cfg.Client = serve(t, h)
				r, err := Run(t.Context(), cfg)
				if err != nil || r.Finding != nil || r.Contracts != 1 || r.Judged != 3 || r.Checkpoint.Size != 3 {
					t.Errorf("%+v, %v", r, err)
				}
			})
		})
	}
}

// A ledger that registers all the time is followed, and its pages are compared with
// the log as it was for each.
func TestALedgerThatGoesOnIsComparedAllTheSame(t *testing.T) {
	l := newLedger().fill(30)
	first := l.fifth()
	cfg := l.config(t, t.TempDir())
	cfg.Client = serve(t, before(l, func(path string) {
		l.Lock()
		defer l.Unlock()
		switch {
		case path == "contracts/"+first.ID().String() && len(l.Entries) < 40:
			l.Register(l.Under(record.Termination, first, nil, maker, buyer))
		case strings.HasPrefix(path, "contracts/"):
			l.Register(l.Contract(nil))
		}
	}))
	r, err := Run(t.Context(), cfg)
	if err != nil || r.Finding != nil || r.Contracts != 16 || r.Judged != 46 || r.Checkpoint.Size != 46 || r.Known != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	l.Register(signed(l.Text(record.Contract), maker)) // which no ledger may
	cheat := uint64(len(l.Entries) - 1)
	r, err = Run(t.Context(), cfg)
	if err != nil || r.Finding == nil || r.Finding.Rule != rules.Quorum || r.Finding.Index != cheat {
		t.Errorf("%+v, %v", r.Finding, err)
	}
}

// What is registered after the audit began is judged before a page is believed that
// rests on it.
func TestABreachDuringTheAuditIsFound(t *testing.T) {
	l := newLedger().fill(5)
	cfg := l.config(t, t.TempDir())
	cfg.Client = serve(t, before(l, func(path string) {
		l.Lock()
		defer l.Unlock()
		if strings.HasPrefix(path, "contracts/") && len(l.Entries) == 5 {
			l.Register(signed(l.Text(record.Contract), maker))
		}
	}))
	r, err := Run(t.Context(), cfg)
	if err != nil || r.Finding == nil || r.Finding.Rule != rules.Quorum || r.Finding.Index != 5 || r.Judged != 5 {
		t.Fatal(r.Finding, err)
	}
	checkEvidence(t, r.Finding, false)
}

// page returns an alteration of the pages of contracts.
func pageWith(old, new string) func(path string, b []byte) []byte {
	return func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "contracts/") {
			b = bytes.Replace(b, []byte(old), []byte(new), 1)
		}
		return b
	}
}

// A ledger cannot lie of its contracts and hide behind what it registers meanwhile,
// behind an older tree, or behind another day.
func TestALiarIsFoundWhateverItSaysOfSizeAndTime(t *testing.T) {
	size := func(n int) func(path string, b []byte) []byte {
		return pageWith(`"size":30`, fmt.Sprintf(`"size":%d`, n))
	}
	lies := func(path string, b []byte) []byte {
		return pageWith(`"in force"`, `"expired"`)(path, pageWith(`2026-03-01"`, `1999-01-01"`)(path, b))
	}
	when := func(t int64) func(path string, b []byte) []byte {
		return pageWith(record.FormatTime(now+30*60), record.FormatTime(t))
	}
	for _, c := range []struct {
		name   string
		alter  []func(path string, b []byte) []byte
		reason string
	}{
		{"of the tree that it shows", []func(string, []byte) []byte{lies}, "after 30 entries, at 2026-03-01T09:30:00Z"},
		{"of an older tree", []func(string, []byte) []byte{size(29), lies}, "after 29 entries"},
		{"of a tree without the contract", []func(string, []byte) []byte{size(1)}, "after 1 entries, at 2026-03-01T09:30:00Z, and it is entry"},
		{"of a later day", []func(string, []byte) []byte{when(now + 20*3600), lies}, "after 30 entries, at 2026-03-02T05:00:00Z"},
		{"of a day before the log ends", []func(string, []byte) []byte{when(now + 29*60)}, "and the last of these is of 2026-03-01T09:30:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger().fill(30)
			l.Alter = func(path string, b []byte) []byte {
				for _, alter := range c.alter {
					b = alter(path, b)
				}
				return b
			}
			r, err := l.audit(t, t.TempDir())
			if err != nil || r.Finding == nil || r.Finding.Rule != Status || !strings.Contains(r.Finding.Reason, c.reason) || r.Finding.Evidence != nil {
				t.Errorf("%v, %v; want %q", r.Finding, err, c.reason)
			}
		})
	}
	t.Run("of a tree that grows", func(t *testing.T) {
		l := newLedger().fill(30)
		l.Alter = pageWith(`"in force"`, `"expired"`)
		cfg := l.config(t, t.TempDir())
		cfg.Client = serve(t, before(l, func(path string) {
			l.Lock()
			defer l.Unlock()
			if strings.HasPrefix(path, "contracts/") {
				l.Register(l.Contract(nil))
			}
		}))
		r, err := Run(t.Context(), cfg)
		if err != nil || r.Finding == nil || r.Finding.Rule != Status {
			t.Errorf("%v, %v", r.Finding, err)
		}
	})
}

// What cannot be compared is no yes: the audit says what, and why, after it has asked
// again for longer than an answer is kept on the way.
func TestAContractThatCannotBeComparedIsNoYes(t *testing.T) {
	for _, c := range []struct {
		name     string
		alter    func(path string, b []byte) []byte
		compared int
		want     string
		asked    int // times for each page
	}{
		{"a page of a tree that is nowhere", pageWith(`"size":30`, `"size":31`), 0, "the status of 16 of 16 contracts is not compared: the page of contract ", 4},
		{"a page of as large a tree as can be written", pageWith(`"size":30`, `"size":18446744073709551615`), 0, "is of 18446744073709551615 entries, and the ledger shows no checkpoint of more than 30", 4},
		{"an old page for ever", pageWith(`"size":30`, `"size":29`), 0, "is of 29 entries, and the ledger has shown 30 before", 4},
		{"another clock", pageWith(record.FormatTime(now+30*60), record.FormatTime(now+30*60+rules.Skew+1)), 0,
			"it is 2026-03-01T09:35:01Z, and 2026-03-01T09:30:00Z here: one of the two clocks is wrong", 1},
		{"a clock that is not much ahead", pageWith(record.FormatTime(now+30*60), record.FormatTime(now+30*60+rules.Skew)), 16, "", 1},
		{"a page without a size", pageWith(`"size":30`, `"width":30`), 0, "it does not say of how many entries it is", 0},
		{"one page of them", func() func(string, []byte) []byte {
			one := ""
			return func(path string, b []byte) []byte {
				if strings.HasPrefix(path, "contracts/") && (one == "" || one == path) {
					one = path
					b = pageWith(`"size":30`, `"size":31`)(path, b)
				}
				return b
			}
		}(), 15, "the status of 1 of 16 contracts is not compared: ", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger().fill(30)
				l.Alter = c.alter
				r, err := l.audit(t, dir)
				if r.Finding != nil || (err == nil) != (c.want == "") || r.Judged != 30 || r.Contracts != c.compared {
					t.Fatalf("%+v, %v", r, err)
				}
				if err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if n := l.Asked("contracts/"); c.asked > 0 && n != 16*c.asked {
					t.Errorf("16 pages are asked for %d times", n)
				}
			})
		})
	}
}

// Where the clocks of the ledger and of who audits differ, a contract may stand
// otherwise here than there, and nobody lies.
func TestAClockThatIsWrongConvictsNobody(t *testing.T) {
	for _, hours := range []int64{-9000, -20, 20, 9000} {
		l := newLedger()
		l.Register(l.Contract(func(t *record.Text) { t.Until = record.DateOf(now) }))
		l.Register(l.Contract(func(t *record.Text) { t.From = record.DateOf(now) + 1 }))
		cfg := l.config(t, t.TempDir())
		cfg.Clock = func() time.Time { return time.Unix(l.Last+hours*3600, 0) }
		r, err := Run(t.Context(), cfg)
		if r.Finding != nil || err == nil || !strings.Contains(err.Error(), "the status of 2 of 2 contracts is not compared: by the page of contract ") || r.Contracts != 0 {
			t.Errorf("%d hours: %v, %v", hours, r.Finding, err)
		}
	}
}

func TestAContractIsComparedHoweverFewThereAre(t *testing.T) {
	l := newLedger()
	for i := range 150 {
		l.Register(l.Revocation(newSigner("key" + strconv.Itoa(i) + ".example")))
		if i == 100 {
			l.Register(l.Contract(nil))
		}
	}
	if r := l.clean(t, t.TempDir()); r.Contracts != 1 {
		t.Errorf("%d contracts are compared", r.Contracts)
	}
	l.Alter = statusOf("replaced")
	if r, err := l.audit(t, t.TempDir()); err != nil || r.Finding == nil || r.Finding.Rule != Status {
		t.Error(r.Finding, err)
	}
}
