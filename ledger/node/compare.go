package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects"
)

// leftLeading makes the store a copy that was left when the node led, once it has shown that
// it has what left by it.
func (n *Node) leftLeading() error {
	if n.guard == nil {
		return fmt.Errorf("the store was left by a node that led, and there is no guard at %s: put it back, or begin with an empty store", n.cfg.Guard.Dir)
	}
	last, err := n.guard.Last()
	if err != nil {
		return err
	}
	if err := n.store.Continues(last.Checkpoint); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrGuard, err)
	}
	// What was committed and cut short before the guard had it, did not leave.
	if !n.store.Held() && n.store.Head().Checkpoint.Size > last.Size {
		if err := n.store.Publish(last); err != nil {
			return err
		}
	}
	return n.store.Demote()
}

// learn remembers how many entries the log has to have, and whether it is frozen.
func (n *Node) learn() error {
	n.knows(n.store.Head().Checkpoint.Size)
	if n.guard == nil {
		return nil
	}
	last, err := n.guard.Last()
	if err != nil {
		return err
	}
	n.knows(last.Size)
	return n.learnFrozen()
}

// knows is for one goroutine at a time.
func (n *Node) knows(size uint64) { n.known.Store(max(n.known.Load(), size)) }

// shown returns what is public and was judged; before there is any, the empty log, which
// needs no judge.
func (n *Node) shown() (tlog.SignedCheckpoint, error) {
	if shown, ok := n.store.Shown(); ok {
		return shown.Checkpoint, nil
	}
	return ledger.SignEmpty(n.ledger())
}

// ledger returns what a Log of this node is made of.
func (n *Node) ledger() ledger.Config {
	return ledger.Config{
		Store: n.store, Guard: n.guard, Sign: n.cfg.Sign, Cosigner: n.cfg.Cosigner, Clock: n.cfg.Clock,
		Policy: n.cfg.Policy, Past: n.past, Log: n.log, Batch: n.cfg.Batch,
	}
}

func behind(h objects.Head, known uint64) error {
	return fmt.Errorf("%w: its head has %d entries, this node knows of %d", ErrRestored, h.Checkpoint.Size, known)
}

// setRestored remembers whether the bucket was put back, and says so when that is news.
func (n *Node) setRestored(err error) {
	n.mu.Lock()
	was := n.restored
	n.restored = err
	n.mu.Unlock()
	switch {
	case err != nil && was == nil:
		n.log.Error("THE BUCKET WAS PUT BACK, OR IS ANOTHER: this node leads nothing there, and shows what it had; where the loss is real, go by \"The bucket is lost\" in OPERATING", "why", err)
	case err == nil && was != nil:
		n.log.Info("the bucket has all again that this node knows of")
	}
}

// peek returns the head without its batch.
func (n *Node) peek(ctx context.Context) (objects.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	h, _, err := n.cfg.Register.Peek(ctx)
	if err == nil {
		n.seeFrozen(h)
	}
	return h, err
}

// published returns what is public, judged by nobody; of the empty version where nothing is.
func (n *Node) published(ctx context.Context) (tlog.SignedCheckpoint, objects.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	c, v, err := n.cfg.Register.Published(ctx)
	if err == nil {
		n.republished(v)
		n.well(objects.CheckpointName)
		n.lostPublic(ctx, v == "")
	}
	return c, v, err
}

// A position is the head with what was public while it was the head.
type position struct {
	head    objects.Head
	version objects.Version
	public  tlog.Checkpoint // the empty tree where nothing was; what stands for it where it is gone
	shown   objects.Version // of what was public
}

// errElsewhere says that somebody has changed the head meanwhile.
var errElsewhere = errors.New("somebody else works with the log")

// position reads where the log is. The error is errElsewhere where the head is another than the
// one that was peeked at.
func (n *Node) position(ctx context.Context, peeked objects.Head) (p position, err error) {
	// Between two looks at the head, so that one is of the other; and before the whole of it, which
	// is large and read in vain where nothing stands for what is gone.
	c, shown, err := n.published(ctx)
	if err != nil {
		return p, err
	}
	p.public, p.shown = c.Checkpoint, shown
	switch {
	case c.Size > 0:
	case peeked.Before() > 0:
		if p.public, err = n.standsFor(peeked); err != nil {
			return p, err
		}
	default:
		p.public = tlog.Checkpoint{Origin: n.store.Key().Name(), Root: tlog.EmptyRoot()}
	}
	reading, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if p.head, p.version, err = n.cfg.Register.Read(reading); err != nil {
		return p, err
	}
	n.seeFrozen(p.head)
	if p.head.Nonce != peeked.Nonce {
		return p, errElsewhere
	}
	return p, nil
}

// compare proves that the log, as the bucket has it, has all that the store and the guard
// have. The error is ErrRestored where it has not. What the head's batch adds, Redo proves to
// go on from the guard.
func (n *Node) compare(p position) error {
	h, have := p.head, n.store.Head().Checkpoint.Checkpoint
	last, err := n.guard.Last()
	if err != nil {
		return err
	}
	if err := n.learnFrozen(); err != nil {
		return err
	}
	switch thawed := n.thawed(h); {
	case h.Checkpoint.Size < max(have.Size, last.Size):
		return behind(h, max(have.Size, last.Size))
	case p.public.Size != h.Before() && p.public.Size != h.Checkpoint.Size:
		return fmt.Errorf("%w: %d entries are public, the head has %d, the last %d of them in its batch", ErrRestored, p.public.Size, h.Checkpoint.Size, len(h.Batch))
	case p.public.Size == h.Checkpoint.Size && p.public != h.Checkpoint:
		return fmt.Errorf("%w: of %d entries the root %s is public, the head has %s", ErrRestored, p.public.Size, p.public.Root, h.Checkpoint.Root)
	case have.Size == h.Checkpoint.Size && have != h.Checkpoint:
		return fmt.Errorf("%w: of %d entries the store has the root %s, the head has %s", ErrRestored, have.Size, have.Root, h.Checkpoint.Root)
	case have.Size != h.Checkpoint.Size && have != p.public:
		return fmt.Errorf("%w: the store has %d entries of root %s, %d of root %s are public", ErrRestored, have.Size, have.Root, p.public.Size, p.public.Root)
	case thawed != nil:
		return thawed
	case last.Size > have.Size:
		return nil // as the batch shows
	}
	if err := n.store.Continues(last.Checkpoint); err != nil {
		return fmt.Errorf("%w: of what the guard has: %w", ErrRestored, err)
	}
	return nil
}
