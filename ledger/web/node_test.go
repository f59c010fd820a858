package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/ledger"
)

// A pair is a node that leads, and one that follows and shows the same.
type pair struct {
	*world
	leads, follows *Handler
	owner          atomic.Pointer[string]
	admits         atomic.Pointer[ledger.Log] // of the one that leads
	sent           []http.Header              // on
	fails          error                      // of the transport
	answer         *http.Response             // instead of the leader's
}

func (p *pair) RoundTrip(r *http.Request) (*http.Response, error) {
	p.sent = append(p.sent, r.Header)
	if p.fails != nil {
		return nil, p.fails
	}
	if p.answer != nil {
		return p.answer, nil
	}
	r.RequestURI, r.RemoteAddr = r.URL.Path, "10.0.0.2:99"
	w := httptest.NewRecorder()
	p.leads.ServeHTTP(w, r)
	return w.Result(), nil
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{world: open(t)}
	p.admits.Store(p.log)
	p.is("http://leader.example")
	who := func() (string, uint64) { return *p.owner.Load(), 2 }
	ready := func() error { return nil }
	config := func(n *Node) *Handler {
		return must(New(Config{Key: home.Key, View: p.log.View, Node: n, Clock: p.clock, Checks: 2, Policy: policy, Rate: 1, Burst: 3,
			Proxy: must(ParseProxies([]string{"10.0.0.0/8"}))}))
	}
	p.leads = config(&Node{Log: p.admits.Load, Owner: who, Ready: ready, Forward: p})
	p.follows = config(&Node{Log: func() *ledger.Log { return nil }, Owner: who, Ready: ready, Forward: p})
	return p
}

func (p *pair) is(owner string) { p.owner.Store(&owner) }

func (p *pair) send(h *Handler, body []byte, header ...string) *http.Response {
	r := httptest.NewRequest("POST", "/records", bytes.NewReader(body))
	r.RemoteAddr = "192.0.2.7:1234"
	r.Header.Set("Content-Type", plainText)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// unavailableFor demands a 503 that may be tried again.
func unavailableFor(t *testing.T, resp *http.Response, kind, detail string) {
	t.Helper()
	var p problem
	b := read(t, resp)
	if err := json.Unmarshal(b, &p); err != nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || p.Type != kind || !strings.Contains(p.Detail, detail) {
		t.Errorf("%s, Retry-After %q, %s", resp.Status, resp.Header.Get("Retry-After"), b)
	}
}

func TestANodeSendsRecordsOnToTheOneThatLeads(t *testing.T) {
	p := newPair(t)
	c := contract(1)
	resp := p.send(p.follows, c.Bytes())
	receipt := read(t, resp)
	if resp.StatusCode != 201 || resp.Header.Get("Location") != "/records/"+c.ID().String() || len(receipt) == 0 || resp.Header.Get("Cache-Control") != never {
		t.Fatal(resp.Status, resp.Header, string(receipt))
	}
	if len(p.sent) != 1 || p.sent[0].Get(forwardedBy) != "1" || p.sent[0].Get("X-Forwarded-For") != "192.0.2.7" {
		t.Errorf("sent on with %v", p.sent)
	}
	// What is public is answered here.
	if resp := p.send(p.follows, c.Bytes()); resp.StatusCode != 200 || len(p.sent) != 1 {
		t.Error(resp.Status, len(p.sent))
	}
	// The rule that the other names is this one's answer, and what is none goes nowhere.
	if resp := p.send(p.follows, sealed(draft(2, nil), maker).Bytes()); resp.StatusCode != 422 || !strings.Contains(string(read(t, resp)), `"rule":"quorum"`) || len(p.sent) != 2 {
		t.Error(resp.Status, len(p.sent))
	}
	if resp := p.send(p.follows, []byte("no record")); resp.StatusCode != 400 || len(p.sent) != 2 {
		t.Error(resp.Status, len(p.sent))
	}
	// Reads are served, whoever leads.
	r := httptest.NewRequest("GET", "/checkpoint", nil)
	w := httptest.NewRecorder()
	if p.follows.ServeHTTP(w, r); w.Code != 200 || p.log.View().Size() != 1 {
		t.Error(w.Code, p.log.View().Size())
	}
}

func TestARecordIsSentOnOnce(t *testing.T) {
	p := newPair(t)
	p.admits.Store(nil) // they believe of each other that the other leads
	unavailableFor(t, p.send(p.follows, contract(1).Bytes()), "about:blank", "came from another node")
	if len(p.sent) != 1 {
		t.Errorf("it was sent on %d times", len(p.sent))
	}
}

func TestWithoutALeaderARecordIsToBeSentAgain(t *testing.T) {
	p := newPair(t)
	p.is("")
	unavailableFor(t, p.send(p.follows, contract(1).Bytes()), "about:blank", "knows of none")
	p.is("http://leader.example")
	p.fails = errors.New("broken off")
	unavailableFor(t, p.send(p.follows, contract(1).Bytes()), "about:blank", "may be registered all the same")
	unavailableFor(t, p.send(p.follows, contract(1).Bytes(), "Content-Type", recordsType), "about:blank", "the one that leads takes many")
	if err := p.log.Close(); err != nil {
		t.Error(err)
	}
}

// The leader has registered a record, which a node that follows does not show yet.
func TestANodeThatFollowsNeverSaysThatARecordIsNotTaken(t *testing.T) {
	p := newPair(t)
	before := p.log.View()
	c := contract(1)
	if resp := p.send(p.leads, c.Bytes()); resp.StatusCode != 201 {
		t.Fatal(resp.Status)
	}
	p.follows.cfg.View = func() *ledger.View { return before }
	const unsure = "may be registered all the same: ask for it by its id"
	p.is("")
	unavailableFor(t, p.send(p.follows, c.Bytes()), "about:blank", unsure)
	p.is("http://leader.example")
	unavailableFor(t, p.send(p.follows, c.Bytes(), forwardedBy, "1"), "about:blank", unsure)
	unavailableFor(t, p.send(p.follows, c.Bytes(), "Content-Type", recordsType), "about:blank", unsure)
	p.fails = &net.OpError{Op: "dial", Err: errors.New("refused")}
	unavailableFor(t, p.send(p.follows, c.Bytes()), "about:blank", unsure)
	fill(t, p.follows.submitters)
	unavailableFor(t, p.send(p.follows, c.Bytes()), "about:blank", unsure)
}

// What waits for a connection is sent on when there is one. No proxy learns of it.
func TestANodeOpensSoManyConnectionsToTheOneThatLeadsAndNoMore(t *testing.T) {
	if newForward().Proxy != nil {
		t.Error("records are sent on by a proxy")
	}
	const records = MaxForwards + 20
	var arrived, opened atomic.Int64
	all := make(chan struct{})
	leader := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == MaxForwards {
			close(all)
		}
		<-all
		w.Header().Set("Content-Type", problemText)
		w.WriteHeader(http.StatusConflict)
	}))
	leader.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	leader.Start()
	defer leader.Close()
	p := newPair(t)
	p.is(leader.URL)
	cfg := p.follows.cfg
	cfg.Node = &Node{Log: cfg.Node.Log, Owner: cfg.Node.Owner, Ready: cfg.Node.Ready}
	h := must(New(cfg))
	defer h.onward.(*http.Transport).CloseIdleConnections()
	var wait sync.WaitGroup
	for i := range records {
		wait.Go(func() {
			r := httptest.NewRequest("POST", "/records", bytes.NewReader(contract(1).Bytes()))
			r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1234", i)
			r.Header.Set("Content-Type", plainText)
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != http.StatusConflict {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
		})
	}
	wait.Wait()
	if n := opened.Load(); n > MaxForwards || arrived.Load() != records {
		t.Errorf("%d records came over %d connections", arrived.Load(), n)
	}
}

