// Package node runs a ledger whose log is in a bucket (package objects), as one of several
// nodes of which one leads. Each has its own store and its own guard; the ledger's key and
// its policy are the same for all.
//
// # Following
//
// A node that does not lead follows: it reads what is public from the bucket and judges it
// as an audit does (package replica), and shows it. Beside that it looks at the head. It
// takes the log when the head says that nobody has it, or when the head did not change for a
// while: it has read one nonce, has waited so long by the timers of its own process, and has
// then read the same nonce again. What any wall clock says does not matter, and that the
// bucket does not answer is no reason.
//
// # Taking over
//
// The order is: read head and checkpoint; read the log to the checkpoint; compare head, guard
// and store; make the store the ledger's own; take the head, with the next epoch; redo the
// batch that the head has; put its tiles; open the Log, which shows it to the witnesses and
// publishes it.
//
// The store is the ledger's own before the head is taken, so that nothing of this node's is
// left to fail between the two. A crash in between leaves a store that is one's own and not
// the head: the next start makes it a copy again. So it is also where another was faster. What
// the store has beyond what is public is a batch that the register has, or had: it
// is the log's, whoever goes on.
//
// # The end of leading
//
// A leader whose head another has taken stops at its next swap, forgets what it was about to do,
// and follows. One that registers nothing, because its clock is behind the log or nothing signs,
// resigns when that has stood for a while, and whoever knows that of itself does not take the log:
// where all do, nobody leads until one may. Who resigned, or was overtaken while its own
// writes or its key failed, stands back for a while, longer each time.
//
// After a fault of which time does not heal, such as objects that are not the log's,
// or a guard that knows another tree, the node says so, follows, and does not lead
// again before it was started anew.
//
// A bucket whose head is behind the store or the guard was put back. The node leads nothing
// there and goes on to show what it had.
//
// A guard that a node had to make knows of nothing that was lost before. With it the node follows, and
// does not lead on its own word: another that is seen to change the head vouches for the bucket, since it
// has a guard that would refuse one that was put back, and that was vouched for in the same way, or came
// with the log; or the operator does. Until then the mark "unvouched" lies beside the guard.
package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/replica"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/verify"
)

// Times of a node.
const (
	DefaultAfter = 10 * time.Second // two beats may be lost, and a third be slow
	DefaultPoll  = time.Second      // about what a reader of the checkpoint is promised

	beats = 5  // within the time after which another takes over
	ticks = 10 // as many: a beat that comes when the head has just been changed comes a tick later

	requestTime = 10 * time.Second // for one look at the bucket; a whole head takes less
	resignTime  = 5 * time.Second  // for what is under way in the bucket, and to say that nobody leads: the others wait no longer than After
)

// ErrRestored says that the bucket has less than this node knows to have been in it, or
// another log: it was put back.
var ErrRestored = errors.New("the bucket was put back, or is another")

// Config is what a node works with.
type Config struct {
	Register *objects.Register // of the ledger's key, for this node alone, which sets its Trouble; its Random also says how long a node waits for others where nobody leads
	Owner    string            // the URL at which the other nodes find this one

	Store *store.Store      // of the ledger, open, a copy or its own (OpenStore); for this node alone, and left open
	Guard store.GuardConfig // of this node; one is made where there is none
	Dir   string            // for evidence of what breaks a promise
	Trust bool              // nothing that nodes signed is missing from the bucket, as the operator says: a guard that is new may lead

	Sign     func(message []byte) ([]byte, error) // by the ledger's key
	Cosigner *ledger.Cosigner                     // nil where the ledger has one key
	Policy   []byte                               // by which what is public is judged, and receipts are checked
	Clock    func() time.Time                     // of entries; what the node waits for, it does not measure by it
	After    time.Duration                        // for how long a head has not changed whose log is taken over; 0 for DefaultAfter
	Poll     time.Duration                        // between two looks at the bucket; 0 for DefaultPoll
	Log      *slog.Logger                         // nil for none

	// Witnesses makes those who are asked while the node leads, who prove from its store that
	// it only grew. They are closed when it does no more. Nil for none.
	Witnesses func(*store.Store) (*witness.Witnesses, error)

	Batch func(records int, took time.Duration) // as of a Log; nil for nobody

	// Able says why nothing would be registered by this node now, such as that nothing signs, an
	// [ledger.ErrUnsigned]; nil where something would. It may take some seconds. Nil for always.
	Able func() error

	// Self asks at Owner whether this process answers there, when the node begins and each time it
	// leads; the error says why not, or who does. It has bounds of its own. Nil for nobody asks.
	Self func(ctx context.Context) error
}

