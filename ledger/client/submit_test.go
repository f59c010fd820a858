package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

func TestSubmitReturnsWhatItVerified(t *testing.T) {
	for _, status := range []int{http.StatusCreated, http.StatusOK} {
		l := newLog("ledger.example/log")
		r := l.contract(1)
		c := l.client(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			b := must(io.ReadAll(q.Body))
			if q.Method != "POST" || q.URL.Path != "/l/records" || q.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%s %s %v", q.Method, q.URL, q.Header)
			}
			body(status, l.proof(l.add(b)).Bytes())(w, q)
		}))
		receipt, err := c.Submit(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if receipt.New != (status == http.StatusCreated) || receipt.Record.ID() != r.ID() || receipt.Registered != now {
			t.Errorf("status %d: %+v", status, receipt)
		}
		if !bytes.Equal(receipt.Bytes, l.proof(0).Bytes()) {
			t.Error("the receipt is not the one that came")
		}
	}
}

func TestRegisteredSignaturesStand(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	draft := must(record.New(r.Text()))
	maker := newSigner("maker.example", note.Ed25519)
	l.add(r.Bytes())
	c := l.client(t, body(http.StatusOK, l.proof(0).Bytes()))
	receipt, err := c.Submit(t.Context(), must(draft.Sign(maker.Public(), maker.Sign)))
	if err != nil {
		t.Fatal(err)
	}
	if receipt.New || len(receipt.Record.Signed()) != 2 {
		t.Errorf("new %v, %d signatures", receipt.New, len(receipt.Record.Signed()))
	}
}

func TestLyingLedgerIsRefused(t *testing.T) {
	l, stranger := newLog("ledger.example/log"), newLog("ledger.example/log2")
	r := l.contract(1)
	for i := range 5 {
		l.add(l.contract(i).Bytes())
		stranger.add(stranger.contract(i).Bytes())
	}
	l.add(must(must(record.New(l.contract(9).Text())).Sign(newSigner("maker.example", note.Ed25519).Public(), newSigner("maker.example", note.Ed25519).Sign)).Bytes())
	good := l.proof(1)
	change := func(f func(p *tlog.Proof)) []byte {
		p := good
		p.Hashes = slices.Clone(p.Hashes)
		f(&p)
		return p.Bytes()
	}
	for _, test := range []struct {
		name   string
		answer []byte
		step   verify.Step // "" where verify finds nothing
		want   string
	}{
		{"another record", l.proof(2).Bytes(), "", "the receipt is of record " + l.contract(2).ID().String()},
		{"another ledger", stranger.proof(1).Bytes(), verify.StepLedger, "which is no log of the policy"},
		{"checkpoint of another ledger", change(func(p *tlog.Proof) { p.Checkpoint = stranger.checkpoint(5) }), verify.StepCheckpoint, "is of \"ledger.example/log2\""},
		{"garbage", []byte("<html>welcome</html>"), verify.StepProof, "does not hold"},
		{"nothing", nil, verify.StepProof, "does not hold"},
		{"no entry", change(func(p *tlog.Proof) { p.Extra = []byte("hello") }), verify.StepEntry, "entry"},
		{"wrong hash", change(func(p *tlog.Proof) { p.Hashes[0][0] ^= 1 }), verify.StepInclusion, "not registered"},
		{"one hash short", change(func(p *tlog.Proof) { p.Hashes = p.Hashes[1:] }), verify.StepInclusion, "not registered"},
		{"wrong index", change(func(p *tlog.Proof) { p.Index = 2 }), verify.StepInclusion, "not registered"},
		{"index beyond size", change(func(p *tlog.Proof) { p.Index = 6 }), verify.StepIndex, "number 6"},
		{"earlier time", change(func(p *tlog.Proof) { p.Extra = bytes.Replace(p.Extra, []byte("1790"), []byte("1780"), 1) }), verify.StepInclusion, "not registered"},
		{"a signature lacks", l.proof(5).Bytes(), verify.StepSignatures, "buyer has 0 of 1"},
		{"huge", bytes.Repeat([]byte("a"), tlog.MaxProof+1), "", fmt.Sprintf("more than the %d bytes", tlog.MaxProof)},
		{"at the bound", bytes.Repeat([]byte("a"), tlog.MaxProof), verify.StepProof, "does not hold"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, asked := recorded(body(http.StatusCreated, test.answer))
			receipt, err := l.client(t, h).Submit(t.Context(), r)
			wantError(t, err, test.want)
			wantError(t, err, "POST http://ledger.example/l/records: ")
			var f *verify.Failure
			if errors.As(err, &f) != (test.step != "") || f != nil && f.Step != test.step {
				t.Errorf("failure %+v, want the step %q", f, test.step)
			}
			if receipt != nil || len(asked()) != 1 {
				t.Errorf("receipt %v after %q", receipt, asked())
			}
		})
	}
}

