package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects"
)

// An unfitError is why a node that nobody keeps from leading does not. Strangers read it.
type unfitError struct{ why error }

func (e *unfitError) Error() string {
	return "no node leads, and this one would register nothing if it did"
}

func (e *unfitError) Unwrap() error { return e.why }

// able says what Config does of why nothing is registered now.
func (n *Node) able() error {
	if n.cfg.Able == nil {
		return nil
	}
	return n.cfg.Able()
}

// mayTake says whether a log is to be taken that nobody works with: who knows that it will
// register nothing leaves it to others. A clock that is behind keeps nobody from finishing what is
// committed and not public, nor from a log that registers nothing anyway. As for a leader, it is
// behind the last entry or behind what witnesses have seen.
func (n *Node) mayTake(h objects.Head) bool {
	why := n.able()
	if why == nil && h.Before() == h.Checkpoint.Size && h.State == objects.Open {
		why = ledger.ClockBehind(n.cfg.Clock().Unix(), max(h.Time, n.seenBy()))
	}
	n.mu.Lock()
	was := n.unfit
	n.unfit = why
	n.mu.Unlock()
	if why != nil && was == nil {
		n.log.Error("nobody leads, and this node does not take the log: it would register nothing", "epoch", h.Epoch, "why", why)
	}
	return why == nil
}

// seenBy returns by when a quorum of witnesses had seen what this node shows, in POSIX seconds; 0
// where none is asked, or none has.
func (n *Node) seenBy() int64 {
	shown, ok := n.store.Shown()
	if n.cfg.Witnesses == nil || !ok {
		return 0
	}
	// That there is no time is no fault: the policy may be newer than the checkpoint.
	c, err := n.policy.Checkpoint(shown.Checkpoint)
	if err != nil {
		return 0
	}
	t, err := n.policy.SeenBy(c)
	if err != nil {
		return 0
	}
	return t
}

// attend tells why a leader registers nothing, once that has stood for as long as others wait
// for one that does nothing: a fault of a moment moves no leadership. It ends with ctx.
func (n *Node) attend(ctx context.Context, log *ledger.Log, faulty chan<- error) {
	tick := time.NewTicker(n.tick())
	defer tick.Stop()
	stands, since := false, n.steady()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		why := log.Behind()
		if why == nil {
			why = n.able()
		}
		if why == nil || !stands {
			stands, since = why != nil, n.steady()
			continue
		}
		if n.steady().Sub(since) >= n.cfg.After {
			faulty <- why
			return
		}
	}
}

// signing returns what signs for a leader. What is committed has to be signed, by this node or the
// next: where it can't be, it is tried again, as what the bucket does not take is, until there is
// a signature, another node has the head, or the leader is over. The head is not changed meanwhile.
func (n *Node) signing(ctx context.Context, leader *objects.Leader) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		for {
			sig, err := n.cfg.Sign(message)
			if ctx.Err() == nil {
				n.signs(err)
			}
			if err == nil {
				return sig, nil
			}
			if lost := leader.Lost(ctx); lost != nil {
				return nil, fmt.Errorf("%w; %w", lost, err)
			}
			t := time.NewTimer(n.tick())
			select {
			case <-t.C:
			case <-leader.Failed():
				return nil, errors.Join(err, leader.Err())
			case <-ctx.Done():
				return nil, err
			}
			t.Stop()
		}
	}
}

// signs remembers whether the key signed when it was last asked to, and says what is news.
func (n *Node) signs(err error) {
	n.mu.Lock()
	was := n.mute
	n.mute = err != nil
	n.mu.Unlock()
	switch {
	case err != nil && !was:
		what := "this node took the log and cannot sign"
		if n.leading.Load() != nil {
			what = "this node leads and cannot sign what it committed"
		}
		n.log.Error(what+": it is tried again, and another node may take over", "why", err)
	case err == nil && was:
		n.log.Info("this node signs again")
	}
}

// maxBack is how many times as long as others wait for one that does nothing a node stands
// back at most.
const maxBack = 32

func (n *Node) firstBack() int { return max(1, int(n.cfg.After/n.cfg.Poll)) }

// A back is for how long a node does not take the log, since it gave it up by a fault of its own:
// the others have their turn, and where all have the same fault they change it no more often
// than that. It is measured in polls.
type back struct {
	wait int // the last time
	left int
	calm int // since then
}

// gaveUp begins with one that lasts twice as long as the one before, and at first so long.
func (b *back) gaveUp(first int) {
	*b = back{wait: min(max(first, 2*b.wait), maxBack*first)}
	b.left = b.wait
}

// poll goes on by one poll in which the node follows. Who might have led for as long as the
// longest, and did not have to, begins anew.
func (b *back) poll(first int) {
	if b.left > 0 {
		b.left--
		return
	}
	if b.calm++; b.calm > maxBack*first {
		*b = back{}
	}
}

// standBack has the node stand back after it gave the log up.
func (n *Node) standBack(why error) {
	n.back.gaveUp(n.firstBack())
	n.log.Warn("this node stands back, so that others may lead", "for", time.Duration(n.back.left)*n.cfg.Poll, "why", why)
}

// gaveUp says whether an end of leading was by a fault of this node's own: it resigned, or another
// took over before it led, or when its head was of an age, by its own ticks, that no beat leaves
// it: it could not write, or sign. One that slept counts none.
func (n *Node) gaveUp(err error, led bool, age time.Duration) bool {
	var resigned *resignation
	if errors.As(err, &resigned) || errors.Is(err, ledger.ErrUnsigned) {
		return true
	}
	return errors.Is(err, objects.ErrFenced) && (!led || age > n.cfg.After/2)
}

// A resignation is the end of a leader that registers nothing, and has said that nobody leads.
type resignation struct{ why error }

func (e *resignation) Error() string { return fmt.Sprintf("it registers nothing: %v", e.why) }
