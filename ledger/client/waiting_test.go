package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
)

// unavailable answers with a problem of that type.
func unavailable(typ, detail string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"type":%q,"status":503,"detail":%q}`, typ, detail)
	}
}

const notCosigned = "the ledger's witnesses have not cosigned its tree yet"

func TestWhoeverSubmitsHearsOnceThatItTakesTime(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	l.add(r.Bytes())
	missing, found := body(http.StatusNotFound, nil), body(http.StatusOK, l.proof(0).Bytes())
	for _, test := range []struct {
		name    string
		answers []http.HandlerFunc
		want    []string
	}{
		{"at once", []http.HandlerFunc{found}, nil},
		{"the server's sentence", []http.HandlerFunc{unavailable("about:blank", notCosigned), found}, []string{notCosigned}},
		{"no sentence", []http.HandlerFunc{busy(503, "1"), found}, []string{""}},
		{"once", []http.HandlerFunc{unavailable("about:blank", "first"), missing, unavailable("about:blank", "second"), found}, []string{"first"}},
		{"of the receipt", []http.HandlerFunc{hangUp, unavailable(NotPublicYet, notCosigned), found}, []string{notCosigned}},
		{"no controls", []http.HandlerFunc{unavailable("about:blank", "a\tb"), found}, []string{"a?b"}},
		{"another trouble", []http.HandlerFunc{busy(429, "1"), busy(502, "1"), found}, nil},
		{"another trouble first", []http.HandlerFunc{hangUp, missing, busy(503, "1"), found}, []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, _ := scripted(t, test.answers...)
				var told []string
				c := must(New(Config{URL: "http://ledger.example/l", Policy: policy(l), HTTP: serve(t, h), Waiting: func(detail string) { told = append(told, detail) }}))
				if _, err := c.Submit(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(told, test.want) {
					t.Errorf("told %q, want %q", told, test.want)
				}
			})
		})
	}
}

func TestARecordThatIsTakenIsNotMissing(t *testing.T) {
	l := newLog("ledger.example/log")
	id := l.contract(1).ID()
	for _, test := range []struct{ name, typ, detail, want string }{
		{"the ledger's words", NotPublicYet, "taken, not public yet: " + notCosigned, "taken, not public yet: " + notCosigned},
		{"other words", NotPublicYet, notCosigned, "taken, not public yet: " + notCosigned},
		{"no words", NotPublicYet, "", "taken, not public yet"},
		{"long words", NotPublicYet, strings.Repeat("a", maxDetail+1), "taken, not public yet: " + strings.Repeat("a", maxDetail) + "…"},
		{"another type", "about:blank", notCosigned, ""},
		{"nearly the type", NotPublicYet + "x", notCosigned, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := l.client(t, unavailable(test.typ, test.detail))
			for what, ask := range map[string]func() error{
				"record":   func() error { _, err := c.Record(t.Context(), id); return err },
				"receipt":  func() error { _, err := c.Receipt(t.Context(), id); return err },
				"contract": func() error { _, err := c.Contract(t.Context(), id, nil); return err },
			} {
				err := ask()
				var taken *NotPublic
				var refusal *Refusal
				switch is := errors.As(err, &taken); {
				case is != (test.want != "") || errors.As(err, &refusal):
					t.Errorf("%s: %#v", what, err)
				case is && (taken.Error() != test.want || !strings.HasSuffix(err.Error(), ": "+test.want)):
					t.Errorf("%s: %v, want %q", what, err, test.want)
				}
			}
		})
	}
	// The type counts with 503 alone.
	_, err := l.client(t, func() http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"type":%q}`, NotPublicYet)
		}
	}()).Receipt(t.Context(), id)
	var taken *NotPublic
	if errors.As(err, &taken) {
		t.Error(err)
	}
}

// A ledger without a quorum keeps a submitter for half a minute before it says so.
func TestTheWordOfALedgerWithoutQuorumIsAwaited(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	l.add(r.Bytes())
	kept := func(d time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, q *http.Request) {
			select {
			case <-time.After(d):
				unavailable("about:blank", notCosigned)(w, q)
			case <-q.Context().Done():
			}
		}
	}
	for d, want := range map[time.Duration][]string{30 * time.Second: {notCosigned}, recordTime - time.Second: {notCosigned}, recordTime + time.Second: nil} {
		synctest.Test(t, func(t *testing.T) {
			h, _ := scripted(t, kept(d), body(http.StatusOK, l.proof(0).Bytes()))
			hc := serve(t, h)
			own := newTransport()
			own.DialContext = hc.Transport.(*http.Transport).DialContext
			t.Cleanup(own.CloseIdleConnections)
			var told []string
			c := must(New(Config{URL: "http://ledger.example", Policy: policy(l), HTTP: &http.Client{Transport: own}, Waiting: func(detail string) { told = append(told, detail) }}))
			start := time.Now()
			if _, err := c.Submit(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); !slices.Equal(told, want) || took != min(d, recordTime)+firstWait {
				t.Errorf("kept for %s: told %q after %s, want %q", d, told, took, want)
			}
		})
	}
}

