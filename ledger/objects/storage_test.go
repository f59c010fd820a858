package objects_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

func TestALedgerInABucketKeepsTheLaws(t *testing.T) {
	ledgertest.Storage(t, ledgerIn(inMemory))
}

// begun returns a world whose bucket has an empty log, and the disk of who made it.
func begun(t *testing.T, bucket kept) (*world, *vfs.MemFS) {
	w := newWorld(bucket, 1)
	first, err := w.node(nil, nil)
	must(t, err)
	must(t, errors.Join(first.register.Begin(first.ctx, empty, 0, objects.Open), first.close()))
	return w, first.disk
}

// public is what readers find.
func (w *world) public(name string) ([]byte, error) {
	b, _, err := w.memory.Get(context.Background(), name, 1<<25)
	return b, err
}

// ledgerIn returns what makes ledgers in buckets. Each time that one is opened another node
// leads, but for every third.
func ledgerIn(bucket func(t *testing.T) kept) func(t *testing.T) *ledgertest.Stored {
	return func(t *testing.T) *ledgertest.Stored {
		w, first := begun(t, bucket(t))
		var n *node
		opened := 0
		return &ledgertest.Stored{
			Open: func(cfg ledger.Config, witnesses func(*store.Store) (*witness.Witnesses, error)) (_ *ledger.Log, err error) {
				disk := first
				if opened++; opened%3 != 0 {
					disk = nil
				}
				if n, err = w.node(disk, nil); err != nil {
					return nil, err
				}
				n.config, n.witnesses = cfg, witnesses
				err = n.lead()
				return n.log, err
			},
			Close: func() error { return n.close() },
			Freeze: func() error {
				// As a person does who has the bucket: there is no leader.
				h, v, err := (&objects.Register{Bucket: w.memory, Key: key}).Read(context.Background())
				if err != nil {
					return err
				}
				h.State, h.Owner, h.Nonce = objects.Frozen, "", objects.Nonce{1}
				_, err = w.memory.Swap(context.Background(), objects.HeadName, v, h.Bytes())
				return err
			},
			Public: w.public,
		}
	}
}

// A faulted is a ledger in a bucket, of whose requests that write one is disturbed.
type faulted struct {
	world *world
	node  *node      // that leads, or did
	disk  *vfs.MemFS // that the next has; nil for a new one
	lost  func()     // what the bucket does when a node is cut off; nil for nothing

	mu     sync.Mutex
	writes int
	number int
	kind   objectstest.Kind
	rng    *rand.Rand // what else there is to choose follows from the number
}

// kindsOf has each fault in two ways: what is not carried out may be late, and who is told
// that it failed may be told of its repetition.
var kindsOf = map[ledgertest.Fault][2]objectstest.Kind{
	ledgertest.Fails:     {objectstest.Failed, objectstest.Late},
	ledgertest.FailsDone: {objectstest.Lost, objectstest.Denied},
	ledgertest.CutBefore: {objectstest.Dies, objectstest.Leaves},
	ledgertest.CutAfter:  {objectstest.Carried, objectstest.Carried},
}

func (f *faulted) disturb(number int, fault ledgertest.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes, f.number, f.rng = 0, number, rand.New(rand.NewPCG(3, uint64(number)))
	f.kind = kindsOf[fault][f.rng.IntN(2)]
}

func (f *faulted) plan(_ context.Context, c objectstest.Call) objectstest.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.Op.Writes() {
		if f.writes++; f.writes == f.number {
			return objectstest.Fault{Kind: f.kind, After: f.rng.IntN(20)}
		}
	}
	return objectstest.Fault{}
}

// A cutting is the way of a node to its bucket, which ends with the node.
type cutting struct {
	*objectstest.Faulty
	end func()
}

func (c cutting) Create(ctx context.Context, name string, b []byte) (objects.Version, error) {
	defer c.look()
	return c.Faulty.Create(ctx, name, b)
}

