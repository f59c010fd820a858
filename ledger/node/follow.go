package node

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/replica"
)

// A watch knows for how long the head has been the same.
type watch struct {
	seen  objects.Nonce
	quiet *time.Timer // fires when a head that is the same by then is to be taken; nil before the first
	over  bool        // it has
}

// of begins anew with a head that is another than before. It returns whether it was
// the same, and nobody has changed it for long enough.
func (w *watch) of(nonce objects.Nonce, over bool, after time.Duration) bool {
	if nonce == w.seen && w.quiet != nil {
		return over
	}
	w.seen, w.over = nonce, false
	if w.quiet == nil {
		w.quiet = time.NewTimer(after)
	} else {
		w.quiet.Reset(after)
	}
	return false
}

// fires returns what the timer sends to, nil for never.
func (w *watch) fires() <-chan time.Time {
	if w.quiet == nil {
		return nil
	}
	return w.quiet.C
}

func (w *watch) stop() {
	if w.quiet != nil {
		w.quiet.Stop()
	}
	*w = watch{}
}

// turns says when what is public is read again.
type turns struct {
	version objects.Version // of the checkpoint at the last one that went well
	idle    int             // polls since
	rest    int             // polls to wait after one that did not
	wait    int             // how many that were
}

const (
	idleTime = replica.Patience / 4 // for how long no turn is made while the checkpoint is the same
	maxRest  = 60                   // polls after a turn that failed: the failures before it double them
)

// follow reads what is public until the head is to be taken, which it returns without its
// batch, or ctx ends. The error is of the disk.
func (n *Node) follow(ctx context.Context) (objects.Head, error) {
	looking, cancel := context.WithCancel(ctx)
	due := make(chan objects.Head, 1)
	var wait sync.WaitGroup
	wait.Go(func() { n.look(looking, due) })
	defer n.keepFrozen(ctx) // what was seen last
	defer wait.Wait()
	defer cancel()
	tick := time.NewTicker(n.cfg.Poll)
	defer tick.Stop()
	asks := pace{rested: time.NewTimer(0)}
	defer asks.rested.Stop()
	defer n.looks.end(false)
	n.turns.idle++ // Run begins it again after a poll
	for {
		n.looks.begin()
		n.looks.end(n.turn(ctx))
		n.keepFrozen(ctx)
		if err := n.store.Err(); err != nil {
			return objects.Head{}, err
		}
		h, take := n.pause(ctx, due, tick.C, &asks)
		if take || ctx.Err() != nil {
			return h, nil
		}
	}
}

// pause waits until what is public is to be read again, a head comes that is to be taken, or ctx
// ends.
func (n *Node) pause(ctx context.Context, due <-chan objects.Head, tick <-chan time.Time, asks *pace) (h objects.Head, take bool) {
	for {
		select {
		case <-ctx.Done():
			return objects.Head{}, false
		case h := <-due:
			return h, true
		case <-tick:
			n.turns.idle++
			return objects.Head{}, false
		case <-asks.rested.C:
			asks.asked = n.asked
		case <-n.wanted(*asks):
			asks.asked = nil
			asks.rested.Reset(n.cfg.Poll / maxLooks)
			return objects.Head{}, false
		}
	}
}

// turn reads what is public once, where that is news. It returns false where it is not known, or
// can't be shown.
func (n *Node) turn(ctx context.Context) bool {
	if n.turns.rest > 0 {
		n.turns.rest--
		return false
	}
	living := n.sees() // before what is public is read
	c, v, err := n.published(ctx)
	switch size := n.store.Head().Checkpoint.Size; {
	case err != nil:
		n.tell(ctx, objects.CheckpointName, err)
		return false
	case v == "": // nothing is public yet
	case c.Size < size: // the store has a batch more, or the head says that the bucket was put back
	case v == n.turns.version && time.Duration(n.turns.idle)*n.cfg.Poll < idleTime: // as it was
	default:
		if err := n.turnNow(ctx); err != nil {
			n.turns.wait = min(2*n.turns.wait+1, maxRest)
			n.turns.rest = n.turns.wait
			return false
		}
		n.turns = turns{version: v}
	}
	if err := n.vouch(living); err != nil {
		n.tell(ctx, "guard", err)
	}
	return true
}

