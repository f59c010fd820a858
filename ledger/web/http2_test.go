package web

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What is served over HTTP/2 is what is served without TLS, to the byte and the header, and
// that browsers are to come back by TLS.
func TestOverHTTP2EveryReadIsTheSame(t *testing.T) {
	w := open(t).add(contracts(300)...)
	address, _, client := w.serveTLS(16, nil)
	id := contract(7).ID().String()
	for _, path := range []string{"/", "/checkpoint", "/tile/0/000", "/tile/entries/000", "/records/" + id, "/records/" + id + "/receipt", "/contracts/" + id, "/keys/" + maker.Public().String(), "/consistency/100", "/policy", "/healthz", "/readyz", "/nothing", "/tile/0/000?x"} {
		want := w.get("GET", path, "Accept-Encoding", "identity")
		req := must(http.NewRequest("GET", "https://"+address+path, nil))
		req.Header.Set("Accept-Encoding", "identity")
		got, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b := read(t, got)
		if got.ProtoMajor != 2 || got.StatusCode != want.StatusCode || !bytes.Equal(b, read(t, want)) {
			t.Errorf("%s: %s, %s, want %s", path, got.Proto, got.Status, want.Status)
		}
		if got.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
			t.Errorf("%s: header %v", path, got.Header)
		}
		for _, name := range []string{"Strict-Transport-Security", "Date", "Content-Length"} {
			got.Header.Del(name)
			want.Header.Del(name)
		}
		if fmt.Sprint(got.Header) != fmt.Sprint(want.Header) {
			t.Errorf("%s: header\n%v, want\n%v", path, got.Header, want.Header)
		}
	}
	// TLS speaks HTTP/1.1 too, and TLS 1.1 is not spoken.
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: trusted(client), DisableCompression: true}}
	resp := must(old.Get("https://" + address + "/tile/entries/000"))
	if b := read(t, resp); resp.ProtoMajor != 1 || !bytes.Equal(b, read(t, w.get("GET", "/tile/entries/000"))) {
		t.Errorf("%s, %s", resp.Proto, resp.Status)
	}
	old.CloseIdleConnections()
	config := trusted(client)
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if c, err := tls.Dial("tcp", address, config); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

// A connection has maxRequests at once and no more, and who leaves some gets others.
func TestAConnectionHasSoManyRequestsAtOnce(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 1<<16)
	var last uint32
	for range maxRequests {
		last = must(r.ask("POST", "/records", false, "content-type", "text/plain"))
	}
	over := must(r.ask("GET", "/healthz", true))
	if got := r.listen(); got.stream != over || got.reset != http2.ErrCodeRefusedStream && got.reset != http2.ErrCodeProtocol {
		t.Errorf("one more: %+v", got)
	}
	for w.h.requests.taken() != maxRequests {
		runtime.Gosched()
	}
	if err := r.WriteRSTStream(last, http2.ErrCodeCancel); err != nil {
		t.Fatal(err)
	}
	for w.h.requests.taken() != maxRequests-1 {
		runtime.Gosched()
	}
	again := must(r.ask("GET", "/healthz", true))
	if got := r.listen(); got.stream != again || got.status != "200" {
		t.Errorf("in its place: %+v", got)
	}
	r.conn.Close()
	for w.h.requests.taken() != 0 {
		runtime.Gosched()
	}
}

// All connections have as many requests as are allowed, and an address its share of them.
func TestRequestsOverHTTP2AreSharedByAddress(t *testing.T) {
	w := open(t)
	w.h.requests = newShare(4)
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 1<<16)
	for range 2 {
		must(r.ask("POST", "/records", false, "content-type", "text/plain"))
	}
	for w.h.requests.taken() != 2 {
		runtime.Gosched()
	}
	refused := must(r.ask("GET", "/healthz", true))
	if got := r.listen(); got.stream != refused || got.status != "429" {
		t.Errorf("beyond its share: %+v", got)
	}
	fill(t, w.h.requests)
	refused = must(r.ask("GET", "/healthz", true))
	if got := r.listen(); got.stream != refused || got.status != "503" {
		t.Errorf("with none left: %+v", got)
	}
	// HTTP/1.1 has one at a time, and its bound is that of connections.
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: trusted(client)}}
	defer old.CloseIdleConnections()
	if resp := must(old.Get("https://" + address + "/healthz")); resp.StatusCode != 200 {
		t.Errorf("over HTTP/1.1: %s", resp.Status)
	}
}

