package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/objects"
)

// missing is what the bucket had, and has no more.
type missing struct{ head, public atomic.Bool }

// Strangers may read them.
var (
	errNoHead   = errors.New("the bucket has no log of this ledger any more: this node shows what it had")
	errNoPublic = errors.New("what was public last is gone from the bucket: this node shows what it had")
)

func (m *missing) err() error {
	switch {
	case m.head.Load():
		return errNoHead
	case m.public.Load():
		return errNoPublic
	}
	return nil
}

// lostHead remembers that the head is missing, where it is and this node has entries of its log. It
// says so when that is news, or the reason is, and returns whether it is missing.
func (n *Node) lostHead(err error, news bool) bool {
	what := ""
	switch {
	case n.known.Load() == 0:
	case errors.Is(err, objects.ErrAbsent):
		what = "THE BUCKET HAS NO LOG ANY MORE, OR IS ANOTHER: this node leads nothing there, and shows what it had; stop all nodes before anything is put there, and go by \"The bucket is lost\" in OPERATING"
	case errors.Is(err, objects.ErrOther):
		what = "THE BUCKET HAS THE LOG OF ANOTHER LEDGER: this node leads nothing there, and shows what it had"
	}
	if what == "" {
		return false
	}
	if was := n.lost.head.Swap(true); news || !was {
		n.log.Error(what, "why", err)
	}
	return true
}

// well says that what could not be read is read again.
func (n *Node) well(what string) {
	if what == objects.HeadName {
		n.lost.head.Store(false)
	}
	if n.news.Well(what) {
		n.log.Info("what could not be read is read again", "what", what)
	}
}

// lostPublic remembers whether readers of the bucket find nothing, though this node has found
// something there, and says so when that is news. Where the head is gone with it nothing is to be
// put back, and who looks at the head says what to do.
func (n *Node) lostPublic(ctx context.Context, absent bool) {
	shown, had := n.store.Shown()
	gone := absent && had && shown.Checkpoint.Size > 0
	if gone && !n.lost.public.Load() {
		_, err := n.peek(ctx)
		gone = !errors.Is(err, objects.ErrAbsent) && !errors.Is(err, objects.ErrOther)
	}
	switch was := n.lost.public.Swap(gone); {
	case gone && !was:
		n.log.Error("the object checkpoint is gone from the bucket, and readers find nothing there: the node that leads puts it back, or the next that may; else put there what a node answers at /checkpoint")
	case was && !gone:
		n.log.Info("the object checkpoint is in the bucket again")
	}
}

// standsFor returns what counts as public where nothing is of a head that has more than its batch: what
// this node showed last, where the head goes on from it. Whether the batch was public, nobody
// knows any more; so it is never put back as it was, but what the head has is made public.
func (n *Node) standsFor(h objects.Head) (tlog.Checkpoint, error) {
	have := n.store.Head().Checkpoint.Checkpoint
	shown, ok := n.store.Shown()
	public := shown.Checkpoint.Checkpoint
	if ok && (public.Size == h.Before() || public.Size == h.Checkpoint.Size) && (have == public || have == h.Checkpoint) {
		return public, nil
	}
	return public, fmt.Errorf("nothing is public in the bucket, whose head has %d entries, and this node, which shows %d, has not what was: a node that has it goes on, or put there what one answers at /checkpoint", h.Checkpoint.Size, public.Size)
}

// showAgain has readers find what was public of all that the log has, where they do not.
func (n *Node) showAgain(leader *objects.Leader) error {
	public := n.store.Published().Checkpoint
	if public.Size == 0 || public.Checkpoint != n.store.Head().Checkpoint.Checkpoint || leader.Shown() == public.Checkpoint {
		return nil
	}
	if leader.Shown().Size == 0 { // else a leader stopped before it replaced it
		n.log.Warn("the object checkpoint was gone from the bucket: this node, which takes the log, puts it there again", "size", public.Size)
	}
	if err := leader.Publish(public); err != nil {
		return err
	}
	return n.store.Hold() // as it was: what is public is what was cosigned
}

// keepPublic has what readers find be there as long as the leader leads. It returns what waits for
// the end of that.
func (n *Node) keepPublic(leader *objects.Leader) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(n.tick() * ticks / beats)
		defer tick.Stop()
		for {
			select {
			case <-leader.Failed():
				return
			case <-tick.C:
			}
			if again, _ := leader.Reshow(); again { // else it is tried again
				n.log.Warn("the object checkpoint was gone from the bucket: this node, which leads, put it there again")
			}
		}
	}()
	return func() { <-done }
}
