//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/verify"
)

// A served is a ledger that serveUntil serves, until stop.
type served struct {
	address string
	policy  *verify.Policy
	log     *ledger.Log
	stop    context.CancelFunc
	ended   chan error
}

// serveWith serves a new ledger with the time that its callers have after stop. A nil
// handler is for the ledger's own; before is called before each checkpoint is signed.
func serveWith(t *testing.T, p patience, handler http.Handler, before func()) *served {
	t.Helper()
	dir, _ := newLedger(t)
	who, err := readIdentity(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	policy, key := who.policy, who.key
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	g, err := store.OpenGuard(store.GuardConfig{Dir: filepath.Join(dir, guardDir), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	sign := func(message []byte) ([]byte, error) {
		before()
		return who.secret.Sign(message)
	}
	l, err := ledger.Open(ledger.Config{Store: s, Guard: g, Sign: sign, Clock: time.Now, Policy: policy.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if handler == nil {
		if handler, err = web.New(web.Config{Key: key, View: l.View, Log: l, Clock: time.Now, Checks: 1, Policy: policy.Bytes()}); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	out := &served{listener.Addr().String(), policy, l, stop, make(chan error, 1)}
	go func() {
		out.ended <- serveUntil(ctx, web.NewServer(handler, nil), web.Limit(listener, minConnections, nil, false), l, p)
	}()
	return out
}

func nothing() {}

// post sends the header of a submission, and returns when the ledger reads its body.
func (s *served) post(t *testing.T, length int) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /records HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", s.address, length)
	answer := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := answer.ReadString('\n'); err != nil || line != want {
			t.Fatalf("it said %q, %v", line, err)
		}
	}
	return conn, answer
}

func TestWhoSendsHalfARecordDoesNotHoldUpTheEnd(t *testing.T) {
	s := serveWith(t, patience{}, nil, nothing)
	conn, answer := s.post(t, 1000)
	if _, err := conn.Write([]byte("chirograph/")); err != nil {
		t.Fatal(err)
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if b, err := io.ReadAll(answer); len(b) > 0 {
		t.Errorf("it said %q, %v", b, err)
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("it still lets callers in")
	}
}

func TestWhoDoesNotReadDoesNotHoldUpTheEnd(t *testing.T) {
	begun := make(chan struct{})
	var failed atomic.Bool
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		part := make([]byte, 1<<20)
		for {
			if _, err := w.Write(part); err != nil {
				failed.Store(true)
				return
			}
		}
	})
	s := serveWith(t, patience{}, endless, nothing)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.address)
	<-begun
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if !failed.Load() {
		t.Error("it ended before the request did, which may read the store")
	}
}

// However little time callers have, and however long the sequencer needs.
func TestWhatTheSequencerTookIsAnsweredAfterASignal(t *testing.T) {
	signs, release := make(chan struct{}, 16), make(chan struct{})
	var armed atomic.Bool
	s := serveWith(t, patience{accepted: time.Minute}, nil, func() {
		if armed.Load() {
			signs <- struct{}{}
			<-release
		}
	})
	armed.Store(true)
	r := revocations(t, s.policy.Logs[0].Key, 1)[0]
	conn, answer := s.post(t, len(r.Bytes()))
	if _, err := io.Copy(conn, bytes.NewReader(r.Bytes())); err != nil {
		t.Fatal(err)
	}
	<-signs
	s.stop()
	for { // until it has heard: nobody is let in any more
		late, err := net.Dial("tcp", s.address)
		if err != nil {
			break
		}
		late.Close()
	}
	close(release)
	resp, err := http.ReadResponse(answer, nil)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s, %v\n%s", resp.Status, err, receipt)
	}
	if reg, err := verify.Receipt(s.policy, receipt); err != nil || reg.Record.ID() != r.ID() {
		t.Errorf("receipt: %v", err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestALogThatEndsEndsTheLedger(t *testing.T) {
	s := serveWith(t, patience{}, nil, nothing)
	if err := s.log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

type brokenListener struct{ net.Listener }

func (brokenListener) Accept() (net.Conn, error) { return nil, errors.New("the network is gone") }

func TestAListenerThatFailsEndsTheLedger(t *testing.T) {
	s := serveWith(t, patience{}, nil, nothing)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = serveUntil(t.Context(), web.NewServer(nil, nil), brokenListener{listener}, s.log, patience{})
	if err == nil || err.Error() != "the network is gone" {
		t.Errorf("it ended with %v", err)
	}
}
