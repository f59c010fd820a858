package web

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// serveTLS serves a world over TLS on this machine, and returns a client that trusts it.
func (w *world) serveTLS(n int, change func(s *http.Server)) (address string, l *Limited, client *http.Client) {
	w.t.Helper()
	limit := Limit(tight{must(net.Listen("tcp", "127.0.0.1:0"))}, n, w.h.cfg.Proxy, true)
	// httptest has a certificate, and nothing else of it is used.
	given := httptest.NewUnstartedServer(nil)
	given.StartTLS()
	config, trust := &tls.Config{Certificates: given.TLS.Certificates, MinVersion: tls.VersionTLS12}, x509.NewCertPool()
	trust.AddCert(given.Certificate())
	given.Close()
	server := NewTLSServer(w.h, config, nil)
	if change != nil {
		change(server)
	}
	ended := make(chan error)
	go func() { ended <- server.ServeTLS(limit, "", "") }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "example.com"}, ForceAttemptHTTP2: true}
	w.t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			w.t.Error(err)
		}
	})
	return limit.Addr().String(), limit, &http.Client{Transport: transport}
}

// A raw is a connection that speaks HTTP/2 by hand.
type raw struct {
	t testing.TB
	*http2.Framer
	conn *tls.Conn
	head *hpack.Encoder
	buf  bytes.Buffer
	next uint32 // the number of its next request
}

// dialRaw connects, and says with how large windows it takes answers.
func dialRaw(t testing.TB, address string, trust *tls.Config, window uint32) *raw {
	t.Helper()
	config := trust.Clone()
	config.NextProtos = []string{"h2"}
	conn := must(tls.Dial("tcp", address, config))
	t.Cleanup(func() { conn.Close() })
	return newRaw(t, conn, window)
}

// newRaw begins to speak.
func newRaw(t testing.TB, conn *tls.Conn, window uint32) *raw {
	t.Helper()
	if p := conn.ConnectionState().NegotiatedProtocol; p != "h2" {
		t.Fatalf("it speaks %q", p)
	}
	r := &raw{t: t, conn: conn, Framer: http2.NewFramer(conn, conn), next: 1}
	r.head = hpack.NewEncoder(&r.buf)
	r.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	must(io.WriteString(conn, http2.ClientPreface))
	if err := r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}); err != nil {
		t.Fatal(err)
	}
	for settled := 0; settled < 2; { // its own settings, and that it has ours
		f := must(r.ReadFrame())
		if s, ok := f.(*http2.SettingsFrame); ok {
			if settled++; !s.IsAck() {
				if err := r.WriteSettingsAck(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return r
}

// ask begins a request, and ends it too where it has no body.
func (r *raw) ask(method, path string, ends bool, header ...string) (stream uint32, err error) {
	r.buf.Reset()
	for i, h := range append([]string{":method", method, ":scheme", "https", ":authority", "x", ":path", path}, header...) {
		if i%2 == 1 {
			continue
		}
		all := append([]string{":method", method, ":scheme", "https", ":authority", "x", ":path", path}, header...)
		if err := r.head.WriteField(hpack.HeaderField{Name: h, Value: all[i+1]}); err != nil {
			return 0, err
		}
	}
	stream = r.next
	r.next += 2
	return stream, r.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: r.buf.Bytes(), EndHeaders: true, EndStream: ends})
}

// An event is what a server says of a request, or of the connection (stream 0).
type event struct {
	stream uint32
	status string        // of an answer's header
	reset  http2.ErrCode // else
	ended  bool          // the connection is closed
}

// listen returns the next event.
func (r *raw) listen() event {
	r.t.Helper()
	for {
		f, err := r.ReadFrame()
		if err != nil {
			return event{ended: true}
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			return event{stream: f.StreamID, status: f.PseudoValue("status")}
		case *http2.RSTStreamFrame:
			return event{stream: f.StreamID, reset: f.ErrCode}
		case *http2.GoAwayFrame:
			return event{reset: f.ErrCode}
		}
	}
}

func trusted(c *http.Client) *tls.Config {
	config := c.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = nil
	return config
}

// flood begins requests and leaves them at once (CVE-2023-44487) until the connection ends,
// or they are so many. It returns the last event of the connection, and how many goroutines
// there were at most.
func (r *raw) flood(many int) (last event, most int) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range many {
			stream, err := r.ask("GET", "/tile/entries/000", true)
			if err == nil {
				err = r.WriteRSTStream(stream, http2.ErrCodeCancel)
			}
			if err != nil {
				return
			}
		}
		_ = r.conn.CloseWrite()
	}()
	for got := r.listen(); !got.ended; got = r.listen() {
		most = max(most, runtime.NumGoroutine())
		if got.stream == 0 {
			last = got
		}
	}
	r.conn.Close()
	<-done
	return last, most
}

// lineReader reads the answers of a stream.
func lineReader(t *testing.T, r io.Reader) func() (line, bool) {
	s := &streaming{duplex: newDuplex(), t: t}
	s.answers = bufio.NewReader(r)
	return s.next
}

// rawInPipe serves a world over a connection in memory, whose time is that of synctest.
func (w *world) rawInPipe(t *testing.T) (r *raw, stop func()) {
	given := httptest.NewUnstartedServer(nil)
	given.StartTLS()
	// Without tickets, which it would write while we do, with no buffer between us.
	config := &tls.Config{Certificates: given.TLS.Certificates, SessionTicketsDisabled: true}
	given.Close()
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	server, done := NewTLSServer(w.h, config, nil), make(chan error)
	go func() { done <- server.ServeTLS(p, "", "") }()
	conn, other := net.Pipe()
	p.accepted <- other
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	return newRaw(t, secure, 1<<16), func() {
		if err := errors.Join(conn.Close(), server.Close()); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}
}

// answers returns what comes of a request until it ends, and how that is.
func (r *raw) answers(stream uint32) (body []byte, last http2.ErrCode) {
	r.t.Helper()
	for {
		f, err := r.ReadFrame()
		if err != nil {
			r.t.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.DataFrame:
			if f.StreamID != stream {
				continue
			}
			if body = append(body, f.Data()...); f.StreamEnded() {
				return body, http2.ErrCodeNo
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return body, f.ErrCode
			}
		case *http2.GoAwayFrame:
			r.t.Fatalf("the connection ends: %s", f.ErrCode)
		}
	}
}