// Two logs may both be trusted, and still only one answers here.
func TestReceiptIsOfTheLedgerThatWasAsked(t *testing.T) {
	l, other := newLog("ledger.example/log"), newLog("ledger.example/log2")
	other.add(other.contract(0).Bytes())
	c := must(New(Config{URL: "http://ledger.example", Policy: policy(l, other), Ledger: l.Key,
		HTTP: serve(t, body(http.StatusOK, other.proof(0).Bytes()))}))
	_, err := c.Submit(t.Context(), other.contract(0))
	wantError(t, err, "the receipt is of the ledger "+other.Key.String()+", not of "+l.Key.String())
}

func TestRefusalNamesRuleAndReason(t *testing.T) {
	l := newLog("ledger.example/log")
	long := strings.Repeat("é", maxDetail)
	for _, test := range []struct {
		name   string
		status int
		media  string
		body   string
		want   Refusal
		text   string
	}{
		{"rule", 422, "application/problem+json", `{"detail":"buyer has 1 of 2 signatures","rule":"quorum"}`,
			Refusal{422, rules.Quorum, "buyer has 1 of 2 signatures", false}, "refused by the rule quorum: buyer has 1 of 2 signatures"},
		{"no rule", 415, "application/problem+json; charset=utf-8", `{"detail":"as text"}`, Refusal{415, "", "as text", false}, "415 Unsupported Media Type: as text"},
		{"no detail", 404, "application/problem+json", `{}`, Refusal{404, "", "", false}, "404 Not Found"},
		{"frozen", 403, "application/problem+json", `{"type":"urn:chirograph:frozen","detail":"nothing more"}`,
			Refusal{403, "", "nothing more", true}, "refused: nothing more"},
		{"frozen without a word", 403, "application/problem+json", `{"type":"urn:chirograph:frozen"}`,
			Refusal{403, "", "", true}, "refused: the ledger is frozen for good"},
		{"frozen by its type alone", 409, "application/problem+json", `{"type":"urn:chirograph:frozen"}`, Refusal{409, "", "", false}, "409 Conflict"},
		{"no problem", 403, "text/html", `{"detail":"hello","rule":"form"}`, Refusal{403, "", "", false}, "403 Forbidden"},
		{"broken", 400, "application/problem+json", `{"detail":"hel`, Refusal{400, "", "", false}, "400 Bad Request"},
		{"wrong type", 400, "application/problem+json", `{"detail":"a","rule":7}`, Refusal{400, "", "", false}, "400 Bad Request"},
		{"huge", 400, "application/problem+json", `{"detail":"` + strings.Repeat("a", maxProblem) + `"}`, Refusal{400, "", "", false}, "400 Bad Request"},
		{"terminal", 400, "application/problem+json", `{"detail":"a\u001b[2Jb\r\nc\u202ed\u200be\u00a0f","rule":"form\n"}`, Refusal{400, "", "a?[2Jb??c?d?e?f", false}, "400 Bad Request: a?[2Jb??c?d?e?f"},
		{"at the bound", 400, "application/problem+json", `{"detail":"` + long + `"}`, Refusal{400, "", long, false}, long},
		{"past the bound", 400, "application/problem+json", `{"detail":"` + long + `z"}`, Refusal{400, "", long + "…", false}, long + "…"},
		{"long rule", 409, "application/problem+json", `{"rule":"` + strings.Repeat("a", maxRuleName+1) + `"}`, Refusal{409, "", "", false}, "409 Conflict"},
		{"longest rule", 409, "application/problem+json", `{"rule":"` + strings.Repeat("a", maxRuleName) + `"}`, Refusal{409, rules.Rule(strings.Repeat("a", maxRuleName)), "", false}, "rule aaa"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, asked := recorded(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.media)
				body(test.status, []byte(test.body))(w, nil)
			})
			_, err := l.client(t, h).Submit(t.Context(), l.contract(1))
			wantError(t, err, "POST http://ledger.example/l/records: ")
			wantError(t, err, test.text)
			var refusal *Refusal
			if !errors.As(err, &refusal) || *refusal != test.want {
				t.Errorf("%+v, want %+v", refusal, test.want)
			}
			if len(asked()) != 1 {
				t.Errorf("asked %q", asked())
			}
		})
	}
}

// A scripted server gives one answer after another.
func scripted(t *testing.T, answers ...http.HandlerFunc) (http.HandlerFunc, func() []string) {
	var asked atomic.Int64 // a client that gives up asks again over another connection
	return recorded(func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		if n > len(answers) {
			t.Errorf("%s %s after all answers were given", r.Method, r.URL)
			body(http.StatusTeapot, nil)(w, r)
			return
		}
		answers[n-1](w, r)
	})
}

func busy(status int, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", after)
		body(status, nil)(w, r)
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// half announces an answer, and hangs up in the middle of it.
func half(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.WriteHeader(http.StatusCreated)
		w.Write(b[:len(b)/2])
		panic(http.ErrAbortHandler)
	}
}

