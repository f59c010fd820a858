package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

// exchange sends what may be no request at all, and returns all that is answered.
func exchange(t *testing.T, address, request string) []byte {
	t.Helper()
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	go io.WriteString(conn, request) // which the server need not read to its end
	answer, _ := io.ReadAll(conn)    // nor does it have to end in order
	return answer
}

// serveTCP serves a world on this machine with other bounds.
func (w *world) serveTCP(n int, change func(s *http.Server)) (address string, l *Limited) {
	limit := Limit(tight{must(net.Listen("tcp", "127.0.0.1:0"))}, n, w.h.cfg.Proxy, false)
	server := httptest.NewUnstartedServer(nil)
	server.Listener.Close()
	server.Listener, server.Config = limit, NewServer(w.h, nil)
	if change != nil {
		change(server.Config)
	}
	server.Start()
	w.t.Cleanup(server.Close)
	return limit.Addr().String(), limit
}

const short = 50 * time.Millisecond // stands for the bounds of seconds

func TestWhoSendsHisHeaderSlowlyIsCutOff(t *testing.T) {
	address, l := open(t).serveTCP(4, func(s *http.Server) { s.ReadHeaderTimeout = short })
	for _, begun := range []string{"", "G", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: "} {
		if got := exchange(t, address, begun); len(got) > 0 && !bytes.HasPrefix(got, []byte("HTTP/1.1 4")) {
			t.Errorf("after %q: %s", begun, got)
		}
	}
	for len(l.places) > 1 || l.share.taken() > 0 { // the one that is waited for
		runtime.Gosched()
	}
}

func TestWhoSendsHisBodySlowlyIsCutOff(t *testing.T) {
	w := open(t)
	address, _ := w.serveTCP(4, func(s *http.Server) { s.ReadTimeout = short })
	const header = "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
	for request, status := range map[string]string{
		header + "Content-Length: 100\r\n\r\nchirograph":                    "400",
		header + "Transfer-Encoding: chunked\r\n\r\na\r\nchirograph\r\n":    "400",
		header + "Content-Length: 32769\r\n\r\nchirograph":                  "413",
		header + "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\nabc": "415",
	} {
		if got := string(exchange(t, address, request)); !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || !strings.Contains(got, "Connection: close") {
			t.Errorf("%q: %s, want %s", request, got, status)
		}
	}
	for w.h.submitters.taken() > 0 {
		runtime.Gosched()
	}
}

// What is refused for its header is refused at once: nobody waits for the body.
func TestARefusalDoesNotWaitForTheBody(t *testing.T) {
	address, _ := open(t).serveTCP(64, func(s *http.Server) { s.ReadTimeout = time.Hour })
	for request, status := range map[string]int{
		"POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 32769\r\n\r\n":        413,
		"POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\n":            415,
		"POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n":    415,
		"POST /record HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n":            404,
		"PUT /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n":            405,
		"GET /records?x HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\na": 404,
	} {
		conn := must(net.Dial("tcp", address))
		defer conn.Close()
		must(io.WriteString(conn, request))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantProblem(t, resp, status, map[int]string{413: "size"}[status], "")
		if !resp.Close {
			t.Errorf("%q: the connection is kept", request)
		}
	}
	// Who sent his body to the end keeps his connection, whatever it was.
	conn := must(net.Dial("tcp", address))
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range 2 {
		must(io.WriteString(conn, "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"))
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantProblem(t, resp, 400, "form", "")
	}
}

// Nor does an answer wait for a body that comes with a read, or with what a copy refuses.
func TestAnAnswerDoesNotWaitForABodyThatNobodyReads(t *testing.T) {
	w := open(t).add(contract(1))
	hour := func(s *http.Server) { s.ReadTimeout = time.Hour }
	ledgers, _ := w.serveTCP(64, hour)
	c := open(t)
	c.h = must(New(Config{Key: home.Key, View: w.log.View, Copy: &Copy{Ready: func() error { return errors.New("it is behind") }}, Clock: w.clock, Checks: 1, Policy: policy}))
	copies, _ := c.serveTCP(64, hour)
	const header = " HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
	for _, address := range []string{ledgers, copies} {
		for request, status := range map[string]int{
			"GET /checkpoint": 200, "HEAD /checkpoint": 200, "GET /tile/entries/000.p/1": 200, "GET /healthz": 200, "GET /readyz": 200,
			"GET /records/" + contract(1).ID().String() + "/receipt": 200, "GET /tile/0/001": 404, "HEAD /nothing": 404, "DELETE /checkpoint": 405,
			"POST /records": 403,
		} {
			if address == ledgers && status == 403 {
				continue // it reads what may be a record
			}
			if address == copies && request == "GET /readyz" {
				status = 503
			}
			conn := must(net.Dial("tcp", address))
			defer conn.Close()
			must(io.WriteString(conn, request+header+"hel"))
			method, _, _ := strings.Cut(request, " ")
			resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != status || !resp.Close {
				t.Errorf("%q: %s, %v, want %d; the connection ends: %v", request, resp.Status, err, status, resp.Close)
			}
		}
	}
}

