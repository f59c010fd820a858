package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A lines keeps what is logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// operated runs what is served until end is called, which returns why it ended. It returns
// the URLs that it says: its own, and that of its metrics where it has one.
func operated(t *testing.T, run func(ctx context.Context, stdout io.Writer) error, admin bool) (url, metrics string, end func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stdout, said := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, said)
		said.CloseWithError(io.EOF)
		ended <- err
	}()
	in := bufio.NewReader(stdout)
	next := func() string {
		line, err := in.ReadString('\n')
		if err != nil {
			stop()
			t.Fatal(err, <-ended)
		}
		return regexp.MustCompile(`https?://[0-9.:]+`).FindString(line)
	}
	url = next()
	if admin {
		metrics = next()
	}
	end = sync.OnceValue(func() error { stop(); return <-ended })
	t.Cleanup(func() { _ = end() })
	return url, metrics, end
}

// operate serves a ledger.
func operate(t *testing.T, f serveFlags, logger *slog.Logger) (url, metrics string, end func() error) {
	t.Helper()
	f.listen = "127.0.0.1:0"
	return operated(t, func(ctx context.Context, stdout io.Writer) error { return serve(ctx, f, stdout, logger) }, f.admin != "")
}

// answered returns the status and the body of a resource.
func answered(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Law 7, whatever is logged, in whatever form: not who asks, and nothing that he says.
func TestNoLogLineNamesACaller(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		dir, policy := newLedger(t)
		said := new(lines)
		f := serveFlags{dir: dir, front: front{logging: logging{format, "debug"}, admin: "127.0.0.1:0"}}
		cert, key, _ := newCertificate(t, t.TempDir(), "localhost")
		f.cert, f.front.secure.key = cert, key
		f.rate, f.burst = 1, 1
		logger, err := f.front.read(said)
		if err != nil {
			t.Fatal(err)
		}
		url, admin, end := operate(t, f, logger)
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}} // one connection: another is one too many
		for i, r := range append(revocations(t, policy.Logs[0].Key, 3), nil) {
			body := []byte("marker-body")
			if r != nil {
				body = r.Bytes()
			}
			req, err := http.NewRequest(http.MethodPost, url+"/records", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "text/plain")
			req.Header.Set("User-Agent", "marker-agent")
			req.Header.Set("Authorization", "marker-secret")
			req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
			resp, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		answered(t, c, url+"/marker-path?marker-query")
		answered(t, http.DefaultClient, admin+"/marker-path")
		// What is no TLS, and what is none that there is, net/http logs with the address.
		for _, hello := range []string{"GET /marker-path HTTP/1.1\r\nHost: marker-host\r\n\r\n", "\x16\x03\x01\x00\x05hello", ""} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, hello)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.ReadAll(conn)
			conn.Close()
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		logged := said.String()
		if !strings.Contains(logged, "a proxy that is not named stands before the ledger") || !strings.Contains(logged, "registered") {
			t.Errorf("%s: it does not log what it has to:\n%s", format, logged)
		}
		// Its own addresses are no caller's: it listens there.
		for _, never := range []string{"127.0.0.1", "198.51.100", "marker"} {
			if i := strings.Index(logged, never); i >= 0 {
				t.Errorf("%s: the log has %q: %s", format, never, logged[max(0, i-100):min(len(logged), i+100)])
			}
		}
		for line := range strings.Lines(logged) {
			var v struct {
				Time  time.Time
				Level slog.Level
				Msg   string
			}
			if err := json.Unmarshal([]byte(line), &v); (err == nil) != (format == "json") || err == nil && (v.Msg == "" || v.Time.IsZero()) {
				t.Fatalf("%s: the line %q: %v", format, line, err)
			}
		}
	}
}

