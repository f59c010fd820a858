package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func TestARecordIsAnsweredWithItsReceipt(t *testing.T) {
	w := open(t)
	for i, r := range []*record.Record{contract(1), revocation(deputy), contract(2)} {
		resp := w.post(r.Bytes())
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("header %v", resp.Header)
		}
		reg := wantReceipt(t, resp, 201, r.ID())
		if reg.Index != uint64(i) || reg.Registered != epoch || !bytes.Equal(reg.Record.Bytes(), r.Bytes()) {
			t.Errorf("%+v", reg)
		}
		wantReceipt(t, w.post(r.Bytes()), 200, r.ID())
	}
	if n := len(w.checkLog()); n != 3 {
		t.Errorf("%d entries", n)
	}
}

func TestARegisteredIDIsAReceiptWhateverTheSignatureLines(t *testing.T) {
	r := contract(1)
	w := open(t).add(r)
	text := string(r.Text().Bytes()) + "\n"
	stranger := newSigner("stranger.example")
	for _, lines := range [][]byte{
		stranger.Signature([]byte("no signature")).Append(nil),
		maker.Signature(make([]byte, 64)).Append(nil),
		buyer.Signature(make([]byte, 64)).Append(maker.Signature(make([]byte, 64)).Append(nil)),
		bytes.Repeat(maker.Signature(make([]byte, 64)).Append(nil), note.MaxSignatures),
	} {
		reg := wantReceipt(t, w.post(append([]byte(text), lines...)), 200, r.ID())
		if !bytes.Equal(reg.Record.Bytes(), r.Bytes()) {
			t.Error("the first record does not stay")
		}
	}
	wantReceipt(t, w.post(sealed(draft(1, nil), maker, deputy).Bytes()), 200, r.ID())
	wantProblem(t, w.post([]byte(text)), 400, "form", "note has no signature line")
	if n := len(w.checkLog()); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// It may become public between the look for it and that at its lines: no stranger has an
// error logged by that.
func TestARecordThatBecomesPublicMeanwhileIsAReceiptToo(t *testing.T) {
	w := open(t)
	old, asked := w.log.View(), 0
	w.h.cfg.View = func() *ledger.View {
		if asked++; asked == 1 {
			return old
		}
		return w.log.View()
	}
	r := contract(1)
	w.add(r)
	lines := maker.Signature(make([]byte, 64)).Append(append(r.Text().Bytes(), '\n'))
	reg := wantReceipt(t, w.post(lines), 200, r.ID())
	if !bytes.Equal(reg.Record.Bytes(), r.Bytes()) || asked != 2 {
		t.Errorf("%s, after %d looks at what is public", reg.Record.Bytes(), asked)
	}
	// That there is no turn for its receipt says nothing else of it.
	asked = 0
	held := w.h.cfg.View
	w.h.cfg.View = func() *ledger.View {
		if asked == 1 {
			fill(t, w.h.gate.places)
		}
		return held()
	}
	wantProblem(t, w.post(lines), 503, "", "the record is registered: ask for its receipt by its id")
	if w.lines.String() != "" {
		t.Errorf("log: %s", w.lines)
	}
}

func TestEachRuleHasItsStatus(t *testing.T) {
	w := open(t).add(contract(0), revocation(deputy))
	other := newSigner("ledger.example/log2")
	forged := contract(3).Bytes()
	stranger := newSigner("stranger.example")
	foreign := stranger.Signature(make([]byte, 64)).Append(append(draft(4, nil).Text().Bytes(), '\n'))
	for _, test := range []struct {
		name   string
		b      []byte
		status int
		rule   string
		detail string
	}{
		{"nothing", nil, 400, "form", "note has no empty line"},
		{"garbage", []byte("hello\n\n— x y\n"), 400, "form", "not canonical base64"},
		{"CRLF", bytes.ReplaceAll(contract(1).Bytes(), []byte("\n"), []byte("\r\n")), 400, "form", "control character"},
		{"NUL", append(contract(1).Bytes(), 0), 400, "form", "control character"},
		{"truncated", contract(1).Bytes()[:200], 400, "form", "no empty line"},
		{"no record", maker.Signature(make([]byte, 64)).Append([]byte("a poem\n\n")), 400, "form", ""},
		{"another ledger", sealed(draft(1, func(t *record.Text) { t.Ledger = other.Key }), maker, buyer).Bytes(), 400, "form", "the record is for the ledger " + other.String()},
		{"another ledger, wrong signature", bytes.Replace(forged, []byte(home.String()), []byte(other.String()), 1), 400, "form", "the record is for the ledger"},
		{"under nothing", sealed(draft(1, func(t *record.Text) { t.Under = contract(9).ID() }), maker, buyer).Bytes(), 422, "refers", "under names " + contract(9).ID().String() + ", which is not registered"},
		{"under a revocation", sealed(draft(1, func(t *record.Text) { t.Under = revocation(deputy).ID() }), maker, buyer).Bytes(), 422, "refers", "which is a revocation"},
		{"too early", sealed(draft(1, func(t *record.Text) { t.Made = epoch + 301 }), maker, buyer).Bytes(), 422, "time", "made is"},
		{"too late", sealed(draft(1, func(t *record.Text) { t.SignBy = epoch - 1 }), maker, buyer).Bytes(), 422, "time", "sign-by is"},
		{"a changed text", bytes.Replace(forged, []byte("terms.txt"), []byte("terms.doc"), 1), 422, "signed", "the signature of maker.example does not verify"},
		{"a stranger", foreign, 422, "signed", "stranger.example"},
		{"late and forged", bytes.Replace(forged, []byte("sign-by 2026-09-22"), []byte("sign-by 2026-09-21"), 1), 422, "signed", ""},
		{"revoked", sealed(draft(1, nil), maker, buyer, deputy).Bytes(), 409, "revoked", "the key of deputy.example"},
		{"one is missing", sealed(draft(1, nil), maker).Bytes(), 422, "quorum", "buyer has 0 of 1 signatures"},
		{"too large", bytes.Repeat([]byte("a"), record.MaxRecord+1), 413, "size", fmt.Sprintf("at most %d are allowed", record.MaxRecord)},
		{"just not too large", bytes.Repeat([]byte("a"), record.MaxRecord), 400, "form", "no empty line"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantProblem(t, w.post(test.b), test.status, test.rule, test.detail)
		})
	}
	if n := len(w.checkLog()); n != 2 {
		t.Errorf("%d entries", n)
	}
	if w.lines.String() != "" {
		t.Errorf("what callers do wrong is logged: %s", w.lines)
	}
}