// Whoever opens no window holds what he asked for as long as any slow reader does, be it an
// answer or a refusal; nobody else waits for that.
func TestWhoOpensNoWindowIsCutOff(t *testing.T) {
	w := open(t).add(contracts(256)...)
	w.h.patience = func(size int) time.Duration { return short }
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 0)
	for _, path := range []string{"/tile/entries/000", "/nothing", "/checkpoint", "/tile/0/000?x"} {
		stream := must(r.ask("GET", path, true))
		header, reset := r.listen(), r.listen()
		if header.stream != stream || header.status == "" || reset.stream != stream || reset.reset != http2.ErrCodeInternal {
			t.Errorf("%s: %+v, then %+v", path, header, reset)
		}
	}
	for w.h.requests.taken() != 0 || w.h.held.taken() != 0 {
		runtime.Gosched()
	}
	if resp := must(client.Get("https://" + address + "/healthz")); resp.StatusCode != 200 {
		t.Errorf("another: %s", resp.Status)
	}
}

// A request beyond the bound is refused by a header, which no window holds back: so who opens
// none has no more of them at hand than the bound.
func TestARefusalForWantOfAPlaceHoldsNothing(t *testing.T) {
	w := open(t)
	w.h.requests = newShare(4)
	fill(t, w.h.requests)
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 0)
	for _, c := range []struct{ method, path string }{{"GET", "/checkpoint"}, {"HEAD", "/log"}, {"GET", "/nothing"}, {"POST", "/records"}} {
		stream := must(r.ask(c.method, c.path, true, "accept", "text/html"))
		f := must(r.ReadFrame())
		for f.Header().StreamID != stream {
			f = must(r.ReadFrame())
		}
		head, ok := f.(*http2.MetaHeadersFrame)
		if !ok || head.PseudoValue("status") != "503" || !head.StreamEnded() {
			t.Fatalf("%s %s: %v", c.method, c.path, f)
		}
		got := make(http.Header)
		for _, field := range head.RegularFields() {
			got.Add(field.Name, field.Value)
		}
		if got.Get("Retry-After") != "1" || got.Get("Content-Length") != "0" || got.Get("Content-Type") != "" || got.Get("Cache-Control") != never {
			t.Errorf("%s %s: %v", c.method, c.path, got)
		}
	}
}

func TestRequestsThatAreLeftAtOnceLeaveNothing(t *testing.T) {
	w := open(t).add(contracts(256)...)
	address, l, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 1<<16)
	before := runtime.NumGoroutine()
	if _, most := r.flood(20_000); most > before+2*maxRequests {
		t.Errorf("%d goroutines, %d before", most, before)
	}
	for w.h.requests.taken() != 0 || l.Open() > 0 || w.h.reads.places.taken() != 0 {
		runtime.Gosched()
	}
}

// Where requests that were left are still at work, others do not begin beside them, and the
// connection ends before many wait.
func TestRequestsThatAreLeftAndAtWorkEndTheConnection(t *testing.T) {
	w := open(t)
	proceed := make(chan struct{})
	w.h.cfg.View = func() *ledger.View { <-proceed; return w.log.View() }
	w.h.reads = newGate(100, 1)
	address, _, client := w.serveTLS(16, nil)
	r := dialRaw(t, address, trusted(client), 1<<16)
	before := runtime.NumGoroutine()
	last, most := r.flood(20_000)
	if last.reset != http2.ErrCodeEnhanceYourCalm || most > before+2*maxRequests {
		t.Errorf("%+v; %d goroutines, %d before", last, most, before)
	}
	if n := w.h.requests.taken(); n > maxRequests {
		t.Errorf("%d are at work", n)
	}
	close(proceed)
	for w.h.requests.taken() != 0 {
		runtime.Gosched()
	}
}