func TestTheLogHasTheLevelsThatWereAskedFor(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1} {
		said := new(lines)
		logger, err := (&logging{"text", level}).logger(said)
		if err != nil {
			t.Fatal(err)
		}
		logger.Debug("a")
		logger.Info("a")
		logger.Warn("a")
		logger.Error("a")
		if n := strings.Count(said.String(), "\n"); n != want {
			t.Errorf("%s: %d lines, want %d", level, n, want)
		}
	}
	says(t, exitFailed, []string{`--log-level "loud" is none of debug, info, warn and error`}, "serve", "--dir", "x", "--listen", "x", "--log-level", "loud")
	says(t, exitFailed, []string{`--log-format "xml" is neither text nor json`}, "serve", "--dir", "x", "--listen", "x", "--log-format", "xml")
	says(t, exitFailed, []string{"--tls-cert and --tls-key go together"}, "serve", "--dir", "x", "--listen", "x", "--tls-cert", "x")
	says(t, exitFailed, []string{"contradict each other"}, "serve", "--dir", "x", "--listen", "x", "--tls-cert", "x", "--tls-key", "x", "--acme", "ledger.example")
	says(t, exitFailed, []string{"--acme NAME has to be given"}, "serve", "--dir", "x", "--listen", "x", "--acme-email", "x")
	says(t, exitFailed, []string{"--acme 127.0.0.1 is an address"}, "serve", "--dir", "x", "--listen", "x", "--acme", "ledger.example, 127.0.0.1")
	says(t, exitFailed, []string{"is no host name"}, "serve", "--dir", "x", "--listen", "x", "--acme", "https://ledger.example")
	says(t, exitFailed, []string{"--listen ADDR has to be given"}, "follow", "--dir", "x", "--policy", "x", "--admin", "x", "http://x")
}