// FORMATS.md, section 4.
func TestTheTableOfStatusesIsWhole(t *testing.T) {
	want := map[rules.Rule]int{rules.Form: 400, rules.Size: 413, rules.Refers: 422, rules.Time: 422, rules.Signed: 422, rules.Revoked: 409,
		rules.Quorum: 422, rules.Replaces: 409, rules.Under: 409, rules.Terminates: 409, rules.Once: 500, "poem": 500}
	for rule, status := range want {
		w := httptest.NewRecorder()
		problemOf(&rules.Refusal{Rule: rule, Reason: "two values"}, true).write(w, httptest.NewRequest("POST", "/records", nil))
		if status == 500 {
			wantProblem(t, w.Result(), status, "", "its log says why")
		} else {
			wantProblem(t, w.Result(), status, string(rule), "two values")
		}
	}
	if len(refusals) != len(want)-2 {
		t.Errorf("%d rules have a status, %d are named", len(refusals), len(want)-2)
	}
}

func TestErrorsOfTheLedgerHaveTheirStatus(t *testing.T) {
	const secret = "reason that is not for the caller"
	for _, test := range []struct {
		err        error
		status     int
		retryAfter string
		logged     bool
		typ        string // "" for about:blank
	}{
		{errBusy, 503, "1", false, notTaken},
		{errFull, 503, "10", false, ""},
		{ledger.ErrBusy, 503, "1", false, notTaken},
		{ledger.ErrClosed, 503, "10", false, notTaken},
		{ledger.ErrUnconfirmed, 503, "2", false, ""},
		{ledger.ErrStopped, 503, "60", true, ""},
		{&ledger.ClockError{Now: epoch, Last: epoch + 301}, 503, "60", true, notTaken},
		{context.Canceled, 503, "1", false, ""},
		{ledger.ErrNoQuorum, 503, "10", false, notTaken},
		{ledger.ErrDoubt, 503, "60", false, notTaken},
		{context.DeadlineExceeded, 503, "10", false, notTaken},
		{ledger.ErrNotFound, 404, "", false, ""},
		{errors.New("pebble: corruption"), 500, "", true, ""},
	} {
		err := fmt.Errorf("%s: %w", secret, test.err)
		p := problemOf(err, true)
		if (p.cause != nil) != test.logged {
			t.Errorf("%v: logged %v", err, p.cause)
		}
		w := httptest.NewRecorder()
		p.write(w, httptest.NewRequest("POST", "/records", nil))
		if got := w.Header().Get("Retry-After"); got != test.retryAfter {
			t.Errorf("%v: Retry-After %q, want %q", err, got, test.retryAfter)
		}
		if test.status >= 500 && strings.Contains(w.Body.String(), secret) {
			t.Errorf("%v: the caller learns %s", err, w.Body)
		}
		wantProblemOf(t, cmp.Or(test.typ, "about:blank"), w.Result(), test.status, "", "")
		// Who reads is told nothing of a record that nobody sent.
		if p := problemOf(err, false); p.Type != "about:blank" || strings.Contains(p.Detail, "sent") || strings.Contains(p.Detail, "taken") {
			t.Errorf("%v, of something that is read: %+v", err, p)
		}
		// What is public is not called in doubt for its receipt.
		if p := problemOf(&registeredError{err}, true); p.Type != "about:blank" || test.status == 503 && !strings.Contains(p.Detail, "the record is registered") {
			t.Errorf("%v, on the way to a receipt: %+v", err, p)
		}
	}
}

