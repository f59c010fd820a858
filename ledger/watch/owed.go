package watch

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/audit"
)

// What an unreachable ledger is told as that shows its checkpoint: once as unreachable,
// and once as an alarm, when it lasts.
const withheld = "withheld"

// An owed is what a ledger has shown a checkpoint of, and not served.
type owed struct {
	Size  uint64 `json:"size"`  // of the largest tree that it showed; 0 where all of it was read
	Since int64  `json:"since"` // when it last served an entry that was new
}

// owes remembers what the ledger has signed and does not serve, and tells it where no
// more of it comes for as long as a source may be ahead. Whoever asks for its entries
// and gets none, has seen nothing of them, however fresh the checkpoint is.
func (w *Watcher) owes(size uint64, whole bool, result *audit.Result) error {
	o := &w.state.Owed
	if !whole {
		o.Size = max(o.Size, size)
	}
	switch {
	case o.Size == 0:
		return nil
	case result.Judged >= o.Size || whole && size >= o.Size || result.Finding != nil:
		*o = owed{}
		return nil
	case o.Since == 0 || result.Judged > result.Known:
		o.Since = w.cfg.Clock().Unix()
		return nil
	}
	waited := w.since(o.Since)
	if waited < patience {
		return nil
	}
	return w.begin("", withheld, Event{Kind: Unreachable, Severity: Alarm, Index: &result.Judged,
		Text: fmt.Sprintf("the ledger has signed %d entries, and for %s it serves none from %d on: what it registered there cannot be read", o.Size, waited, result.Judged)}, nil)
}

// recall reads a checkpoint that is remembered, which the ledger's key signed.
func (w *Watcher) recall(b []byte) (tlog.SignedCheckpoint, error) {
	c, err := tlog.ParseSignedCheckpoint(b)
	if err == nil && (c.Origin != w.cfg.Ledger.Name() || len(w.log.Alone(c).Note.Signatures) == 0) {
		err = errors.New("the ledger's key did not sign it")
	}
	if err != nil {
		return c, fmt.Errorf("a checkpoint that is remembered in %s: %w", statePath(w.cfg.Dir), err)
	}
	return c, nil
}

// drop forgets the checkpoints that are remembered and damaged, and says so: who showed
// them shows them again, or newer ones.
func (w *Watcher) drop() {
	damaged := func(b []byte) bool {
		if len(b) == 0 {
			return false
		}
		_, err := w.recall(b)
		if err != nil && w.cfg.Log != nil {
			w.cfg.Log.Warn("what was remembered is damaged, and dropped", "err", err)
		}
		return err != nil
	}
	if damaged(w.state.Cosigned) {
		w.state.Cosigned = nil
	}
	maps.DeleteFunc(w.state.Ahead, func(_ string, a ahead) bool { return len(a.Checkpoint) == 0 || damaged(a.Checkpoint) })
	for source, known := range w.state.Forked {
		w.state.Forked[source] = slices.DeleteFunc(known, func(b []byte) bool { return len(b) == 0 || damaged(b) })
	}
	maps.DeleteFunc(w.state.First, func(_ string, f firstLook) bool { return len(f.Counts) > 0 && f.Last.Index == nil })
}