func (c cutting) Swap(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
	defer c.look()
	return c.Faulty.Swap(ctx, name, v, b)
}

func (c cutting) look() {
	if c.Crashed() {
		c.end()
	}
}

func (f *faulted) open(cfg ledger.Config, _ func(*store.Store) (*witness.Witnesses, error)) (*ledger.Log, error) {
	n, err := f.world.node(f.disk, f.plan)
	if err != nil {
		return nil, err
	}
	f.node, f.disk = n, n.disk
	n.config = cfg
	n.register.Bucket = cutting{n.bucket, sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.disk = n.crash(50*f.rng.IntN(3), f.rng)
		if f.lost != nil {
			f.lost()
		}
	})}
	if err := n.lead(); err != nil {
		return nil, err
	}
	return n.log, nil
}

// close ends the node. It goes on itself, or another does. What is late comes after one that
// was not cut off, at the latest.
func (f *faulted) close() error {
	err := f.node.close()
	if !f.node.bucket.Crashed() {
		f.world.network.Deliver()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rng.IntN(2) == 0 {
		f.disk = nil
	}
	return err
}

// faultedIn returns what makes ledgers in buckets, which are changed before they are used.
func faultedIn(bucket func(t *testing.T) kept, change func(*faulted)) func(t *testing.T) *ledgertest.Faulted {
	return func(t *testing.T) *ledgertest.Faulted {
		f := new(faulted)
		f.world, f.disk = begun(t, bucket(t))
		f.disturb(0, "")
		if change != nil {
			change(f)
		}
		return &ledgertest.Faulted{
			Stored:  ledgertest.Stored{Open: f.open, Close: f.close, Public: f.world.public},
			Disturb: f.disturb,
			Writes: func() int {
				f.mu.Lock()
				defer f.mu.Unlock()
				return f.writes
			},
			Cut: func() bool { return f.node.bucket.Crashed() },
		}
	}
}

func inMemory(*testing.T) kept { return objectstest.NewMemory() }

func TestAFaultAtAnyWriteInABucketLosesNothing(t *testing.T) {
	if points := ledgertest.Faults(t, 1, faultedIn(inMemory, nil)); points < 90 {
		t.Errorf("%d points, at least 90 there should be", points)
	}
}

// A forgetful is a bucket that can lose what it last said to be written.
type forgetful struct {
	kept
	mu   sync.Mutex
	undo func()
}

func (b *forgetful) Create(ctx context.Context, name string, body []byte) (objects.Version, error) {
	v, err := b.kept.Create(ctx, name, body)
	return v, b.wrote(err, func() { _ = b.kept.Delete(context.Background(), name) })
}

func (b *forgetful) Swap(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
	was, _, _ := b.Get(ctx, name, 1<<25)
	v, err := b.kept.Swap(ctx, name, v, body)
	return v, b.wrote(err, func() { _, _ = b.kept.Swap(context.Background(), name, v, was) })
}

func (b *forgetful) wrote(err error, undo func()) error {
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.undo = undo
	}
	return err
}

func (b *forgetful) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.undo()
}

// The control: in a bucket that does not keep what it promises, the same points find it.
func TestTheFaultsOfWritesFindABrokenBucket(t *testing.T) {
	for name, broken := range map[string]func(t *testing.T) *ledgertest.Faulted{
		"its head is swapped without a condition": faultedIn(func(*testing.T) kept {
			m := objectstest.NewMemory()
			m.Careless = objects.HeadName
			return m
		}, nil),
		"the last write is lost": faultedIn(func(*testing.T) kept { return &forgetful{kept: inMemory(nil)} }, func(f *faulted) {
			b := f.world.memory.(*forgetful)
			b.undo, f.lost = func() {}, b.forget
		}),
	} {
		t.Run(name, func(t *testing.T) {
			err := ledgertest.FindFault(t, 1, broken)
			if err == nil {
				t.Fatal("nothing is found")
			}
			t.Log(err)
		})
	}
}
