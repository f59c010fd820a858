package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/ledger"
)

// agentPause is how long what an agent said counts. A monitor learns within it, and that of a
// scrape, that the agent has gone, and as soon that it is back.
const agentPause = 10 * time.Second

// agentRetry is the same for what a node hears of an agent that has gone, so that one answer which
// failed is not taken for a fault that stands (--takeover-after is longer).
const agentRetry = time.Second

// An agentWatch says whether the agent has the ledger's key. It asks at most once in
// agentPause, for no signature, and lets nobody wait but the one who was first: what the
// others hear is the answer before.
type agentWatch struct {
	held  func() error  // asks it
	retry time.Duration // for how long it counts that it has gone; 0 for agentPause
	clock func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	asked  time.Time
	asking bool
	gone   error // what it said last; nil where it had the key
}

// watchAgent returns what says whether the key of a signer is there; nil for a signer that
// is no agent's, whose key always is. That it has gone counts as long as retry, 0 for agentPause.
func watchAgent(secret keys.Signer, retry time.Duration, logger *slog.Logger) func() bool {
	k, ok := secret.(agentKey)
	if !ok {
		return nil
	}
	return (&agentWatch{held: func() error { return k.HeldWithin(agentPatience) }, clock: time.Now, log: logger, retry: retry}).signs
}

// mayRegister returns what says why a node would register nothing, of those whom it asks; signs is
// nil where the key is always there.
func mayRegister(signs func() bool, room func() error) func() error {
	return func() error {
		if signs != nil && !signs() {
			return fmt.Errorf("%w: the agent does not answer, or has not its key", ledger.ErrUnsigned)
		}
		return room()
	}
}

// signs says whether the agent had the key when it was asked last.
func (w *agentWatch) signs() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock()
	pause := agentPause
	if w.gone != nil {
		pause = cmp.Or(w.retry, agentPause)
	}
	if w.asking || !w.asked.IsZero() && now.Sub(w.asked) < pause && !now.Before(w.asked) {
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
