package web

import (
	"context"
	"errors"
	"time"
)

// Bounds of waiting for the node that leads.
const (
	leaderLook  = time.Second / 4 // between two looks at who leads
	leaderGrace = time.Second     // for an answer that is on its way when another leads: one that has resigned gave it before
)

// errLeft ends waiting for a node.
var errLeft = errors.New("the node that was asked does not lead any more, as far as this one knows")

// whileLeads returns the context of a record that is sent to a node: it ends after
// forwardTime, and leaderGrace after this node knows that the other does not lead any more, or
// began anew. One that hangs keeps its submitter no longer.
func (h *Handler) whileLeads(ctx context.Context, owner string) (context.Context, context.CancelFunc) {
	ctx, leave := context.WithCancelCause(ctx)
	ctx, cancel := context.WithTimeout(ctx, forwardTime)
	_, epoch := h.cfg.Node.Owner()
	go func() {
		tick := time.NewTicker(leaderLook)
		defer tick.Stop()
		for looks := leaderGrace / leaderLook; looks >= 0; {
			select {
			case <-ctx.Done():
				leave(nil)
				return
			case <-tick.C:
			}
			if now, of := h.cfg.Node.Owner(); now != owner || of != epoch {
				looks--
			}
		}
		leave(errLeft)
	}()
	return ctx, cancel
}
