//go:build linux

package nodes

import (
	"context"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/objects"
)

// A watcher reads head and checkpoint all the time, over one gateway after the other, and
// keeps each value that is another than the last.
type watcher struct {
	mu          sync.Mutex
	heads       []objects.Head
	checkpoints []tlog.SignedCheckpoint
	reads       int
	failures    int // reads that a gateway did not answer
}

// watch starts a watcher, which ends with the test.
func (c *cluster) watch() *watcher {
	w, ctx, registers := new(watcher), c.t.Context(), c.registers()
	var busy sync.WaitGroup
	busy.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			w.look(ctx, registers[i%len(registers)])
			time.Sleep(pace)
		}
	})
	c.t.Cleanup(busy.Wait)
	return w
}

func (w *watcher) look(ctx context.Context, r *objects.Register) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	h, _, err := r.Peek(ctx)
	public, v, err2 := r.Published(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	if err != nil || err2 != nil {
		w.failures++
	}
	if err == nil && (len(w.heads) == 0 || w.heads[len(w.heads)-1].Nonce != h.Nonce) {
		w.heads = append(w.heads, h)
	}
	if n := len(w.checkpoints); err2 == nil && v != "" && (n == 0 || string(w.checkpoints[n-1].Bytes()) != string(public.Bytes())) {
		w.checkpoints = append(w.checkpoints, public)
	}
}

// head returns the last head; before there is one the zero Head.
func (w *watcher) head() objects.Head {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.heads) == 0 {
		return objects.Head{}
	}
	return w.heads[len(w.heads)-1]
}

// all returns what was seen.
func (w *watcher) all() (heads []objects.Head, checkpoints []tlog.SignedCheckpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]objects.Head(nil), w.heads...), append([]tlog.SignedCheckpoint(nil), w.checkpoints...)
}