// A Node is one of a log's. What it shows may be read by all.
type Node struct {
	cfg    Config
	log    *slog.Logger
	store  *store.Store
	policy *verify.Policy
	client *client.Client
	past   *ledger.Past
	guard  *store.Guard // nil before the node has joined the log; of Run
	lost   missing      // from the bucket, as it was read last

	watch watch // of who looks at the head
	turns turns // of Run
	twin  twin  // of who looks at the head
	back  back  // of Run, and while it follows of who looks at the head

	replica atomic.Pointer[replica.Replica]
	leading atomic.Pointer[ledger.Log] // nil while it follows
	ticked  atomic.Int64               // since Open, while it leads
	known   atomic.Uint64              // entries of the log that store or guard have: a head has no fewer
	taken   atomic.Uint64              // how often it took over
	frozen  atomic.Bool                // the log is, for good, as a head or the guard said once
	heads   heads                      // what was found in them
	asked   chan struct{}              // of Look
	looks   looks                      // of Run
	twinned atomic.Bool                // another node names itself as this one does
	vouched atomic.Bool                // the guard is none that is new; not set back
	held    atomic.Bool                // nobody leads, and this node does not on its own word
	life    life                       // of who looks at the head
	living  atomic.Pointer[uint64]     // how many entries at least are public by another node that is seen to live; nil for none

	mu        sync.Mutex
	owner     string // as the head was read last, "" before
	epoch     uint64
	moved     bool      // the log goes on elsewhere
	restored  error     // nil where the head, as it was read last, has all that is known
	ended     error     // after which it does not lead any more; nil for none
	disputed  *disputed // which may be such an end, as the next head that is read says; nil for none
	stalled   bool      // the head is not known to be this node's any more, and not to be another's
	saidStall bool      // and that was said
	unfit     error     // why it does not take a log that nobody has; nil where nothing keeps it from that
	mute      bool      // the key did not sign when it was last asked to

	news objects.News   // what could not be read
	self sync.WaitGroup // of who asks for this node
}

// OpenStore opens the store of a node, as what it is: a copy, which is made where the
// directory is new or empty, or the ledger's own, as one is left that led.
func OpenStore(cfg store.Config) (*store.Store, error) {
	s, err := store.OpenCopy(cfg)
	if errors.Is(err, store.ErrOwn) {
		return store.Open(cfg)
	}
	return s, err
}

