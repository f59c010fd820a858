package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
)

// A node says so whoever leads, and as long as nobody does.
func TestANodeThatFollowsSaysThatTheLedgerIsFrozen(t *testing.T) {
	marks := map[string]string{"text/plain": "It is frozen for good", "application/json": `"frozen": true`, "text/html": "Frozen for good"}
	p := newPair(t)
	is := false
	p.follows.cfg.Node.Frozen = func() bool { return is }
	for _, want := range []bool{false, true} {
		is = want
		for _, face := range []string{"text/plain", "application/json", "text/html"} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept", face)
			w := httptest.NewRecorder()
			p.follows.ServeHTTP(w, r)
			b := w.Body.String()
			if w.Code != 200 || strings.Contains(b, marks[face]) != want {
				t.Errorf("frozen %t, as %s: %d %s", want, face, w.Code, b)
			}
		}
	}
	if resp := p.send(p.follows, contract(1).Bytes()); resp.StatusCode != 201 {
		t.Error("who leads is not asked", resp.Status)
	}
}

// A transport is one that is a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// by makes the node that follows one that reaches the other by a transport.
func (p *pair) by(f transport) {
	cfg := p.follows.cfg
	n := *cfg.Node
	n.Forward, cfg.Node = f, &n
	p.follows = must(New(cfg))
}

// It hangs, and gives no answer.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func TestNobodyWaitsForANodeThatDoesNotLeadAnyMore(t *testing.T) {
	const at = 9 * time.Second
	for name, test := range map[string]struct {
		owner string
		epoch uint64
		least time.Duration
	}{
		"as before":     {"http://leader.example", 2, forwardTime},
		"another leads": {"http://other.example", 3, at + leaderGrace},
		"none leads":    {"", 2, at + leaderGrace},
		"it began anew": {"http://leader.example", 3, at + leaderGrace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.by(hangs)
				var over atomic.Bool
				p.follows.cfg.Node.Owner = func() (string, uint64) {
					if over.Load() {
						return test.owner, test.epoch
					}
					return "http://leader.example", 2
				}
				time.AfterFunc(at, func() { over.Store(true) })
				begun := time.Now()
				resp := p.send(p.follows, contract(1).Bytes())
				if took := time.Since(begun); took < test.least || took > test.least+2*leaderLook {
					t.Errorf("it waited %s, at least %s", took, test.least)
				}
				unavailableFor(t, resp, "about:blank", "may be registered all the same")
				if n := p.follows.submitters.taken(); n != 0 {
					t.Errorf("%d places are still held", n)
				}
			})
		})
	}
}

// The answer of one that resigns comes with the news that nobody leads.
func TestAnAnswerOnItsWayIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.by(func(r *http.Request) (*http.Response, error) {
			p.is("")
			time.Sleep(leaderGrace - leaderLook)
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return p.RoundTrip(r)
		})
		if resp := p.send(p.follows, contract(1).Bytes()); resp.StatusCode != 201 {
			t.Error(resp.Status)
		}
	})
}

// Whoever has an answer finds what it speaks of, at the node that gave it.
func TestARecordIsShownByTheNodeThatAcknowledgedIt(t *testing.T) {
	for late, want := range map[time.Duration]time.Duration{0: 0, time.Second: time.Second, time.Hour: showTime} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t)
			view, looked, shows := p.log.View(), 0, false
			p.follows.cfg.View = func() *ledger.View {
				if shows {
					return p.log.View()
				}
				return view
			}
			p.follows.cfg.Node.Look = func(ctx context.Context) {
				looked++
				select {
				case <-time.After(late):
					shows = true
				case <-ctx.Done():
				}
			}
			begun := time.Now()
			c := contract(1)
			if resp := p.send(p.follows, c.Bytes()); resp.StatusCode != 201 || looked != 1 {
				t.Errorf("%s after %d looks", resp.Status, looked)
			}
			if took := time.Since(begun); took != want {
				t.Errorf("it took %s, not %s", took, want)
			}
			w := httptest.NewRecorder()
			p.follows.ServeHTTP(w, httptest.NewRequest("GET", "/records/"+c.ID().String(), nil))
			if found := w.Code == 200; found != (late <= showTime) {
				t.Errorf("what is shown %s late is %d", late, w.Code)
			}
			// What was refused is waited for by nobody, nor what is shown already.
			begun = time.Now()
			if resp := p.send(p.follows, sealed(draft(2, nil), maker).Bytes()); resp.StatusCode != 422 || time.Since(begun) != 0 || looked != 1 {
				t.Error(resp.Status, time.Since(begun), looked)
			}
			shows = true
			if resp := p.send(p.follows, c.Bytes()); resp.StatusCode != 200 || time.Since(begun) != 0 || looked != 1 {
				t.Error(resp.Status, time.Since(begun), looked)
			}
		})
	}
}

