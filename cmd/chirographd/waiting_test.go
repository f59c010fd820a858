//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// containersKill is after how long those who run containers kill what was told to end.
const containersKill = 10 * time.Second

// Who waits for witnesses that do not come learns that the record is taken, before the
// ledger is killed.
func TestASubmitterWhoWaitsForWitnessesIsAnsweredBeforeTheLedgerIsKilled(t *testing.T) {
	t.Parallel() // witnesses are given their time
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	w, err := witnesstest.New("w.example", key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !away.Load() {
			w.ServeHTTP(rw, r)
			return
		}
		select {
		case asked <- struct{}{}:
		default:
		}
		http.Error(rw, "away", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "witnesses.policy")
	if err := os.WriteFile(file, fmt.Appendf(nil, "witness w %s %s\nquorum w\n", w.Key, server.URL), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, said := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx, serveFlags{dir: dir, listen: "127.0.0.1:0", witnesses: file}, said, slog.New(slog.DiscardHandler))
		said.CloseWithError(io.EOF)
		ended <- err
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err, <-ended)
	}
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
	post := func(body []byte) (int, string) {
		resp, err := http.Post(url+"/records", "text/plain; charset=utf-8", bytes.NewReader(body))
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return resp.StatusCode, fmt.Sprintf("%s, %v", b, err)
	}
	records := revocations(t, key, 2)
	if status, body := post(records[0].Bytes()); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	away.Store(true)
	type answer struct {
		status int
		body   string
	}
	answered := make(chan answer, 1)
	go func() {
		status, body := post(records[1].Bytes())
		answered <- answer{status, body}
	}()
	<-asked // for the tree with the record, which is on disk then
	begun := time.Now()
	stop()
	if a := <-answered; a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "urn:chirograph:not-public-yet") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(begun); took >= containersKill {
		t.Errorf("it ended after %s, and is killed after %s", took, containersKill)
	}
}

// However slow strangers are.
func TestStrangersKeepTheLedgerForLessThanItsKillersDo(t *testing.T) {
	if most := shutdownPatience.begun + shutdownPatience.accepted; most >= containersKill {
		t.Errorf("strangers may delay the end by %s, and it is killed after %s", most, containersKill)
	}
}