// A tight listener's system buffers little of what is written.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(4 << 10)
	}
	return c, err
}

func TestWhoReadsSlowlyIsCutOff(t *testing.T) {
	w := open(t)
	w.add(contracts(256)...)
	w.h.patience = func(size int) time.Duration { return short }
	address, l := w.serveTCP(4, nil)
	conn := must(net.Dial("tcp", address)).(*net.TCPConn)
	defer conn.Close()
	if err := conn.SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	must(io.WriteString(conn, "GET /tile/entries/000 HTTP/1.1\r\nHost: x\r\n\r\n"))
	first := make([]byte, 12)
	must(io.ReadFull(conn, first))
	if string(first) != "HTTP/1.1 200" {
		t.Fatalf("%q", first)
	}
	for w.h.held.taken() > 0 || len(l.places) > 1 {
		runtime.Gosched()
	}
	n, _ := io.Copy(io.Discard, conn)
	if whole := len(read(t, w.get("GET", "/tile/entries/000"))); int(n) >= whole {
		t.Errorf("%d of %d bytes came: nobody was cut off", n, whole)
	}
	// Who comes next on a connection is not cut off because of who was before.
	w.h.patience = readerPatience
	conn = must(net.Dial("tcp", address)).(*net.TCPConn)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range 3 {
		must(io.WriteString(conn, "GET /tile/entries/000 HTTP/1.1\r\nHost: x\r\n\r\n"))
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
	}
}

