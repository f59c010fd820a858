package check_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
)

// A running ledger is a world that is served.
type running struct {
	store   *store.Store
	guard   *store.Guard
	log     *ledger.Log
	handler http.Handler
	said    bytes.Buffer // by the ledger, in its log
}

// start serves a world, at the time of its last entry.
func (w *world) start() (r *running, err error) {
	r = new(running)
	if r.store, err = store.Open(w.store()); err != nil {
		return nil, err
	}
	if r.guard, err = store.OpenGuard(w.guard()); err != nil {
		return nil, errors.Join(err, r.store.Close())
	}
	policy := []byte("log " + rulestest.Ledger.String() + "\nquorum none\n")
	clock := func() time.Time { return time.Unix(w.log[len(w.log)-1].Time, 0) }
	logger := slog.New(slog.NewTextHandler(&r.said, nil))
	r.log, err = ledger.Open(ledger.Config{
		Store: r.store, Guard: r.guard, Clock: clock, Policy: policy, Log: logger,
		Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(secret, m), nil },
	})
	if err != nil {
		return nil, errors.Join(err, r.guard.Close(), r.store.Close())
	}
	r.handler, err = web.New(web.Config{
		Key: rulestest.Ledger, View: r.log.View, Log: r.log, Clock: clock, Checks: 2, Policy: policy, Logger: logger,
	})
	return r, err
}

func (r *running) stop(t testing.TB) {
	t.Helper()
	if err := errors.Join(r.log.Close(), r.guard.Close(), r.store.Close()); err != nil {
		t.Fatal(err)
	}
}

// names is the method of a question for key names, whose path is the beginning of a name.
const names = "NAMES"

func (r *running) ask(method, path string, body []byte) *httptest.ResponseRecorder {
	if method == names {
		return r.names(path)
	}
	req := httptest.NewRequest(method, path, bytes.NewReader(body))
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	a := httptest.NewRecorder()
	r.handler.ServeHTTP(a, req)
	return a
}

// names answers a question for key names as the handler answers others.
func (r *running) names(prefix string) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	list, more, err := r.log.View().Names(prefix, ledger.NamedKey{}, ledger.MaxPage)
	if err != nil {
		a.Header().Set("Cache-Control", "no-store")
		a.WriteHeader(http.StatusInternalServerError)
		return a
	}
	fmt.Fprint(a, list, more)
	return a
}

// A question is a request, and its right answer.
type question struct {
	method, path string
	body         []byte
	status       int
	answer       string
}

// questions returns everything that can be read of a log, and submissions that it has to
// refuse, with what a sound ledger answers.
func questions(t testing.TB, w *world) []question {
	t.Helper()
	r, err := w.start()
	if err != nil {
		t.Fatal(err)
	}
	defer r.stop(t)
	size := uint64(len(w.log))
	list := []question{{path: "/checkpoint"}, {path: "/consistency/0"}, {path: fmt.Sprintf("/consistency/%d", size/3)}, {path: fmt.Sprintf("/consistency/%d", size)}}
	for level := 0; level < 2; level++ {
		for i := uint64(0); tlog.TileWidth(level, i, size) > 0; i++ {
			tile := tlog.Tile{Level: level, Index: i, Width: tlog.TileWidth(level, i, size)}
			list = append(list, question{path: "/" + tile.Path()}, question{path: "/" + tlog.Tile{Level: level, Index: i, Width: 1}.Path()})
			if level == 0 {
				tile.Level = -1
				list = append(list, question{path: "/" + tile.Path()}, question{path: "/" + tlog.Tile{Level: -1, Index: i, Width: 1}.Path()})
			}
		}
	}
	for _, prefix := range []string{"", "a", "b", "new.", "nobody"} {
		list = append(list, question{method: names, path: prefix})
	}
	asked := make(map[string]bool)
	for i, e := range w.log {
		id := e.Record.ID().String()
		list = append(list, question{path: "/records/" + id})
		if i%7 == 0 || i == len(w.log)-1 {
			list = append(list, question{path: "/records/" + id + "/receipt"}, question{method: "POST", path: "/records", body: e.Record.Bytes()})
		}
		if e.Record.Text().Kind == record.Contract {
			list = append(list, question{path: "/contracts/" + id})
		}
		for _, k := range e.Record.Signed() {
			if path := "/keys/" + k.Public().String(); !asked[path] {
				asked[path] = true
				list = append(list, question{path: path})
			}
		}
	}
	for i := range list {
		q := &list[i]
		if q.method == "" {
			q.method = "GET"
		}
		a := r.ask(q.method, q.path, q.body)
		if a.Code != 200 {
			t.Fatalf("%s %s: %d %s", q.method, q.path, a.Code, a.Body)
		}
		q.status, q.answer = a.Code, a.Body.String()
	}
	return append(list, refused(t, w, r)...)
}

