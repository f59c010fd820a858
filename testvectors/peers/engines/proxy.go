//go:build linux

package engines

import (
	"bytes"
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// A Fault is what a proxy does to one request.
type Fault int

// The faults come in pairs where they can: failed, and failed although it took effect.
const (
	Pass      Fault = iota // delivered, and the answer too
	Drop                   // not delivered; the connection is cut
	Swallow                // delivered; the connection is cut instead of an answer
	Refuse                 // not delivered; answered 503
	Misreport              // delivered; answered 500 whatever the store said
	Delay                  // delivered after a while, and the answer too
	Straggle               // the connection is cut, and the request delivered after a while
	Repeat                 // delivered, and the answer too; after a while delivered again, with the same headers
	Sever                  // half of it delivered; both connections are cut
	Twice                  // delivered twice, one after the other, and the second answer: what a balancer does that tries again
	faults
)

var faultNames = [faults]string{"pass", "drop", "swallow", "refuse", "misreport", "delay", "straggle", "repeat", "sever", "twice"}

func (f Fault) String() string { return faultNames[f] }

// A Plan says what is done to the n-th request of a proxy, counted from 0, and for Delay,
// Straggle and Repeat how long after it came. It may be asked by many at once.
type Plan func(n uint64, r *http.Request) (Fault, time.Duration)

// Seeded returns a plan that does one of the faults, each as likely, to a share of requests
// between 0 and 1, as the seed and n say, and delays by up to the longest.
func Seeded(seed uint64, share float64, longest time.Duration, among ...Fault) Plan {
	return func(n uint64, _ *http.Request) (Fault, time.Duration) {
		random := rand.New(rand.NewPCG(seed, n))
		if random.Float64() >= share {
			return Pass, 0
		}
		return among[random.IntN(len(among))], time.Duration(random.Int64N(int64(longest) + 1))
	}
}

// Always is a plan that does the same to each request.
func Always(f Fault, after time.Duration) Plan {
	return func(uint64, *http.Request) (Fault, time.Duration) { return f, after }
}

// A Proxy stands before one endpoint of an engine and does to requests what its plan says.
// Requests go through byte for byte as far as their signatures cover, so that one which is
// delivered again is as good as the first. It may be used by many at once.
type Proxy struct {
	URL string // instead of the endpoint

	target    string // host and port
	server    *httptest.Server
	transport *http.Transport
	later     sync.WaitGroup // deliveries that nobody waits for

	mu   sync.Mutex
	plan Plan
	n    uint64
	did  [faults]int
	away chan struct{} // closed when a partition ends; nil without one
}

// NewProxy starts a proxy before the endpoint, which ends with the test. Until a plan is
// set, it does nothing.
func NewProxy(t testing.TB, endpoint string) *Proxy {
	t.Helper()
	u, err := url.Parse(endpoint)
	must(t, err)
	p := &Proxy{target: u.Host, plan: Always(Pass, 0)}
	// Each request goes over a connection of its own, as over many paths, and is never sent
	// twice by the transport itself.
	p.transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.server.Start()
	p.URL = p.server.URL
	t.Cleanup(func() {
		p.Heal()
		p.server.CloseClientConnections()
		p.server.Close()
		p.later.Wait()
	})
	return p
}

// Follow sets the plan for requests that come from now on, and counts from 0 again.
func (p *Proxy) Follow(plan Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan, p.n = plan, 0
}

// Did returns how often each fault was done.
func (p *Proxy) Did() map[Fault]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	did := map[Fault]int{}
	for f, n := range p.did {
		if n > 0 {
			did[Fault(f)] = n
		}
	}
	return did
}

// Flush returns when each request that was to be delivered later has been.
func (p *Proxy) Flush() { p.later.Wait() }

// Cut begins a partition: requests are taken and go nowhere, and what the store answers to
// those that are under way does not come back. Nobody is told.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away == nil {
		p.away = make(chan struct{})
	}
}

// Heal ends a partition. What was lost in it stays lost: its connections are cut.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away != nil {
		close(p.away)
		p.away = nil
	}
}

// lost waits for the end of a partition, where there is one, and says that there was.
func (p *Proxy) lost(ctx context.Context) bool {
	p.mu.Lock()
	away := p.away
	p.mu.Unlock()
	if away == nil {
		return false
	}
	select {
	case <-away:
	case <-ctx.Done():
	}
	return true
}

func (p *Proxy) next(r *http.Request) (Fault, time.Duration) {
	p.mu.Lock()
	plan, n := p.plan, p.n
	p.n++
	p.mu.Unlock()
	f, after := plan(n, r)
	p.mu.Lock()
	p.did[f]++
	p.mu.Unlock()
	return f, after
}

// serve does to a request what the plan says. To cut a connection it panics as net/http
// has it.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || p.lost(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	f, after := p.next(r)
	switch f {
	case Drop:
		panic(http.ErrAbortHandler)
	case Refuse:
		http.Error(w, "the proxy refuses this", http.StatusServiceUnavailable)
		return
	case Sever:
		p.sever(r, body)
		panic(http.ErrAbortHandler)
	case Straggle:
		p.deliverAfter(r, body, after)
		panic(http.ErrAbortHandler)
	case Delay:
		select {
		case <-time.After(after):
		case <-r.Context().Done():
		}
	}
	// A store finishes what it has got, whether its client is still there or not.
	ctx := context.WithoutCancel(r.Context())
	if f == Twice {
		p.deliver(ctx, r, body)
	}
	resp, answer, err := p.deliver(ctx, r, body)
	if f == Repeat {
		p.deliverAfter(r, body, after) // than the first, so that its answer is that of the first
	}
	if err != nil || f == Swallow || p.lost(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	if f == Misreport {
		http.Error(w, "the proxy misreports this", http.StatusInternalServerError)
		return
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	w.Write(answer)
}

// request returns a request as it came, to the endpoint.
func (p *Proxy) request(ctx context.Context, r *http.Request, body []byte) (*http.Request, error) {
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host = "http", p.target
	out, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header, out.Host = r.Header.Clone(), r.Host // the host is signed
	out.Header.Del("Expect")
	out.Header.Del("Connection")
	if r.ContentLength == 0 && r.Method == http.MethodPut {
		out.Body = http.NoBody // and Content-Length: 0, which is signed
	}
	return out, nil
}

// deliver sends a request to the endpoint and returns the answer with its body.
func (p *Proxy) deliver(ctx context.Context, r *http.Request, body []byte) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := p.request(ctx, r, body)
	if err != nil {
		return nil, nil, err
	}
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp, answer, err
}

// deliverAfter sends a request when a while is over and nobody is waiting.
func (p *Proxy) deliverAfter(r *http.Request, body []byte, after time.Duration) {
	ctx := context.WithoutCancel(r.Context())
	r = r.Clone(ctx)
	p.later.Go(func() {
		time.Sleep(after)
		p.deliver(ctx, r, body)
	})
}

// sever sends the head of a request and half of its body, and ends the connection.
func (p *Proxy) sever(r *http.Request, body []byte) {
	out, err := p.request(context.WithoutCancel(r.Context()), r, body)
	if err != nil {
		return
	}
	var whole bytes.Buffer
	if err := out.Write(&whole); err != nil {
		return
	}
	conn, err := net.DialTimeout("tcp", p.target, patience)
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write(whole.Bytes()[:whole.Len()-(len(body)+1)/2])
}
