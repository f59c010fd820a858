package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
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
func (h *Handler) whileLeads(ctx context.Context, owner string, epoch uint64) (context.Context, context.CancelFunc) {
	ctx, leave := context.WithCancelCause(ctx)
	ctx, cancel := context.WithTimeout(ctx, forwardTime)
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

// showTime is for how long an answer waits for this node to show what it speaks of: many looks of
// one that is well, and no more of whoever's time where it is not.
const showTime = 2 * time.Second

// shows has this node look for the record that another has registered, as its answer says: whoever
// asks here for what was just acknowledged here is not told that there is no such record.
func (h *Handler) shows(ctx context.Context, a *answer) {
	if h.cfg.Node.Look == nil || a.status != http.StatusCreated && a.status != http.StatusOK {
		return
	}
	path, _ := strings.CutPrefix(a.location, "/records/")
	id, err := record.ParseID(path)
	if err != nil {
		return
	}
	if v := h.cfg.View(); v != nil && v.Begun() {
		if _, ok, err := v.Index(id); ok || err != nil {
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, showTime)
	defer cancel()
	h.cfg.Node.Look(ctx)
}

// unfound says of an error that there is nobody at the address of a node, where that may be
// wrong.
func unfound(err error) error {
	if isDial(err) {
		return fmt.Errorf("%w: that node names itself so by --at, at which this one has to reach it", err)
	}
	return err
}

func isDial(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// outageQuiet is for how long no record has failed to reach the node that leads when the outage is
// over: one that answers some of them is said once too.
const outageQuiet = 10 * time.Second

// An outage is the time in which records do not reach the node that leads. Its methods may be called
// at once.
type outage struct {
	mu    sync.Mutex
	owner string    // which was not reached; "" where there is no outage
	epoch uint64    // in which it led
	told  [2]bool   // of it: that there is nobody, and that it failed otherwise
	last  time.Time // that a record did not reach it
}

// fails takes in that a record did not reach a node, and says whether that is news.
func (o *outage) fails(owner string, epoch uint64, err error, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.owner != "" && epoch < o.epoch {
		return false // it was on its way since before
	}
	if o.owner != owner || o.epoch != epoch {
		o.owner, o.epoch, o.told = owner, epoch, [2]bool{}
	}
	o.last = now
	told := &o.told[0]
	if !isDial(err) {
		told = &o.told[1]
	}
	news := !*told
	*told = true
	return news
}

// ends takes in that one has reached the node that leads, and says whether an outage is over by it.
func (o *outage) ends(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	quiet := now.Sub(o.last)
	if o.owner == "" || quiet >= 0 && quiet < outageQuiet { // a clock that was put back ends it too
		return false
	}
	o.owner = ""
	return true
}

// clear is for a node that leads: no record has to reach another.
func (o *outage) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.owner = ""
}
