package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/witness"
)

// takeOver takes the log whose head is h, as it was peeked at. It returns nil where somebody else was
// faster, or it could not be taken now, which the error says; then the store is a copy.
func (n *Node) takeOver(ctx context.Context, h objects.Head) (*objects.Leader, error) {
	p, err := n.reach(ctx, h)
	switch {
	case errors.Is(err, errElsewhere):
		return nil, nil
	case errors.Is(err, ErrRestored):
		n.refuse(p, err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	why := "nobody has the log: this node takes it"
	if p.head.Owner != "" {
		why = "the node that has the log does not go on with it: this node takes it"
	}
	n.log.Info(why, "epoch", p.head.Epoch+1, "size", p.head.Checkpoint.Size, "before", p.head.Owner)
	if err := n.promote(p); err != nil {
		return nil, errors.Join(err, n.demote())
	}
	// What comes of a request that is given up here, all see by the head.
	taking, cancel := context.WithTimeout(ctx, max(n.cfg.After, requestTime))
	defer cancel()
	leader, err := n.cfg.Register.Take(taking, n.store, p.head, p.version, n.cfg.Owner, n.steady)
	if err == nil {
		return leader, nil
	}
	if errors.Is(err, objects.ErrFenced) {
		n.log.Info("another node took the log", "why", err)
		err = nil
	}
	return nil, errors.Join(err, n.demote())
}

// reach returns where the log is, once the store has it to there, or to where it is public.
func (n *Node) reach(ctx context.Context, h objects.Head) (position, error) {
	p, err := n.position(ctx, h)
	if err != nil {
		return p, err
	}
	// What is public to the byte, because the ledger's own store begins with it.
	shown, ok := n.store.Shown()
	if size := p.public.Size; size > 0 && n.store.Head().Checkpoint.Size <= size && !(ok && shown.Checkpoint.Checkpoint == p.public) {
		if err := n.turnNow(ctx); err != nil {
			return p, err
		}
	}
	if err := n.join(); err != nil {
		return p, err
	}
	err = n.compare(p)
	if errors.Is(err, ErrRestored) { // or somebody has gone on while the store did
		if now, failed := n.peek(ctx); failed != nil || now.Nonce != h.Nonce {
			return p, errElsewhere
		}
	}
	if err == nil {
		n.accept()
	}
	return p, err
}

// promote makes the store the ledger's own, at what the store has; public stays what is.
func (n *Node) promote(p position) error {
	public, err := n.shown()
	if err != nil {
		return err
	}
	signed := public
	if have := n.store.Head().Checkpoint.Checkpoint; have != public.Checkpoint {
		// A batch that this node signed, and that is not public.
		if signed, err = n.store.Kept(); err != nil {
			return err
		}
	}
	return n.store.PromoteHolding(signed, public)
}

// demote makes the store a copy, which shows what this node showed, where it is not.
func (n *Node) demote() error {
	if n.store.IsCopy() || n.store.Err() != nil {
		return n.store.Err()
	}
	if l := n.leading.Load(); l != nil && l.View().Size() < n.store.Head().Checkpoint.Size {
		if err := n.store.Publish(l.View().Checkpoint()); err != nil { // not what is committed, and did not leave
			return err
		}
	}
	if err := n.store.Demote(); err != nil {
		return err
	}
	// A guard that cannot be read is no reason to show less.
	return errors.Join(n.newReplica(), n.learn())
}

// steady is the clock by which a leader tells how old its head is. It goes on with the
// ticks of lead, whatever other clocks say.
func (n *Node) steady() time.Time { return time.Unix(0, n.ticked.Load()*int64(n.tick())) }

func (n *Node) tick() time.Duration { return max(n.cfg.After/ticks, time.Millisecond) }

// lead leads until ctx ends, or the leader or its log does, and follows then. The error is
// why it cannot.
func (n *Node) lead(ctx context.Context, leader *objects.Leader) error {
	n.watch.stop()
	n.twin = twin{} // how the head changes from now on is this node's work
	epoch := leader.Epoch()
	log, witnesses, err := n.begin(ctx, leader)
	if err == nil {
		size := log.View().Size()
		n.leads(log, epoch)
		n.askSelf(ctx)
		if err = n.work(ctx, leader, log); log.View().Size() > size {
			n.back = back{} // it did what it is there for
		}
	} else {
		leader.Close()
	}
	if witnesses != nil {
		witnesses.Close()
	}
	n.why(ctx, epoch, err)
	if ctx.Err() == nil && n.gaveUp(err, log != nil, n.steady().Sub(leader.Swapped())) {
		n.standBack(err)
	}
	err = n.demote()
	if n.store.IsCopy() { // else nothing but the Log has what was shown
		n.leading.Store(nil)
	}
	return err
}

// begin opens the Log of a leader. Where ctx ends meanwhile, so does the leader.
func (n *Node) begin(ctx context.Context, leader *objects.Leader) (log *ledger.Log, w *witness.Witnesses, err error) {
	stop := context.AfterFunc(ctx, leader.Close)
	defer stop()
	cfg := n.ledger()
	cfg.Storage, cfg.Witnessed, cfg.Sign = leader, n.cfg.Witnesses != nil, n.signing(ctx, leader)
	if batch, tree := leader.Batch(); len(batch) > 0 {
		if err := ledger.Redo(cfg, batch, tree); err != nil {
			return nil, nil, fmt.Errorf("the batch in the head, of epoch %d: %w", leader.Epoch()-1, err)
		}
	}
	if leader.Frozen() {
		if err := n.store.Freeze(); err != nil {
			return nil, nil, err
		}
	}
	if err := leader.Settle(); err != nil {
		return nil, nil, err
	}
	if err := n.showAgain(leader); err != nil {
		return nil, nil, err
	}
	if n.cfg.Witnesses != nil {
		if w, err = n.cfg.Witnesses(n.store); err != nil {
			return nil, nil, err
		}
		cfg.Witnesses = w
	}
	log, err = ledger.Open(cfg)
	return log, w, err
}

func (n *Node) leads(log *ledger.Log, epoch uint64) {
	n.taken.Add(1)
	n.mu.Lock()
	n.owner, n.epoch, n.stalled, n.saidStall = n.cfg.Owner, epoch, false, false
	n.mu.Unlock()
	n.news.Clear()
	n.leading.Store(log)
	n.log.Info("this node leads", "epoch", epoch, "size", log.View().Size())
}

// work beats until ctx ends, the leader or its log does, or it resigns; then nothing of theirs goes
// on.
func (n *Node) work(ctx context.Context, leader *objects.Leader, log *ledger.Log) error {
	attending, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	faults := make(chan error, 1)
	if !log.Frozen() {
		wait.Go(func() { n.attend(attending, log, faults) })
	}
	beat, beaten := make(chan struct{}, 1), make(chan error, 1)
	go func() { beaten <- n.beat(leader, beat) }()
	ended := make(chan error, 1)
	tick := time.NewTicker(n.tick())
	defer tick.Stop()
	over, done, closing, faulty := leader.Failed(), log.Done(), ctx.Done(), faults
	var resigned error
	end := func() {
		over, done, closing, faulty = nil, nil, nil, nil
		go func() { ended <- n.close(leader, log) }()
	}
	for {
		select {
		case <-tick.C:
			n.ticked.Add(1)
			n.stall(n.steady().Sub(leader.Swapped()))
			select {
			case beat <- struct{}{}:
			default: // the last is under way
			}
		case <-over:
			end()
		case <-done:
			end()
		case <-closing:
			end()
		case why := <-faulty:
			resigned = &resignation{why}
			end()
		case err := <-ended:
			close(beat)
			if resigned != nil && errors.Is(err, objects.ErrClosed) { // what could not be signed kept it from saying so
				err = nil
			}
			return cmp.Or(<-beaten, err, resigned)
		}
	}
}

// beat changes the head at some ticks, until there are no more or the leader has ended. The error
// is a panic.
func (n *Node) beat(leader *objects.Leader, ticked <-chan struct{}) (err error) {
	defer n.keepPublic(leader)()
	defer func() {
		if v := recover(); v != nil {
			leader.Close()
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	for range ticked {
		_ = leader.Beat(n.tick() * ticks / beats) // why it ended, it says to all
	}
	return nil
}

// close ends a log and its leader, and returns why they ended by themselves. A node that
// closes says that nobody leads.
func (n *Node) close(leader *objects.Leader, log *ledger.Log) error {
	patience := time.AfterFunc(resignTime+closeTime, leader.Close)
	defer patience.Stop()
	err := cmp.Or(leader.Err(), log.Err())
	stopped := log.Close()
	if err = cmp.Or(err, leader.Err(), stopped); err == nil {
		if err := leader.Resign(); err != nil {
			n.log.Warn("the other nodes were not told that nobody leads: they wait until they see it", "why", err)
		}
	}
	leader.Close()
	return err
}

// closeTime is for how long a Log that is closed waits for its witnesses.
const closeTime = 5 * time.Second

// longStall is how many times as long as others wait a head is of one age before that is said: with a
// store that is slow it may be older than that before each batch, and all is well.
const longStall = 3

// stall remembers whether the head, of this age, is too old for others not to take it.
func (n *Node) stall(age time.Duration) {
	n.mu.Lock()
	n.stalled = age > n.cfg.After
	said := n.saidStall
	n.saidStall = age > longStall*n.cfg.After || said && n.stalled
	says := n.saidStall
	n.mu.Unlock()
	switch {
	case says == said:
	case says:
		n.log.Error("the head of this node, which leads, is not changed any more: nothing is registered meanwhile, and another node may take over", "for", age)
	default:
		n.log.Info("the head of this node is changed again")
	}
}

// why says why a leader of an epoch ended, and has the node not lead again where that would
// end the same way.
func (n *Node) why(ctx context.Context, epoch uint64, err error) {
	var conflict *witness.Conflict
	var resigned *resignation
	switch {
	case n.store.Err() != nil:
	case err == nil:
		n.log.Info("this node does not lead any more", "epoch", epoch)
	case errors.As(err, &resigned):
		n.log.Error("this node registers nothing, and does not lead any more", "epoch", epoch, "why", resigned.why)
	case ctx.Err() != nil:
		n.log.Warn("this node does not lead any more, and the others wait until they see it", "epoch", epoch, "why", err)
	case errors.Is(err, objects.ErrFenced) && errors.Is(err, objects.ErrAbsent):
		n.log.Error("the head of the log is gone from the bucket: this node does not lead any more", "epoch", epoch, "why", err)
	case errors.Is(err, objects.ErrFenced):
		n.follows(epoch, err)
	case errors.As(err, &conflict):
		n.dispute(ctx, &disputed{epoch, err})
	case errors.Is(err, ledger.ErrUnsigned):
		n.log.Error("this node cannot sign, and does not lead any more", "epoch", epoch, "why", err)
	default:
		n.endsFor(epoch, err)
	}
}

func (n *Node) follows(epoch uint64, err error) {
	var fenced *objects.FencedError
	switch found := errors.As(err, &fenced); {
	case found && fenced.Epoch <= epoch: // whoever takes a head goes on from it
		n.log.Warn("the head of the log was put back to one of before: this node does not lead any more", "epoch", epoch, "why", err)
		return
	case found && fenced.Owner == n.cfg.Owner:
		n.meets(fenced.Epoch) // what this process would have changed before, came to nothing when it took the head
	}
	n.log.Info("another node leads: this one follows", "epoch", epoch, "why", err)
}

// endsFor has the node not lead any more.
func (n *Node) endsFor(epoch uint64, err error) {
	n.mu.Lock()
	n.ended = err
	n.mu.Unlock()
	n.log.Error("THIS NODE DOES NOT LEAD AGAIN BEFORE IT IS STARTED ANEW: it found a fault of which time does not heal", "epoch", epoch, "why", err)
}

// A disputed end is that of a leader whose witnesses have another tree: what another node signed,
// where the head is of another epoch since, or else a fault.
type disputed struct {
	epoch uint64
	err   error
}

// dispute asks whether a disputed end is a fault. As long as the bucket does not say it, the
// node does not lead.
func (n *Node) dispute(ctx context.Context, d *disputed) {
	n.mu.Lock()
	n.disputed = d
	n.mu.Unlock()
	h, err := n.peek(context.WithoutCancel(ctx))
	if err != nil {
		n.log.Warn("the witnesses have another tree, and the bucket does not say whether another node leads: this one follows until it does", "epoch", d.epoch, "why", errors.Join(d.err, err))
		return
	}
	n.judge(h)
}

// judge says what became of a disputed end, if there is one, by a head that was read since.
func (n *Node) judge(h objects.Head) {
	n.mu.Lock()
	d := n.disputed
	n.disputed = nil
	n.mu.Unlock()
	switch {
	case d == nil:
	case d.epoch == h.Epoch:
		n.endsFor(d.epoch, d.err)
	default:
		n.follows(d.epoch, d.err)
	}
}