func TestAHeaderOverHTTP2IsBounded(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, nil)
	for size, want := range map[int]string{maxHeaderBytes - 1000: "200", maxHeaderBytes + 1000: "431"} {
		r := dialRaw(t, address, trusted(client), 1<<16)
		r.buf.Reset()
		fields := [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/healthz"}}
		for range size / 1000 {
			fields = append(fields, [2]string{"x", strings.Repeat("~", 1000-32)})
		}
		for _, f := range fields {
			if err := r.head.WriteField(hpack.HeaderField{Name: f[0], Value: f[1], Sensitive: true}); err != nil {
				t.Fatal(err)
			}
		}
		block, first := r.buf.Bytes(), true
		for len(block) > 0 {
			n := min(len(block), maxFrame)
			var err error
			if first {
				err = r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:n], EndStream: true, EndHeaders: n == len(block)})
			} else {
				err = r.WriteContinuation(1, n == len(block), block[:n])
			}
			if err != nil {
				t.Fatal(err)
			}
			block, first = block[n:], false
		}
		if got := r.listen(); got.status != want {
			t.Errorf("%d bytes: %+v, want %s", size, got, want)
		}
	}
}

// The buffer that net/http keeps for a connection is no larger than the largest frame that
// it takes.
func TestAFrameIsBounded(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, nil)
	for size, ends := range map[int]bool{maxFrame: false, maxFrame + 1: true} {
		r := dialRaw(t, address, trusted(client), 1<<16)
		stream := must(r.ask("POST", "/records", false, "content-type", "text/plain"))
		if err := r.WriteData(stream, true, bytes.Repeat([]byte("a"), size)); err != nil {
			t.Fatal(err)
		}
		got := r.listen()
		if over := got.reset == http2.ErrCodeFrameSize || got.ended; over != ends || !ends && got.status != "400" {
			t.Errorf("%d bytes: %+v", size, got)
		}
	}
}

// Of bodies that nobody has read yet a connection holds its window, whatever it sends.
func TestWhatBodiesMayFillIsBounded(t *testing.T) {
	w := open(t)
	proceed := make(chan struct{})
	defer close(proceed)
	w.h.cfg.View = func() *ledger.View { <-proceed; return w.log.View() }
	address, _, client := w.serveTLS(16, nil)
	for _, over := range []int{0, 1} {
		r := dialRaw(t, address, trusted(client), 1<<16)
		streams := []uint32{must(r.ask("POST", "/records", false, "content-type", "text/plain")), must(r.ask("POST", "/records", false, "content-type", "text/plain"))}
		for i := 0; i < receiveWindow; i += maxFrame {
			if err := r.WriteData(streams[i/maxFrame%2], false, make([]byte, min(maxFrame, receiveWindow-i))); err != nil {
				t.Fatal(err)
			}
		}
		// One more byte is too much; else what follows is of a request that never was.
		last, want := uint32(99), http2.ErrCodeProtocol
		if over > 0 {
			last, want = streams[0], http2.ErrCodeFlowControl
		}
		if err := r.WriteData(last, false, make([]byte, over)); err != nil {
			t.Fatal(err)
		}
		if got := r.listen(); got.reset != want {
			t.Errorf("%d bytes more than the window: %+v, want %s", over, got, want)
		}
	}
}

func TestAnAddressBeyondItsShareOfTLSConnectionsIsClosed(t *testing.T) {
	w := open(t)
	address, l, client := w.serveTLS(4, nil)
	for range 2 {
		dialRaw(t, address, trusted(client), 1<<16)
	}
	if l.Open() != 2 {
		t.Errorf("%d connections are open", l.Open())
	}
	if c, err := tls.Dial("tcp", address, trusted(client)); err == nil {
		c.Close()
		t.Error("a third is taken")
	}
}