func TestAReaderHasTimeByTheSizeOfHisAnswer(t *testing.T) {
	for size, want := range map[int]time.Duration{0: 10 * time.Second, slowestReader: 11 * time.Second, 8 << 20: 112400 * time.Millisecond} {
		if got := readerPatience(size); got != want || got > writeTimeout {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}

// A lone address leaves room for others, whatever it holds open.
func TestOneAddressCannotHaveAllConnections(t *testing.T) {
	w := open(t)
	address, l := w.serveTCP(16, nil)
	var held []net.Conn
	for range 8 {
		conn := ask(t, address, 1)
		wantHealthy(t, conn)
		held = append(held, conn)
	}
	for range 20 {
		conn := ask(t, address, 1)
		answer := string(must2(io.ReadAll(conn)))
		if !strings.HasPrefix(answer, "HTTP/1.1 429 Too Many Requests\r\n") {
			t.Fatalf("%q", answer)
		}
		resp := must(http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil))
		wantProblem(t, resp, 429, "", "as is its share")
		if !resp.Close {
			t.Errorf("header %v", resp.Header)
		}
	}
	for last := range byte(4) {
		wantHealthy(t, ask(t, address, 2+last))
	}
	held[0].Close()
	for l.share.taken() == 12 {
		runtime.Gosched()
	}
	// A proxy has all that there are.
	w = open(t)
	w.h.cfg.Proxy = must(ParseProxies([]string{"127.0.0.1"}))
	address, l = w.serveTCP(16, nil)
	for range 16 {
		wantHealthy(t, ask(t, address, 1))
	}
	if len(l.places) != 16 || l.share.taken() != 0 {
		t.Errorf("%d places are taken, %d by strangers", len(l.places), l.share.taken())
	}
}

// must2 is for a connection that may be reset after its answer.
func must2(b []byte, _ error) []byte { return b }

func TestOddRequestsAreAnsweredOrClosedAndLeaveNothing(t *testing.T) {
	w := open(t).add(contract(0))
	address, l := w.serveTCP(64, func(s *http.Server) { s.ReadHeaderTimeout, s.ReadTimeout = time.Second, 2*time.Second })
	body := string(contract(1).Bytes())
	post := "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nConnection: close\r\n"
	before := runtime.NumGoroutine()
	for _, test := range []struct{ name, request, want string }{
		{"HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK"},
		{"HTTP/0.9", "GET /healthz\r\n\r\n", "HTTP/1.1 400 "},
		{"HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 404 "},
		{"HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "HTTP/1.1 505 "},
		{"an upgrade to HTTP/2", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", "HTTP/1.1 200 "},
		{"a websocket", "GET /checkpoint HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 200 "},
		{"an absolute form", "GET http://other.example/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 "},
		{"an absolute form of nothing", "GET http://other.example HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "},
		{"the authority form", "CONNECT other.example:25 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "},
		{"all options", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 "},
		{"an odd method", "BREW /records HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 "},
		{"no method", " / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400 "},
		{"two slashes", "GET //healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "},
		{"dots", "GET /../healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "HTTP/1.1 400 "},
		{"a header too large", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 32<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		{"a thousand small ones", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: a\r\n", 8<<10) + "\r\n", "HTTP/1.1 431 "},
		{"a path too long", "GET /" + strings.Repeat("a", 32<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 431 "},
		{"a folded header", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 "},
		{"a body with GET", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 "},
		{"two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "HTTP/1.1 400 "},
		{"a negative length", post + "Content-Length: -5\r\n\r\nhello", "HTTP/1.1 400 "},
		{"a length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 "},
		{"an unknown transfer encoding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 "},
		{"compressed", post + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 415 "},
		{"compressed twice, said so twice", post + "Content-Encoding:\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 415 "},
		{"two types", post + "Content-Type: text/html\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 415 "},
		{"a chunk of 2⁶³ bytes", post + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\na", "HTTP/1.1 400 "},
		{"a chunk that is too long for a number", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("f", 40) + "\r\na", "HTTP/1.1 400 "},
		{"chunks without end", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("400\r\n"+strings.Repeat("a", 1024)+"\r\n", 2000), "HTTP/1.1 413 "},
		{"chunk extensions without end", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\na\r\n", 100), "HTTP/1.1 400 "},
		{"trailers without end", post + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + strings.Repeat("X: a\r\n", 8<<10) + "\r\n", "HTTP/1.1 400 "},
		{"an unknown expectation", post + "Expect: the-unexpected\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 417 "},
		{"a refusal instead of 100", post + "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413 "},
		{"100, and then the body", post + "Expect: 100-continue\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 "},
		{"a spoofed address", "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: " + strings.Repeat("::1%25x,", 1500) + "\r\n\r\n", "HTTP/1.1 200 "},
	} {
		answer := string(exchange(t, address, test.request))
		if !strings.HasPrefix(answer, test.want) {
			t.Errorf("%s: %.200q, want %q", test.name, answer, test.want)
		}
		for _, never := range []string{"\r\nServer:", "secret", "<html", "Set-Cookie"} {
			if strings.Contains(answer, never) {
				t.Errorf("%s: %q", test.name, answer)
			}
		}
	}
	// Pipelined requests are answered in their order, one at a time.
	answers := exchange(t, address, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 500)+"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if n := bytes.Count(answers, []byte("\r\n\r\nok\n")); n != 500 || !bytes.Contains(answers, []byte("HTTP/1.1 404")) {
		t.Errorf("%d of 500 pipelined requests are answered", n)
	}
	for len(l.places) > 1 || runtime.NumGoroutine() > before+1 {
		runtime.Gosched()
	}
	if w.h.submitters.taken()+w.h.records.taken()+w.h.held.taken()+w.h.gate.places.taken()+w.h.reads.places.taken() != 0 || l.share.taken() != 0 {
		t.Error("something is still held")
	}
	if n := len(w.checkLog()); n != 2 {
		t.Errorf("%d entries", n)
	}
	if w.lines.String() != "" {
		t.Errorf("log: %s", w.lines)
	}
}

// Of such a request two servers in a row can see two ends. What stands after one of them is
// no request to this one, and no answer of it is taken for that to another.
func TestARequestWithALengthAndChunksIsTheLastOfItsConnection(t *testing.T) {
	w := open(t)
	address, _ := w.serveTCP(64, nil)
	const (
		post     = "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
		get      = "GET /healthz HTTP/1.%d\r\nHost: x\r\n%s\r\n"
		smuggled = "GET /policy HTTP/1.1\r\nHost: x\r\n\r\n"
		alive    = "Connection: keep-alive\r\n"
	)
	for request, answers := range map[string]int{
		post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":                      1,
		post + "Transfer-Encoding: chunked\r\nContent-Length: 500\r\n\r\n5\r\nhello\r\n0\r\n\r\n":      1,
		post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n":                             1,
		fmt.Sprintf(get, 1, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n":       1,
		fmt.Sprintf(get, 0, alive+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n": 1,
		fmt.Sprintf(get, 0, alive+"Transfer-Encoding: chunked\r\n"):                                    1,
		fmt.Sprintf(get, 1, ""):                 3,
		post + "Content-Length: 5\r\n\r\nhello": 3,
	} {
		all := string(exchange(t, address, request+smuggled+fmt.Sprintf(get, 1, "Connection: close\r\n")))
		if n := strings.Count(all, "HTTP/1."); n != answers || answers == 1 && !strings.Contains(all, "\r\nConnection: close\r\n") {
			t.Errorf("%q: %d answers, want %d: %q", request, n, answers, all)
		}
	}
}

// Proxied callers have their own shares, and the connection's address none.
func TestBehindAProxyEachCallerHasHisOwnShare(t *testing.T) {
	w := open(t).rated(1, 1)
	w.h.cfg.Proxy = Proxies{netip.MustParsePrefix("192.0.2.0/24")}
	post := func(n uint64, forwarded string) *http.Response {
		r := httptest.NewRequest("POST", "/records", bytes.NewReader(contract(n).Bytes()))
		r.Header.Set("Content-Type", plainText)
		r.Header.Set("X-Forwarded-For", forwarded)
		return w.do(r)
	}
	wantReceipt(t, post(1, "spoofed, 198.51.100.1"), 201, contract(1).ID())
	wantProblem(t, post(2, "another, 198.51.100.1"), 429, "", "")
	wantReceipt(t, post(2, "198.51.100.1, 198.51.100.2"), 201, contract(2).ID())
	if strings.Contains(w.lines.String(), "198.51") {
		t.Errorf("log: %s", w.lines)
	}
}
