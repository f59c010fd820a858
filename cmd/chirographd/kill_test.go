//go:build unix

package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

const (
	killSeed         = 5
	besiegers        = 64 // submitters
	killAnswers      = 150
	killLater        = 20 * time.Millisecond // at most so long after so many answers at most
	startKills       = 6                     // one round in so many begins with a kill of the start
	killPatience     = time.Minute           // for an answer: a hundred times as long as any takes
	killAcknowledged = 10                    // a round, on average: fewer are no load
)

// killRounds is how often a ledger is killed: alone, and with a witness. The long form is
// for a night, the short one for the race detector.
func killRounds() (alone, witnessed int) {
	switch {
	case os.Getenv("CHIROGRAPH_LONG") != "":
		return 2000, 500
	case raced:
		return 8, 4
	}
	return 160, 40
}

func TestALedgerThatIsKilledAgainAndAgainKeepsWhatItAcknowledged(t *testing.T) {
	n, _ := killRounds()
	newSiege(t, 0).rounds(n)
}

func TestALedgerThatIsKilledBetweenItsWitnessesKeepsWhatItAcknowledged(t *testing.T) {
	_, n := killRounds()
	s := newSiege(t, 1)
	w, err := witnesstest.New("witness.example", s.key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w.Before(func(c tlog.SignedCheckpoint) { s.saw("a witness", c) })
	server := httptest.NewServer(w)
	defer server.Close()
	text := fmt.Appendf(nil, "log %s\nwitness one %s %s\nquorum one\n", s.key, w.Key, server.URL)
	if s.policy, err = verify.ParsePolicy(text); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "witnesses")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	s.flags = []string{"--witness-policy", file}
	s.rounds(n)
}