// refused returns submissions that the rules refuse after the log: each record with
// another nonce and of now.
func refused(t testing.TB, w *world, r *running) (list []question) {
	t.Helper()
	batch := r.store.NewBatch()
	defer batch.Close()
	now := w.log[len(w.log)-1].Time
	count := make(map[rules.Rule]int)
	for _, e := range w.log {
		text := *e.Record.Text()
		text.Nonce[15] ^= 1
		text.Made = now
		if text.Kind != record.Revocation {
			text.SignBy = now + 86400
		}
		again, err := record.New(&text)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range e.Record.Signed() {
			again = sign(t, again, k)
		}
		var refusal *rules.Refusal
		if !errors.As(rules.Admit(batch, rulestest.Ledger, now, again), &refusal) {
			continue
		}
		if count[refusal.Rule]++; count[refusal.Rule] <= 6 {
			a := r.ask("POST", "/records", again.Bytes())
			list = append(list, question{"POST", "/records", again.Bytes(), a.Code, a.Body.String()})
		}
	}
	if count[rules.Revoked] == 0 || count[rules.Replaces] == 0 || count[rules.Terminates] == 0 {
		t.Errorf("the rules refuse %v", count)
	}
	return list
}

// wrong says what a ledger answers that is neither right nor an error without any trace
// in a cache.
func (r *running) wrong(q question) string {
	a := r.ask(q.method, q.path, q.body)
	switch {
	case a.Code == q.status && a.Body.String() == q.answer:
		return ""
	case a.Code == 500 && a.Header().Get("Cache-Control") == "no-store":
		return ""
	case a.Code == 503 && q.method == http.MethodPost && r.store.Err() != nil && a.Header().Get("Cache-Control") == "no-store":
		return "" // the ledger has stopped
	}
	return fmt.Sprintf("%s %s: %d (%s), right is %d\n%s\nright is\n%s", q.method, q.path, a.Code, a.Header().Get("Cache-Control"), q.status, a.Body, q.answer)
}

// A flip is a change of a database in one row.
type flip struct {
	table, name string
	kind        string // the table, and what is changed
	changes     map[string][]byte
	absent      bool // a row is missing after it
}

// thinned returns one of each kind, and every stride-th.
func thinned[T any](t testing.TB, list []T, kind func(T) string) (out []T) {
	t.Helper()
	seen := make(map[string]bool)
	for i, e := range list {
		if k := kind(e); !seen[k] || i%stride == 0 {
			seen[k] = true
			out = append(out, e)
		}
	}
	t.Logf("%d flips of %d, of %d kinds: every %d", len(out), len(list), len(seen), stride)
	return out
}

// flips returns changes of rows of every table.
func flips(t testing.TB, w *world) (list []flip) {
	t.Helper()
	all := w.dump(t, storeDir)
	rows := tables(all)
	for _, table := range slices.Sorted(maps.Keys(rows)) {
		keys := rows[table]
		for _, k := range []int{0, len(keys) / 2, len(keys) - 1} {
			// A tile is put together from pieces; it is flipped in its first.
			key, value := keys[k], all[keys[k]]
			if table == "t" {
				key += "\x00\x00"
				value = w.piece(t, key)
			}
			add := func(name string, absent bool, changes map[string][]byte) {
				kind := table + " " + strings.TrimRight(name, "0123456789")
				list = append(list, flip{table, fmt.Sprintf("table %s, key %q, %s", table, key, name), kind, changes, absent})
			}
			// Where nothing is published, the head is: what a ledger without witnesses has.
			// Without its mark, a ledger is one that was never frozen: its guard knows better.
			if table != "published" && table != "frozen" {
				add("gone", true, map[string][]byte{key: nil})
			}
			for _, at := range some(len(value)) {
				add(fmt.Sprintf("value byte %d", at), false, map[string][]byte{key: flipped(value, at)})
			}
			for _, at := range some(len(key)) {
				other := string(flipped(key, at))
				add(fmt.Sprintf("key byte %d", at), true, map[string][]byte{key: nil, other: []byte(value)})
				if all[other] != value { // else it says what is so
					add(fmt.Sprintf("a second key, byte %d", at), false, map[string][]byte{other: []byte(value)})
				}
			}
		}
	}
	return thinned(t, list, func(f flip) string { return f.kind })
}

func TestWhateverIsFlippedNothingWrongIsServedAndNothingIsRegisteredThatTheRulesRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, history(t, 1003, 300), 7, 1<<30)
	right := questions(t, w)
	refused, absent := 0, 0
	for i, f := range flips(t, w) {
		c := w.clone(t)
		c.tamper(t, f.changes)
		r, err := c.start()
		if err != nil {
			if refused++; !strings.Contains(err.Error(), storeDir) && !strings.Contains(err.Error(), "checkpoint") {
				t.Errorf("%s: it does not say where: %v", f.name, err)
			}
			continue
		}
		for j, q := range right {
			if (i+j)%ask != 0 {
				continue
			}
			wrong := r.wrong(q)
			if wrong == "" {
				continue
			}
			// That a row is missing shows nowhere else: see State.
			if f.absent && strings.Contains("rkvxdosha", f.table) {
				absent++
				continue
			}
			t.Errorf("%s: %s", f.name, wrong)
		}
		r.stop(t)
	}
	t.Logf("%d questions; %d flips with which nothing starts; %d answers without what a missing row says", len(right), refused, absent)
}
