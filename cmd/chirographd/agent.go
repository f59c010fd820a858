package main

import (
	"log/slog"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
)

// agentPause is how long what an agent said counts. A monitor learns within it, and that of a
// scrape, that the agent has gone, and as soon that it is back.
const agentPause = 10 * time.Second

// An agentWatch says whether the agent has the ledger's key. It asks at most once in
// agentPause, for no signature, and lets nobody wait but the one who was first: what the
// others hear is the answer before.
type agentWatch struct {
	held  func() error // asks it
	clock func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	asked  time.Time
	asking bool
	gone   error // what it said last; nil where it had the key
}

// watchAgent returns what says whether the key of a signer is there; nil for a signer that
// is no agent's, whose key always is.
func watchAgent(secret keys.Signer, logger *slog.Logger) func() bool {
	k, ok := secret.(agentKey)
	if !ok {
		return nil
	}
	w := &agentWatch{held: func() error { return k.HeldWithin(agentPatience) }, clock: time.Now, log: logger}
	return w.signs
}

// signs says whether the agent had the key when it was asked last.
func (w *agentWatch) signs() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock()
	if w.asking || !w.asked.IsZero() && now.Sub(w.asked) < agentPause && !now.Before(w.asked) {
		return w.gone == nil
	}
	w.asked, w.asking = now, true
	w.mu.Unlock()
	err := w.held()
	w.mu.Lock()
	switch {
	case err != nil && w.gone == nil:
		w.log.Error("the agent cannot sign for the ledger: no record is registered until it can, reads go on", "err", err)
	case err == nil && w.gone != nil:
		w.log.Info("the agent has the ledger's key again")
	}
	w.asking, w.gone = false, err
	return err == nil
}