func TestAnAddressAtWhichNobodyIsIsSaidWithItsFlag(t *testing.T) {
	p := newPair(t)
	lines := new(logged)
	p.follows.log = slog.New(slog.NewTextHandler(lines, nil))
	for _, dial := range []bool{false, true} {
		p.fails = errors.New("broken off")
		if dial {
			p.fails = &net.OpError{Op: "dial", Err: errors.New("refused")}
		}
		p.send(p.follows, contract(1).Bytes())
		if said := strings.Contains(lines.b.String(), "--at"); said != dial {
			t.Errorf("dial %t: %s", dial, lines.b.String())
		}
	}
}

func TestANodeThatLeadsByNowHasNoOutage(t *testing.T) {
	p := newPair(t)
	lines, leads := new(logged), false
	p.follows.cfg.Node.Log = func() *ledger.Log {
		if leads {
			return p.log
		}
		return nil
	}
	p.by(func(*http.Request) (*http.Response, error) {
		leads = true
		return nil, errors.New("broken off")
	})
	p.follows.log = slog.New(slog.NewTextHandler(lines, nil))
	unavailableFor(t, p.send(p.follows, contract(1).Bytes()), "about:blank", "may be registered all the same")
	if !leads || lines.b.Len() > 0 {
		t.Errorf("it says %q", lines.b.String())
	}
}

// While the node that leads is gone, each record fails, and somebody has to look once.
func TestAnOutageIsSaidOnceAndWhenItIsOver(t *testing.T) {
	p := newPair(t)
	lines := new(logged)
	p.follows.log = slog.New(slog.NewTextHandler(lines, nil))
	said := func(step string, fails, again int) {
		t.Helper()
		all := lines.b.String()
		if f, a := strings.Count(all, "records do not reach"), strings.Count(all, "records reach"); f != fails || a != again {
			t.Errorf("%s: %d times that they fail, not %d, and %d that they don't, not %d:\n%s", step, f, fails, a, again, all)
		}
	}
	n := uint64(0)
	send := func(err error) {
		t.Helper()
		p.fails = err
		status := 201
		if err != nil {
			status = 503
		}
		n++
		p.unix.Add(1)
		if resp := p.send(p.follows, contract(n).Bytes()); resp.StatusCode != status {
			t.Errorf("record %d: %s", n, resp.Status)
		}
	}
	gone := errors.New("broken off")
	send(nil)
	said("all is well", 0, 0)
	for range 50 {
		send(gone)
	}
	said("it is gone", 1, 0)
	for range 20 { // it answers every other one
		send(nil)
		send(gone)
	}
	said("it answers some", 1, 0)
	for range 20 {
		send(&net.OpError{Op: "dial", Err: errors.New("refused")})
		send(gone)
	}
	said("there is nobody by now", 2, 0)
	p.is("http://other.example")
	send(gone)
	said("another is gone", 3, 0)
	p.unix.Add(int64(outageQuiet/time.Second) - 2)
	send(nil)
	said("a moment is none", 3, 0)
	for range 3 {
		send(nil)
	}
	said("it is back", 3, 1)
	send(gone)
	said("it is gone again", 4, 1)
	p.unix.Add(-100)
	send(nil)
	said("the clock was put back", 4, 2)
}

// A node that was not reached, and leads again later, has another outage, if it is not reached then.
func TestAnOutageEndsWithTheEpochOrWhereTheNodeLeadsItself(t *testing.T) {
	p := newPair(t)
	lines := new(logged)
	p.follows.log = slog.New(slog.NewTextHandler(lines, nil))
	epoch, n := uint64(2), uint64(0)
	var own *ledger.Log
	p.follows.cfg.Node.Owner = func() (string, uint64) { return "http://leader.example", epoch }
	p.follows.cfg.Node.Log = func() *ledger.Log { return own }
	for _, step := range []struct {
		what         string
		fails        error
		then         func()
		warned, said int
	}{
		{"it is gone", errors.New("broken off"), func() {}, 1, 0},
		{"it is gone still", errors.New("broken off"), func() { epoch++ }, 1, 0},
		{"it leads anew", errors.New("broken off"), func() { own = p.log }, 2, 0},
		{"this one leads", nil, func() { own = nil }, 2, 0},
		{"all is well, days later", nil, func() {}, 2, 0},
	} {
		n++
		p.fails = step.fails
		p.unix.Add(int64(outageQuiet / time.Second))
		p.send(p.follows, contract(n).Bytes())
		all := lines.b.String()
		if w, s := strings.Count(all, "records do not reach"), strings.Count(all, "records reach"); w != step.warned || s != step.said {
			t.Errorf("%s: %d times that they fail, not %d, and %d that they don't, not %d:\n%s", step.what, w, step.warned, s, step.said, all)
		}
		step.then()
	}
}

func TestARecordThatWasOnItsWayToALeaderOfBeforeIsNoNews(t *testing.T) {
	o, gone := new(outage), errors.New("broken off")
	for i, step := range []struct {
		owner string
		epoch uint64
		news  bool
	}{{"a", 2, true}, {"a", 3, true}, {"a", 2, false}, {"a", 3, false}, {"b", 4, true}, {"a", 3, false}, {"b", 4, false}} {
		if news := o.fails(step.owner, step.epoch, gone, time.Unix(epoch, 0)); news != step.news {
			t.Errorf("step %d is news: %t", i, news)
		}
	}
}
