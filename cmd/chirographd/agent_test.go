//go:build unix

package main

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A ledger whose agent has gone, is locked or lost the key is not ready, and monitors hear
// why; asking costs it no signature, and the agent one question, however often it is done.
func TestALedgerWhoseAgentHasGoneIsNotReady(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 2)
	elsewhere := filepath.Join(t.TempDir(), keyFile)
	if err := os.Rename(filepath.Join(dir, keyFile), elsewhere); err != nil {
		t.Fatal(err)
	}
	a := serveAgent(t, elsewhere)
	url, _, end := operate(t, serveFlags{dir: dir, secrets: secrets{agent: true}}, silent())
	a.mode.Store("away")
	before := a.listed.Load()
	if status, body := answered(t, http.DefaultClient, url+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "the ledger cannot sign its tree at the moment") || strings.Contains(body, "agent") {
		t.Errorf("%d %s", status, body)
	}
	a.mode.Store("")
	for range 5 {
		if status, body := answered(t, http.DefaultClient, url+"/metrics"); status != http.StatusOK || !strings.Contains(body, `chirograph_unready{reason="key"} 1`) {
			t.Fatalf("%d %s", status, body)
		}
	}
	if n := a.listed.Load() - before; n != 0 {
		t.Errorf("it was asked %d times more within the pause", n)
	}
	// Records are tried all the same: who waited for readiness would never learn that it is back.
	if status, body := submitted(t, url, list[0]); status != http.StatusCreated {
		t.Error(status, body)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	// One that has its key in a file asks nobody.
	if watchAgent(nil, silent()) != nil {
		t.Error("no agent is watched")
	}
}

// What an agent says is asked for once in agentPause, and its changes are said once.
func TestAnAgentIsAskedOnceInAPause(t *testing.T) {
	now, asked, gone := time.Unix(1_790_000_000, 0), 0, error(nil)
	said := new(lines)
	w := &agentWatch{clock: func() time.Time { return now }, log: slog.New(slog.NewTextHandler(said, nil)), held: func() error { asked++; return gone }}
	away := errors.New("away")
	for i, step := range []struct {
		gone  error
		pause time.Duration
		signs bool
		asked int
	}{
		{nil, 0, true, 1}, {away, agentPause - 1, true, 1}, {away, 1, false, 2}, {away, agentPause, false, 3},
		{nil, agentPause - 1, false, 3}, {nil, 1, true, 4}, {away, -time.Hour, false, 5},
	} {
		gone, now = step.gone, now.Add(step.pause)
		if got := w.signs(); got != step.signs || asked != step.asked {
			t.Errorf("step %d: %t, asked %d times", i, got, asked)
		}
	}
	if n := strings.Count(said.String(), "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, said)
	}
}

// While an agent is asked, nobody else waits for it.
func TestASilentAgentHoldsUpOneQuestion(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	w := &agentWatch{clock: time.Now, log: silent(), held: func() error {
		close(asked)
		<-answer
		return errors.New("no answer")
	}}
	var first sync.WaitGroup
	first.Go(func() {
		if w.signs() {
			t.Error("the first hears that it signs")
		}
	})
	<-asked
	for range 100 {
		if !w.signs() {
			t.Error("what was said before does not count while it is asked")
		}
	}
	close(answer)
	first.Wait()
	if w.signs() {
		t.Error("it signs")
	}
}