func TestTheAnswerOfAnotherNodeIsBounded(t *testing.T) {
	for size, want := range map[int]int{maxForwarded: 200, maxForwarded + 1: 503} {
		p := newPair(t)
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", plainText)
		w.Header().Set("Location", "/records/"+contract(1).ID().String())
		_, _ = w.Write(make([]byte, size))
		p.answer = w.Result()
		p.showsLater(contract(1))
		if resp := p.send(p.follows, contract(1).Bytes()); resp.StatusCode != want {
			t.Errorf("%d bytes: %s", size, resp.Status)
		}
	}
}

// What answers in the place of the node that leads, such as a gateway, refuses no record.
func TestOnlyALedgerRefusesARecord(t *testing.T) {
	for _, status := range []int{204, 302, 400, 404, 422, 502} {
		p := newPair(t)
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		p.answer = w.Result()
		unavailableFor(t, p.send(p.follows, contract(1).Bytes()), "about:blank", "may be registered all the same")
	}
}

// An address has its rate at each node, also when that begins to lead.
func TestRatesOutliveAChangeOfTheLeader(t *testing.T) {
	p := newPair(t)
	p.admits.Store(nil)
	p.fails = errors.New("broken off")
	for i := range 3 {
		if resp := p.send(p.leads, contract(uint64(i)).Bytes()); resp.StatusCode != 503 {
			t.Fatal(resp.Status)
		}
	}
	p.admits.Store(p.log)
	if resp := p.send(p.leads, contract(9).Bytes()); resp.StatusCode != 429 {
		t.Error(resp.Status)
	}
}

func TestANodeSaysWhyItIsNotReady(t *testing.T) {
	p := newPair(t)
	why := errors.New("the bucket was put back")
	p.leads.cfg.Node.Ready = func() error { return why }
	if reason := p.leads.Unready(); reason != reasonNode {
		t.Error(reason)
	}
	p.admits.Store(nil)
	if reason := p.leads.Unready(); reason != reasonBehind {
		t.Error(reason)
	}
	if reason := p.follows.Unready(); reason != "" {
		t.Error(reason)
	}
	for want, err := range map[string]error{
		reasonKey: fmt.Errorf("it leads: %w", ledger.ErrUnsigned), reasonClock: fmt.Errorf("it does not: %w", ledger.ClockBehind(0, 301)), reasonDisk: &RoomError{"store", 1, 2},
	} {
		p.follows.cfg.Node.Ready = func() error { return err }
		if reason := p.follows.Unready(); reason != want {
			t.Errorf("%v is %q, not %q", err, reason, want)
		}
	}
	w := httptest.NewRecorder()
	p.leads.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	unavailableFor(t, w.Result(), "about:blank", why.Error())
}

func TestALogThatEndsIsNoFaultOfANode(t *testing.T) {
	p := newPair(t)
	err := p.leads.now().handedOver(ledger.ErrStopped)
	if q := problemOf(err, true); q.retryAfter != leaderRetry || q.cause != nil {
		t.Errorf("%+v", q)
	}
	if err := p.h.handedOver(ledger.ErrStopped); !errors.Is(err, ledger.ErrStopped) {
		t.Error(err)
	}
}