// Open returns a node that shows what its store has. A store that was left when the node led
// is compared with the guard, and is a copy from then on. Nobody is asked yet.
func Open(cfg Config) (*Node, error) {
	if err := objects.CheckOwner(cfg.Owner); err != nil {
		return nil, err
	}
	policy, err := verify.ParsePolicy(cfg.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	cfg.After, cfg.Poll = cmp.Or(cfg.After, DefaultAfter), cmp.Or(cfg.Poll, DefaultPoll)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	n := &Node{cfg: cfg, log: cfg.Log, store: cfg.Store, policy: policy, past: ledger.NewPast(policy, cfg.Clock)}
	cfg.Register.Trouble = n.trouble
	n.client, err = client.New(client.Config{
		URL: "http://bucket", Policy: policy, Ledger: cfg.Store.Key(),
		HTTP: &http.Client{Transport: objects.Transport{Bucket: cfg.Register.Bucket}},
	})
	if err != nil {
		return nil, err
	}
	if n.guard, err = openGuard(cfg.Guard); err != nil {
		return nil, anew(err)
	}
	n.sayDamaged()
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) open() error {
	n.asked = make(chan struct{}, 1)
	if err := n.trusts(); err != nil {
		return err
	}
	if !n.store.IsCopy() {
		if err := n.leftLeading(); err != nil {
			return err
		}
	}
	if err := n.learn(); err != nil {
		return err
	}
	return n.newReplica()
}

// newReplica has the node follow with its store, which is a copy.
func (n *Node) newReplica() error {
	r, err := replica.Open(replica.Config{
		Client: n.client, Policy: n.policy, Store: n.store, Dir: n.cfg.Dir, Clock: n.cfg.Clock, Past: n.past, Log: n.log,
	})
	if err == nil {
		n.replica.Store(r)
		n.turns = turns{}
	}
	return err
}

// Close closes the guard, when Run has ended. The store is the caller's.
func (n *Node) Close() error {
	if n.guard == nil {
		return nil
	}
	return n.guard.Close()
}

// View returns the log as this node shows it; nil before there is a tree to show.
func (n *Node) View() *ledger.View {
	if l := n.leading.Load(); l != nil {
		return l.View()
	}
	return n.replica.Load().View()
}

// Log returns what registers records while this node leads; nil while it does not.
func (n *Node) Log() *ledger.Log { return n.leading.Load() }

// Past returns what was public since Open.
func (n *Node) Past() *ledger.Past { return n.past }

// Taken returns how often this node took over since Open.
func (n *Node) Taken() uint64 { return n.taken.Load() }

// Owner returns the URL of the node that leads, as far as this one knows, and how many
// have led so far. It is "" where nobody does, or nobody knows: so also before this
// node, which the head names, has begun.
func (n *Node) Owner() (url string, epoch uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.owner == n.cfg.Owner && n.leading.Load() == nil || n.moved {
		return "", n.epoch
	}
	return n.owner, n.epoch
}

// Ready returns nil where the node shows what the log has: it leads and its head is known
// to be its own, or it has all that was public a while ago. Strangers may read the error:
// why it is so, the log says.
func (n *Node) Ready() error {
	n.mu.Lock()
	restored, moved, ended, stalled, unfit, signs := n.restored, n.moved, n.ended, n.stalled, n.unfit, !n.mute
	n.mu.Unlock()
	switch leads := n.leading.Load() != nil; {
	case restored != nil:
		return ErrRestored
	case !leads && n.lost.err() != nil:
		return n.lost.err()
	case ended != nil:
		return errors.New("this node has led and found a fault, and does not lead before somebody has looked after it")
	case moved:
		return errors.New("the log goes on elsewhere")
	case leads && !signs:
		return fmt.Errorf("this node leads: %w its tree at the moment", ledger.ErrUnsigned)
	case leads && stalled:
		return errors.New("this node leads, and cannot reach the bucket")
	case leads:
		return nil
	case n.held.Load():
		return errDoubted
	case n.twinned.Load():
		return errTwin
	case unfit != nil:
		return &unfitError{unfit}
	}
	return n.replica.Load().Ready()
}

// Run follows and leads, until ctx ends, which is no error: a node that leads then
// registers what it has taken, and says that nobody leads. The error is of the disk, or
// ErrNoLog.
func (n *Node) Run(ctx context.Context) error {
	if err := n.belongs(ctx); err != nil {
		return err
	}
	n.askSelf(ctx)
	defer n.self.Wait()
	defer n.watch.stop()
	for ctx.Err() == nil {
		h, err := n.follow(ctx)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		if !n.mayTake(h) {
			n.again(ctx, nil)
			continue
		}
		leader, err := n.takeOver(ctx, h)
		if leader != nil {
			err = n.lead(ctx, leader)
		}
		if failed := n.store.Err(); failed != nil {
			return failed
		}
		if !n.store.IsCopy() {
			return err
		}
		n.again(ctx, err)
	}
	return nil
}
