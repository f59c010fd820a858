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

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/web"
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
	if watchAgent(nil, 0, silent()) != nil {
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

// Who resigns when it has gone for a while hears soon that it was gone for a moment.
func TestANodeAsksAnAgentThatHasGoneSooner(t *testing.T) {
	now, asked, gone := time.Unix(1_790_000_000, 0), 0, errors.New("away")
	w := &agentWatch{clock: func() time.Time { return now }, log: silent(), retry: agentRetry, held: func() error { asked++; return gone }}
	var full error
	able := mayRegister(w.signs, func() error { return full })
	if err := able(); !errors.Is(err, ledger.ErrUnsigned) || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	now, gone = now.Add(agentRetry-1), nil
	if err := able(); !errors.Is(err, ledger.ErrUnsigned) || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	now = now.Add(1)
	if err := able(); err != nil || asked != 2 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	now = now.Add(agentPause - 1)
	if err := able(); err != nil || asked != 2 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	full = &web.RoomError{Disk: "store", Free: 1, Least: 2}
	if err := able(); !errors.Is(err, full) {
		t.Error(err)
	}
	if err := mayRegister(nil, func() error { return nil })(); err != nil {
		t.Error(err)
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

// A node that leads and whose agent has gone hands over to one that signs, without a record, and
// says why it is not ready.
func TestANodeWhoseAgentHasGoneHandsOver(t *testing.T) {
	one, two, policy, bucket, register := shared(t)
	elsewhere := filepath.Join(t.TempDir(), keyFile)
	if err := os.Rename(filepath.Join(one, keyFile), elsewhere); err != nil {
		t.Fatal(err)
	}
	a := serveAgent(t, elsewhere)
	first := startNodeAs(t, one, bucket, func(f *nodeFlags) { f.agent = true })
	first.ready(t)
	submitTo(t, first.url, policy, 1)
	second := startNode(t, two, bucket)
	second.ready(t)
	a.mode.Store("away")
	for begun := time.Now(); ; <-time.After(50 * time.Millisecond) {
		h, _, err := register.Peek(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if h.Owner == second.url {
			if h.Epoch != 3 {
				t.Errorf("the epoch is %d", h.Epoch)
			}
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%q leads", h.Owner)
		}
	}
	submitTo(t, second.url, policy, 2)
	if status, body := answered(t, http.DefaultClient, first.url+"/metrics"); status != http.StatusOK || !strings.Contains(body, `chirograph_unready{reason="key"} 1`) {
		t.Errorf("%d %s", status, body)
	}
	a.mode.Store("")
	first.ready(t)
	if err := errors.Join(first.end(), second.end()); err != nil {
		t.Fatal(err)
	}
	wantWords(t, first.logs.String(), true, "this node registers nothing, and does not lead any more")
}