func TestRecordIsAskedForBeforeItIsSentAgain(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	l.add(r.Bytes())
	receipt := l.proof(0).Bytes()
	missing, created, found := body(http.StatusNotFound, nil), body(http.StatusCreated, receipt), body(http.StatusOK, receipt)
	post, get := "POST /l/records", "GET /l/records/"+r.ID().String()+"/receipt"
	for _, test := range []struct {
		name    string
		answers []http.HandlerFunc
		asked   []string
		took    time.Duration
		new     bool
	}{
		{"lost before", []http.HandlerFunc{hangUp, missing, created}, []string{post, get, post}, firstWait, true},
		{"lost after", []http.HandlerFunc{hangUp, found}, []string{post, get}, firstWait, false},
		{"broken off", []http.HandlerFunc{half(receipt), found}, []string{post, get}, firstWait, false},
		{"lost twice", []http.HandlerFunc{hangUp, hangUp, hangUp, found}, []string{post, get, post, get}, 3 * firstWait, false},
		{"busy", []http.HandlerFunc{busy(503, "7"), missing, created}, []string{post, get, post}, 7 * time.Second, true},
		{"too many", []http.HandlerFunc{busy(429, "2"), missing, created}, []string{post, get, post}, 2 * time.Second, true},
		{"gateway", []http.HandlerFunc{busy(502, ""), found}, []string{post, get}, firstWait, false},
		{"a date", []http.HandlerFunc{busy(503, "Wed, 21 Oct 2026 07:28:00 GMT"), found}, []string{post, get}, firstWait, false},
		{"no number", []http.HandlerFunc{busy(503, "-1"), found}, []string{post, get}, firstWait, false},
		{"a year", []http.HandlerFunc{busy(503, "31536000"), found}, []string{post, get}, maxWait, false},
		{"no time for either", []http.HandlerFunc{busy(503, "1"), busy(503, "1"), created}, []string{post, get, post}, time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, asked := scripted(t, test.answers...)
				start := time.Now()
				receipt, err := l.client(t, h).Submit(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != test.took || receipt.New != test.new {
					t.Errorf("new %v after %s, want %v after %s", receipt.New, took, test.new, test.took)
				}
				if !slices.Equal(asked(), test.asked) {
					t.Errorf("asked %q, want %q", asked(), test.asked)
				}
			})
		})
	}
}

func TestSubmitGivesUp(t *testing.T) {
	l := newLog("ledger.example/log")
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		asked   int
		took    time.Duration
		want    string
	}{
		{"busy", busy(503, "1"), 11, 31 * time.Second, "no answer in 6 tries"},
		{"busy for long", busy(503, "50"), 7, SubmitTime, "503 Service Unavailable"},
		{"hanging up", hangUp, 11, 31 * time.Second, "may be registered all the same"},
		{"a lie in between", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				hangUp(w, r)
			}
			body(200, []byte("hello"))(w, r)
		}, 2, firstWait, "the receipt does not hold"},
		{"refused in between", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				hangUp(w, r)
			}
			body(403, nil)(w, r)
		}, 2, firstWait, "403 Forbidden"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, asked := recorded(test.handler)
				start := time.Now()
				_, err := l.client(t, h).Submit(t.Context(), l.contract(1))
				wantError(t, err, test.want)
				if took := time.Since(start); took != test.took || len(asked()) != test.asked {
					t.Errorf("asked %d times in %s, want %d in %s", len(asked()), took, test.asked, test.took)
				}
				var refusal *Refusal
				if errors.As(err, &refusal) && refusal.Status != http.StatusForbidden {
					t.Errorf("no answer is called a refusal: %+v", refusal)
				}
			})
		})
	}
}

// drip answers with one byte a second, for ever.
func drip(w http.ResponseWriter, r *http.Request) {
	for tick := time.NewTicker(time.Second); r.Context().Err() == nil; {
		w.Write([]byte("a"))
		w.(http.Flusher).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
		}
	}
}

func TestEndlessAnswerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog("ledger.example/log")
		c := l.client(t, http.HandlerFunc(drip))
		start := time.Now()
		_, err := c.Checkpoint(t.Context())
		wantError(t, err, "GET http://ledger.example/l/checkpoint: the answer broke off after")
		if took := time.Since(start); took != requestTime {
			t.Errorf("it took %s, want %s", took, requestTime)
		}
		_, err = c.Submit(t.Context(), l.contract(1))
		wantError(t, err, "no answer in ")
		if took := time.Since(start); took != requestTime+SubmitTime {
			t.Errorf("it took %s, want %s", took, requestTime+SubmitTime)
		}
	})
}

func TestSubmitStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog("ledger.example/log")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := l.client(t, busy(503, "60")).Submit(ctx, l.contract(1))
		wantError(t, err, "no answer in 1 try, ")
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// Where nobody listens nothing was sent, and whoever mistyped hears of it at once.
func TestNobodyThereIsSaidAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog("ledger.example/log")
		c := must(New(Config{URL: "http://ledger.example", Policy: policy(l), HTTP: nobody()}))
		start := time.Now()
		_, err := c.Submit(t.Context(), l.contract(1))
		wantError(t, err, "POST http://ledger.example/records: use of closed network connection")
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %s", took)
		}
	})
}
