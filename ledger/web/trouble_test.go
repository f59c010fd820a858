package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// gated lets the test say when the ledger signs its next checkpoint.
func gated(t *testing.T, queue int) (w *world, signs chan struct{}, proceed func()) {
	signs, release := make(chan struct{}, 16), make(chan struct{})
	proceed = sync.OnceFunc(func() { close(release) })
	t.Cleanup(proceed)
	var armed atomic.Bool
	w = newWorld(t, func(cfg *ledger.Config) {
		cfg.MaxBatch, cfg.MaxQueue = 1, queue
		cfg.Sign = func(message []byte) ([]byte, error) {
			if armed.Load() {
				signs <- struct{}{}
				<-release
			}
			return home.sign(message)
		}
	}, "ledger", vfs.NewMem())
	armed.Store(true)
	return w, signs, proceed
}

// Nothing is promised before it is kept, and who has no place is told to come back.
func TestAFullQueueIs503(t *testing.T) {
	w, signs, proceed := gated(t, 1)
	var wg sync.WaitGroup
	first, others := contract(1), []*record.Record{contract(2), contract(3)}
	wg.Go(func() { wantReceipt(t, w.post(first.Bytes()), 201, first.ID()) })
	<-signs // the first is with the sequencer, and the queue is empty
	if size := w.log.View().Size(); size != 0 {
		t.Errorf("size %d is published before it is signed", size)
	}
	wantProblem(t, w.get("GET", "/records/"+first.ID().String()), 404, "", "")
	results := make(chan *http.Response, 2)
	for _, r := range others {
		wg.Go(func() { results <- w.post(r.Bytes()) })
	}
	// One of the two has the place; the other is refused, and only then the
	// sequencer goes on.
	wantProblemOf(t, notTaken, <-results, 503, "", "not taken, send it again later: ")
	proceed()
	resp := <-results
	wantReceipt(t, resp, 201, must(record.ParseID(strings.TrimPrefix(resp.Header.Get("Location"), "/records/"))))
	wg.Wait()
	if n := len(w.checkLog()); n != 2 {
		t.Errorf("%d entries", n)
	}
}

func TestOnlySoManyCheckSignaturesAtOnce(t *testing.T) {
	w := open(t)
	if g := w.h.gate; g.places.limit != 2*(1+waitersPerCheck) || g.idle != 2 {
		t.Fatalf("%d places, %d running", g.places.limit, g.idle)
	}
	for range 2 {
		if err := w.h.gate.enter(t.Context(), elsewhere); err != nil {
			t.Fatal(err)
		}
	}
	// One waits, and goes when its caller does.
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "POST", "/records", bytes.NewReader(contract(1).Bytes()))
	r.Header.Set("Content-Type", "text/plain")
	result := make(chan *http.Response)
	go func() { result <- w.do(r) }()
	cancel()
	wantProblem(t, <-result, 503, "", "the request ended before its answer")
	if n := w.h.gate.places.taken(); n != 2 {
		t.Fatalf("%d places are taken by 2", n)
	}
	// As many wait as may.
	leave := fill(t, w.h.gate.places)
	wantProblemOf(t, notTaken, w.post(contract(1).Bytes()), 503, "", "as many requests at hand as it can take")
	// What needs no signature checked is answered all the same.
	wantProblem(t, w.post([]byte("hello")), 400, "form", "")
	if resp := w.get("GET", "/checkpoint"); resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
	leave()
	w.h.gate.leave(elsewhere)
	wantReceipt(t, w.post(contract(1).Bytes()), 201, contract(1).ID())
	w.h.gate.leave(elsewhere)
	// The two have left, and of those who filled it one.
	if g := w.h.gate; g.places.taken() != g.places.limit-3 || g.idle != 2 {
		t.Errorf("%d places, %d may run", g.places.taken(), g.idle)
	}
}

func TestAReceiptWaitsForItsTurnToo(t *testing.T) {
	w := open(t).add(contract(1))
	fill(t, w.h.gate.places)
	id := contract(1).ID().String()
	wantProblem(t, w.get("GET", "/records/"+id+"/receipt"), 503, "", "")
	wantProblem(t, w.post(contract(1).Bytes()), 503, "", "")
	if resp := w.get("GET", "/records/"+id); resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestAClockThatIsBehindIs503(t *testing.T) {
	w := open(t).add(contract(1))
	w.unix.Store(epoch - 300)
	wantReceipt(t, w.post(contract(2).Bytes()), 201, contract(2).ID())
	w.unix.Store(epoch - 301)
	wantProblemOf(t, notTaken, w.post(contract(3).Bytes()), 503, "", "the ledger's clock is behind")
	forged := bytes.Replace(contract(4).Bytes(), []byte("terms.txt"), []byte("terms.doc"), 1)
	wantProblemOf(t, notTaken, w.post(forged), 503, "", "the ledger's clock is behind")
	wantProblem(t, w.get("GET", "/readyz"), 503, "", "the ledger's clock is behind its last entry")
	if reason := w.h.Unready(); reason != reasonClock || !slices.Contains(Reasons(), reason) || strings.Contains(w.lines.String(), "endpoint=/readyz") {
		t.Errorf("not ready by %q: %s", reason, w.lines)
	}
	w.unix.Add(1)
	if reason := w.h.Unready(); reason != "" {
		t.Errorf("not ready by %q", reason)
	}
	if !strings.Contains(w.lines.String(), "endpoint=/records status=503 error=\"the ledger's clock is behind: it is 2026") {
		t.Errorf("log: %s", w.lines)
	}
}

func TestAClosedLogStillServes(t *testing.T) {
	w := open(t).add(contract(1))
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	wantProblemOf(t, notTaken, w.post(contract(2).Bytes()), 503, "", "the ledger is stopping")
	wantProblem(t, w.get("GET", "/readyz"), 503, "", "the ledger is stopping")
	wantReceipt(t, w.post(contract(1).Bytes()), 200, contract(1).ID())
	if got := string(read(t, w.get("GET", "/healthz"))); got != "ok\n" {
		t.Error(got)
	}
	w.checkLog()
}

func TestAfterAFailedDiskNothingIsRegistered(t *testing.T) {
	var broken atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return errorfs.ErrInjected
		}
		return nil
	}))
	w := newWorld(t, nil, "ledger", fs).add(contract(1))
	broken.Store(true)
	wantProblem(t, w.post(contract(2).Bytes()), 503, "", "the ledger has stopped")
	<-w.log.Done()
	wantProblem(t, w.post(contract(3).Bytes()), 503, "", "the ledger has stopped")
	wantProblem(t, w.get("GET", "/readyz"), 503, "", "the ledger has stopped")
	wantProblem(t, w.get("GET", "/records/"+contract(2).ID().String()), 404, "", "")
	if n := len(w.checkLog()); n != 1 {
		t.Errorf("%d entries", n)
	}
	if !strings.Contains(w.lines.String(), "injected") {
		t.Errorf("log: %s", w.lines)
	}
}