// What the last try says does not hide what the ledger said before, nor that something
// was sent.
func TestGivingUpSaysWhatIsKnown(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		taken   bool
		want    string
	}{
		{"no quorum, and taken", func(w http.ResponseWriter, q *http.Request) {
			if q.Method == "GET" {
				unavailable(NotPublicYet, notCosigned)(w, q)
				return
			}
			unavailable("about:blank", notCosigned)(w, q)
		}, true, "no receipt of record " + r.ID().String() + " in 6 tries: GET http://ledger.example/l/records/" + r.ID().String() + "/receipt: taken, not public yet: " + notCosigned},
		{"no quorum", unavailable("about:blank", notCosigned), false, "no answer in 6 tries, record " + r.ID().String() + " may be registered all the same: POST http://ledger.example/l/records: 503 Service Unavailable: " + notCosigned},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := l.client(t, test.handler).Submit(t.Context(), r)
				wantUnanswered(t, err, r.ID(), maxTries)
				wantError(t, err, test.want)
				var taken *NotPublic
				if errors.As(err, &taken) != test.taken {
					t.Error(err)
				}
			})
		})
	}
	t.Run("the server went away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			hc := serve(t, busy(503, "1"))
			dial := hc.Transport.(*http.Transport).DialContext
			asked := 0
			hc.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if asked++; asked > 1 {
					dial = nobodyListens
				}
				return dial(ctx, network, addr)
			}}
			c := must(New(Config{URL: "http://ledger.example", Policy: policy(l), HTTP: hc}))
			start := time.Now()
			_, err := c.Submit(t.Context(), r)
			wantUnanswered(t, err, r.ID(), maxTries)
			wantError(t, err, "may be registered all the same")
			if took := time.Since(start); took != 31*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	})
	t.Run("nobody was ever there", func(t *testing.T) {
		c := must(New(Config{URL: "http://ledger.example", Policy: policy(l), HTTP: nobody()}))
		_, err := c.Submit(t.Context(), r)
		var tried *Unanswered
		if err == nil || errors.As(err, &tried) {
			t.Errorf("%v is said of what nobody was sent", err)
		}
	})
}

func wantUnanswered(t *testing.T, err error, id record.ID, tries int) {
	t.Helper()
	var tried *Unanswered
	if !errors.As(err, &tried) || tried.ID != id || tried.Tries != tries {
		t.Errorf("%+v, want an error after %d tries", err, tries)
	}
}

// A ledger that says that it has not stored a record is believed to have said so, and no more.
func TestWhatIsNotTakenIsNotCalledRegistered(t *testing.T) {
	l := newLog("ledger.example/log")
	r := l.contract(1)
	for _, test := range []struct{ name, typ, detail, want string }{
		{"the ledger's words", NotTakenYet, "not taken yet, send it again later: " + notCosigned, ": not taken yet, send it again later: " + notCosigned},
		{"other words", NotTakenYet, notCosigned, ": not taken: " + notCosigned},
		{"no words", NotTakenYet, "", ": not taken"},
		{"nearly the type", NotTakenYet + "x", notCosigned, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := func(w http.ResponseWriter, q *http.Request) {
					if q.Method == http.MethodGet {
						body(http.StatusNotFound, nil)(w, q)
						return
					}
					unavailable(test.typ, test.detail)(w, q)
				}
				c := must(New(Config{URL: "http://ledger.example/l", Policy: policy(l), HTTP: serve(t, http.HandlerFunc(h))}))
				_, err := c.Submit(t.Context(), r)
				var not *NotTaken
				var taken *NotPublic
				var gone *Unanswered
				if is := errors.As(err, &not); is != (test.want != "") || errors.As(err, &taken) || !errors.As(err, &gone) {
					t.Fatalf("%#v", err)
				}
				if strings.Contains(err.Error(), "may be registered all the same") != (test.want == "") || !strings.HasSuffix(err.Error(), test.want) {
					t.Errorf("%v, want %q", err, test.want)
				}
			})
		})
	}
}