// Metrics are beside the ledger, or where the operator wants them, and nowhere else; health
// is in both places.
func TestMetricsAreAtOneAddress(t *testing.T) {
	dir, _ := newLedger(t)
	url, _, end := operate(t, serveFlags{dir: dir}, silent())
	if status, body := answered(t, http.DefaultClient, url+"/metrics"); status != http.StatusOK || !strings.Contains(body, "\nchirograph_tree_size 0\n") {
		t.Errorf("%d\n%s", status, body)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	url, admin, end := operate(t, serveFlags{dir: dir, front: front{admin: "127.0.0.1:0"}}, silent())
	for address, want := range map[string][4]int{url: {404, 200, 200, 200}, admin: {200, 200, 200, 404}} {
		for i, path := range []string{"/metrics", "/healthz", "/readyz", "/policy"} {
			if status, _ := answered(t, http.DefaultClient, address+path); status != want[i] {
				t.Errorf("%s%s: %d, want %d", address, path, status, want[i])
			}
		}
	}
	resp, err := http.Post(admin+"/metrics", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", resp.Status)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{url, admin} {
		if _, err := http.Get(address + "/healthz"); err == nil {
			t.Errorf("%s answers after the end", address)
		}
	}
}

func TestATakenAdminAddressIsNamedAndEndsTheStart(t *testing.T) {
	dir, _ := newLedger(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	says(t, exitFailed, []string{"--admin " + taken.Addr().String() + ": ", "name another port"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--admin", taken.Addr().String())
}

// A disk that fills up has new records refused before it is full; reads, and what is
// registered, go on.
func TestANearlyFullDiskTakesNoRecordAndServesOn(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 2)
	grow(t, dir, "", list[0])
	said := new(lines)
	url, _, end := operate(t, serveFlags{dir: dir, front: front{least: math.MaxUint64}}, slog.New(slog.NewTextHandler(said, nil)))
	post := func(media string, body []byte) (int, string) {
		resp, err := http.Post(url+"/records", media, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	const why = "not taken, send it again later: the ledger's disk is nearly full"
	if status, body := post("text/plain", list[1].Bytes()); status != http.StatusServiceUnavailable || !strings.Contains(body, why) || !strings.Contains(body, "urn:chirograph:not-taken") {
		t.Errorf("a new record: %d %s", status, body)
	}
	if status, body := post("application/vnd.chirograph.records", fmt.Appendf(nil, "%d\n%s", len(list[1].Bytes()), list[1].Bytes())); !strings.Contains(body, why) {
		t.Errorf("in a stream: %d %s", status, body)
	}
	if status, body := post("text/plain", list[0].Bytes()); status != http.StatusOK {
		t.Errorf("a registered one: %d %s", status, body)
	}
	if status, body := answered(t, http.DefaultClient, url+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "nearly full") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := answered(t, http.DefaultClient, url+"/metrics"); status != http.StatusOK || !strings.Contains(body, `chirograph_unready{reason="disk"} 1`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := answered(t, http.DefaultClient, url+"/checkpoint"); status != http.StatusOK {
		t.Error(status)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "a disk is nearly full"); n != 1 {
		t.Errorf("it says so %d times:\n%s", n, said)
	}
}

// At the bound there is room, one byte below there is none; it is asked once a second.
func TestADiskHasRoomDownToItsBound(t *testing.T) {
	now, free, asked := time.Unix(1_790_000_000, 0), uint64(leastStore), 0
	said := new(lines)
	d := &disks{clock: func() time.Time { return now }, log: slog.New(slog.NewTextHandler(said, nil)), list: []disk{
		{"store", leastStore, func() (uint64, error) { asked++; return free, nil }},
		{"guard", leastGuard, func() (uint64, error) { return 0, os.ErrNotExist }}, // unknown is no want of room
	}}
	for i, step := range []struct {
		free  uint64
		pause time.Duration
		room  bool
		asked int
	}{
		{leastStore, 0, true, 1}, {leastStore - 1, diskPause - 1, true, 1}, {leastStore - 1, 1, false, 2},
		{leastStore, diskPause - 1, false, 2}, {leastStore, 1, true, 3}, {0, -time.Hour, false, 4},
	} {
		free, now = step.free, now.Add(step.pause)
		if err := d.room(); (err == nil) != step.room || asked != step.asked {
			t.Errorf("step %d: %v, asked %d times", i, err, asked)
		}
	}
	if n := strings.Count(said.String(), "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, said)
	}
}

// A copy takes no records, and a node that has no room leaves them to one that has: no log says that
// none is taken.
func TestTheLogOfACopyOrANodeSpeaksOfNoRecords(t *testing.T) {
	said := new(lines)
	log := slog.New(slog.NewTextHandler(said, nil))
	now, free := time.Unix(1_790_000_000, 0), uint64(leastStore)-1
	copied := &disks{words: copyDisks}
	for name, d := range map[string]*disks{"copy": copied, "node": new(nodeFlags).watch(new(identity), t.TempDir(), log).disks} {
		*said = lines{}
		d.clock, d.log = func() time.Time { return now }, log
		d.list = []disk{{"store", leastStore, func() (uint64, error) { return free, nil }}}
		free = leastStore - 1
		if err := d.room(); err == nil {
			t.Errorf("%s: it has room", name)
		}
		free, now = free+1, now.Add(diskPause)
		if err := d.room(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := said.String(); strings.Count(s, "\n") != 2 || strings.Contains(s, "record") || strings.Contains(s, "lead") != (name == "node") {
			t.Errorf("%s: %s", name, s)
		}
	}
}

// A copy has TLS, metrics and readiness as a ledger has them.
func TestACopyIsOperatedAsALedgerIs(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	ledger, _, end := operate(t, serveFlags{dir: dir}, silent())
	trusted := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(trusted, policy.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	f := followFlags{dir: filepath.Join(t.TempDir(), "copy"), policy: trusted, listen: "127.0.0.1:0", front: front{admin: "127.0.0.1:0"}}
	cert, key, trust := newCertificate(t, t.TempDir(), "ledger.example")
	f.cert, f.front.secure.key = cert, key
	url, admin, endCopy := operated(t, func(ctx context.Context, stdout io.Writer) error { return follow(ctx, f, ledger, stdout, silent()) }, true)
	if !strings.HasPrefix(url, "https://") {
		t.Error(url)
	}
	status(t, admin+"/readyz", http.StatusOK)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust, ServerName: "ledger.example"}, ForceAttemptHTTP2: true}}
	if status, b := answered(t, c, url+"/checkpoint"); status != http.StatusOK || !strings.HasPrefix(b, "ledger.example\n3\n") {
		t.Errorf("%d %s", status, b)
	}
	most, err := places()
	if err != nil {
		t.Fatal(err)
	}
	_, text := answered(t, http.DefaultClient, admin+"/metrics")
	for _, want := range []string{"chirograph_tree_size 3", `chirograph_unready{reason="behind"} 0`, `chirograph_request_duration_seconds_count{endpoint="/checkpoint",status="2xx"} 1`, "chirograph_connections 1", fmt.Sprintf("chirograph_connections_limit %d", most)} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it does not say %s", want)
		}
	}
	if err := errors.Join(endCopy(), end()); err != nil {
		t.Fatal(err)
	}
}

// newCertificate writes a certificate of its own for a name, and its key, and returns what
// trusts it.
func newCertificate(t *testing.T, dir, name string) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	c := selfSigned(t, name)
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, cert, key, c)
	trust = x509.NewCertPool()
	trust.AddCert(c.Leaf)
	return cert, key, trust
}