// turnNow reads what is public. The error was told.
func (n *Node) turnNow(ctx context.Context) error {
	if err := n.replica.Load().Turn(ctx); err != nil {
		return err
	}
	err := n.join()
	if err == nil {
		err = n.remember()
	}
	if err == nil {
		err = n.learn()
	}
	if err != nil {
		n.tell(ctx, "guard", err)
	}
	return err
}

// look looks at the head at each poll until ctx ends, and says when it is to be taken.
func (n *Node) look(ctx context.Context, due chan<- objects.Head) {
	tick := time.NewTicker(n.cfg.Poll)
	defer tick.Stop()
	for ; ; n.back.poll(n.firstBack()) {
		over := n.watch.over // before it is read
		known := n.known.Load()
		if h, err := n.peek(ctx); err != nil {
			n.unobserved()
			n.tell(ctx, objects.HeadName, err)
		} else if n.ownWord(n.see(h, known, over) || n.reconsiders(h, over)) {
			select {
			case due <- h:
			default:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-n.watch.fires():
			n.watch.over = true
		case <-tick.C:
		}
	}
}

// see takes in a head, and says whether it is to be taken: over says that its time had come
// before it was read, and known how many entries it has to have.
func (n *Node) see(h objects.Head, known uint64, over bool) bool {
	after := n.cfg.After
	if h.Owner == "" && n.vouched.Load() {
		after = n.shortly()
	}
	changed := h.Nonce != n.watch.seen
	same := n.watch.of(h.Nonce, over, after)
	n.judge(h)
	n.spot(h)
	restored := n.lacks(h, known)
	n.observe(h, same || restored != nil)
	n.mu.Lock()
	n.owner, n.epoch = h.Owner, h.Epoch
	if changed {
		n.unfit = nil // somebody leads
	}
	moved := h.State == objects.Moved
	news := moved && !n.moved
	n.moved = moved
	ended := n.ended
	n.mu.Unlock()
	n.well(objects.HeadName)
	if news {
		n.log.Warn("the log goes on elsewhere: no node leads it in this bucket any more", "size", h.Checkpoint.Size)
	}
	n.setRestored(restored)
	return same && !moved && restored == nil && ended == nil && n.back.left == 0
}

// shortly returns how long to wait before a log is taken that nobody has, so that nodes which
// see it at once do not all try.
func (n *Node) shortly() time.Duration {
	d, err := rand.Int(n.cfg.Register.Random, big.NewInt(int64(n.cfg.Poll)))
	if err != nil {
		return n.cfg.Poll
	}
	return time.Duration(d.Int64())
}

// tell says once for each reason why something could not be read.
func (n *Node) tell(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	news := n.news.Fails(what, err)
	switch {
	case what == objects.HeadName && n.lostHead(err, news), !news:
	case what == objects.HeadName && errors.Is(err, objects.ErrAbsent):
		n.log.Error("the bucket has no log: chirographd migrate puts one there", "why", err)
	default:
		n.log.Warn("what the node needs could not be read", "what", what, "why", err)
	}
}

// trouble says what of this node's the bucket does not take.
func (n *Node) trouble(what string, err error) {
	if err != nil {
		n.log.Warn("the bucket does not take what this node puts: it is tried again", "what", what, "why", err)
		return
	}
	n.log.Info("the bucket takes what this node puts again", "what", what)
}

// again returns when the node is to go on after it did not take over, for which there may be a
// reason, or led.
func (n *Node) again(ctx context.Context, why error) {
	if why != nil {
		n.tell(ctx, "log", why)
	}
	t := time.NewTimer(n.cfg.Poll)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