func TestABodyIsTextAndBounded(t *testing.T) {
	w := open(t)
	post := func(body io.Reader, length int64, header ...string) *http.Response {
		r := httptest.NewRequest("POST", "/records", body)
		r.ContentLength = length
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return w.do(r)
	}
	const media = "Content-Type"
	r := contract(1)
	for _, header := range [][]string{
		nil, {media, ""}, {media, "text/html"}, {media, "application/json"}, {media, "text/plain; charset=latin-1"}, {media, "text"}, {media, "text/plain; ="},
		{media, "text/plain", "Content-Encoding", "gzip"}, {media, "application/x-www-form-urlencoded"}, {media, "text/plain; charset="},
	} {
		wantProblem(t, post(bytes.NewReader(r.Bytes()), -1, header...), 415, "", "")
	}
	for i, good := range []string{"text/plain", "text/plain; charset=utf-8", "Text/Plain;charset=UTF-8", `text/plain; charset="utf-8"; format=flowed`} {
		wantReceipt(t, post(bytes.NewReader(contract(uint64(i)).Bytes()), -1, media, good), 201, contract(uint64(i)).ID())
	}
	// Without a length that says so beforehand.
	for size, want := range map[int]int{record.MaxRecord: 400, record.MaxRecord + 1: 413, 1 << 20: 413} {
		rule := map[int]string{400: "form", 413: "size"}[want]
		wantProblem(t, post(bytes.NewReader(bytes.Repeat([]byte("a"), size)), -1, media, "text/plain"), want, rule, "")
	}
	// A length that says it is too much is enough.
	wantProblem(t, post(panicReader{}, int64(record.MaxRecord)+1, media, "text/plain"), 413, "size", fmt.Sprintf("has %d bytes", record.MaxRecord+1))
	wantProblem(t, post(io.MultiReader(strings.NewReader("chirograph"), brokenReader{}), -1, media, "text/plain"), 400, "", "the body broke off after 10 bytes")
}

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("the body is read") }

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("read tcp 192.0.2.7:4711: reset") }

func TestManyAtOnceAreAllRegistered(t *testing.T) {
	const n = 64
	w := open(t)
	server := httptest.NewServer(w.h)
	defer server.Close()
	seen := make([]bool, n)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r := contract(uint64(i))
			resp, err := http.Post(server.URL+"/records", "text/plain", bytes.NewReader(r.Bytes()))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			b := must(io.ReadAll(resp.Body))
			mu.Lock()
			defer mu.Unlock()
			resp.Body = io.NopCloser(bytes.NewReader(b))
			seen[wantReceipt(t, resp, 201, r.ID()).Index] = true
		})
	}
	wg.Wait()
	for index, ok := range seen {
		if !ok {
			t.Errorf("nobody got the index %d", index)
		}
	}
	if got := len(w.checkLog()); got != n {
		t.Errorf("%d entries", got)
	}
}

func TestTheSameRecordManyTimesIsOneEntry(t *testing.T) {
	w := open(t)
	r := contract(1)
	var mu sync.Mutex
	statuses := make(map[int]int)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			second := []signer{buyer, deputy}[i%2]
			resp := w.post(sealed(draft(1, nil), maker, second).Bytes())
			mu.Lock()
			defer mu.Unlock()
			statuses[resp.StatusCode]++
			wantReceipt(t, resp, resp.StatusCode, r.ID())
		})
	}
	wg.Wait()
	if statuses[201] != 1 || statuses[200] != 63 || len(w.checkLog()) != 1 {
		t.Errorf("statuses %v, %d entries", statuses, len(w.checkLog()))
	}
}

func TestThePostHasNoOtherSideThanTheLog(t *testing.T) {
	w := open(t)
	wantProblem(t, w.get("GET", "/records"), 405, "", "only POST")
	if h := w.get("GET", "/records").Header; h.Get("Allow") != "POST" {
		t.Errorf("header %v", h)
	}
}