// A handshake costs a signature, and an address has its rate of them.
func TestAnAddressHasItsRateOfHandshakes(t *testing.T) {
	w := open(t).rated(1, 2)
	greeting := func(s *http.Server) { s.TLSConfig.GetConfigForClient = w.h.Greet }
	address, _, client := w.serveTLS(64, greeting)
	shake := func(want bool) {
		t.Helper()
		conn, err := tls.Dial("tcp", address, trusted(client))
		if (err == nil) != want {
			t.Errorf("it is answered: %v, want %v", err, want)
		}
		if err == nil {
			conn.Close()
		}
	}
	shake(true)
	shake(true)
	shake(false)
	w.unix.Add(1)
	shake(true)
	shake(false)
	w = open(t).rated(1, 2)
	w.h.cfg.Proxy = must(ParseProxies([]string{"127.0.0.1"}))
	address, _, client = w.serveTLS(64, greeting)
	for range 5 {
		shake(true)
	}
}

// A body that comes too slowly has its bound over HTTP/2, too, and is that request's alone.
func TestWhoSendsHisBodySlowlyOverHTTP2IsCutOff(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, func(s *http.Server) { s.ReadTimeout = short })
	r := dialRaw(t, address, trusted(client), 1<<16)
	slow := must(r.ask("POST", "/records", false, "content-type", "text/plain"))
	if err := r.WriteData(slow, false, []byte("chirograph")); err != nil {
		t.Fatal(err)
	}
	if got := r.listen(); got.stream != slow || got.status != "400" {
		t.Errorf("%+v", got)
	}
	for got := r.listen(); got.stream != slow || got.reset != http2.ErrCodeNo; got = r.listen() {
		if got.ended {
			t.Fatal("the connection is over")
		}
	}
	if next := must(r.ask("GET", "/healthz", true)); r.listen() != (event{stream: next, status: "200"}) {
		t.Error("the connection is over")
	}
}

// A refusal for its header does not wait for the body, and the connection goes on.
func TestARefusalOverHTTP2DoesNotWaitForTheBody(t *testing.T) {
	w := open(t)
	address, _, client := w.serveTLS(16, func(s *http.Server) { s.ReadTimeout = time.Hour })
	r := dialRaw(t, address, trusted(client), 1<<16)
	for _, c := range []struct{ method, path, media, status string }{
		{"POST", "/records", "text/html", "415"}, {"PUT", "/records", "text/plain", "405"}, {"POST", "/record", "text/plain", "404"}, {"GET", "/healthz", "text/plain", "200"},
	} {
		stream := must(r.ask(c.method, c.path, false, "content-type", c.media))
		if got := r.listen(); got != (event{stream: stream, status: c.status}) {
			t.Errorf("%s %s: %+v", c.method, c.path, got)
		}
		if got := r.listen(); got != (event{stream: stream, reset: http2.ErrCodeNo}) {
			t.Errorf("%s %s: %+v", c.method, c.path, got)
		}
	}
}

// An idle connection is not kept for ever, whatever it is pinged.
func TestAnIdleConnectionOverHTTP2Ends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "ledger", vfs.NewMem())
		r, stop := w.rawInPipe(t)
		defer stop()
		begun := time.Now()
		pinged := make(chan struct{})
		go func() {
			defer close(pinged)
			for r.WritePing(false, [8]byte{}) == nil {
				time.Sleep(10 * time.Second)
			}
		}()
		for got := r.listen(); !got.ended; got = r.listen() {
		}
		if took := time.Since(begun); took < idleTimeout || took > idleTimeout+10*time.Second {
			t.Errorf("it ends after %s", took)
		}
		r.conn.NetConn().Close()
		<-pinged
	})
}