// Law 7, and: the reason of a 5xx goes only to the log.
func TestAPanicIsOneFailedRequest(t *testing.T) {
	w := open(t)
	w.h.cfg.View = func() *ledger.View { panic("the reason") }
	server := httptest.NewServer(w.h)
	defer server.Close()
	req := must(http.NewRequest("GET", server.URL+"/records/a-path-that-someone-chose", nil))
	req.Header.Set("User-Agent", "agent-string")
	resp := must(http.DefaultClient.Do(req))
	defer resp.Body.Close()
	wantProblem(t, resp, 500, "", "the ledger could not answer")
	lines := w.lines.String()
	if !strings.Contains(lines, "the reason") || !strings.Contains(lines, "endpoint=/records/ ") || !strings.Contains(lines, "trouble_test.go") {
		t.Errorf("log: %s", lines)
	}
	for _, personal := range []string{"127.0.0.1", "[::1]", "agent-string", "a-path-that-someone-chose"} {
		if strings.Contains(lines, personal) {
			t.Errorf("log has %q: %s", personal, lines)
		}
	}
}

func TestTheServerHasBounds(t *testing.T) {
	w := open(t)
	lines := new(logged)
	s := NewServer(w.h, slog.New(slog.NewTextHandler(lines, nil)))
	if s.ReadHeaderTimeout != 10*time.Second || s.ReadTimeout != 30*time.Second || s.WriteTimeout != 2*time.Minute || s.IdleTimeout != 2*time.Minute {
		t.Errorf("%+v", s)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config = s
	server.Start()
	defer server.Close()
	// net/http reads 4 KiB more than it is told, and our request has 100 bytes more.
	for size, status := range map[int]int{maxHeaderBytes: 200, maxHeaderBytes + 4096: 431} {
		req := must(http.NewRequest("GET", server.URL+"/healthz", nil))
		req.Header.Set("X", strings.Repeat("a", size))
		resp := must(http.DefaultClient.Do(req))
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("header of %d bytes: status %d, want %d", size, resp.StatusCode, status)
		}
	}
	s.ErrorLog.Printf("http: TLS handshake error from 192.0.2.7:4711: EOF")
	s.ErrorLog.Printf("http: panic serving 192.0.2.7:4711: x")
	if lines.String() != "" {
		t.Errorf("log: %s", lines)
	}
	s.ErrorLog.Printf("http: Accept error: too many open files; retrying in 5ms")
	if !strings.Contains(lines.String(), "reason=\"too many open files; retrying in 5ms\"") {
		t.Errorf("log: %s", lines)
	}
	if NewServer(w.h, nil).ErrorLog == nil {
		t.Error("without a logger net/http logs on its own")
	}
}

// What is said of a submission that found no room is true of its id: another form of the
// record may be on its way into the log.
func TestNobodyIsToldNotTakenWhileAnotherFormIsOnItsWay(t *testing.T) {
	w, signs, proceed := gated(t, 1)
	one, other := sealed(draft(1, nil), maker, buyer), sealed(draft(1, nil), maker, deputy)
	behind, form := sealed(draft(2, nil), maker, buyer), sealed(draft(2, nil), maker, deputy)
	answers := make(chan *http.Response, 2)
	go func() { answers <- w.post(one.Bytes()) }()
	<-signs // the first is with the sequencer, and the queue is empty
	go func() { answers <- w.post(behind.Bytes()) }()
	for w.log.Pending(behind.ID(), behind.Bytes()) == nil {
		runtime.Gosched()
	}
	const ask = "a record that was sent may be registered all the same: ask for it by its id"
	for _, full := range []func() func(){
		func() func() { return func() {} }, // the queue is
		func() func() { return fill(t, w.h.gate.places) },
		func() func() { return fill(t, w.h.submitters) },
	} {
		leave := full()
		wantProblem(t, w.post(other.Bytes()), 503, "", ask)
		wantProblem(t, w.post(form.Bytes()), 503, "", ask)
		wantProblemOf(t, notTaken, w.post(contract(3).Bytes()), 503, "", "not taken, send it again later: ")
		leave()
	}
	proceed()
	for range 2 {
		if resp := <-answers; resp.StatusCode != http.StatusCreated {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	for _, r := range []*record.Record{other, form} {
		wantReceipt(t, w.post(r.Bytes()), 200, r.ID())
	}
}
