package objects_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

const began = 1_800_000_000 // when every test begins, POSIX seconds

var (
	key    = ledgertest.Home.Key
	policy = []byte("log " + key.String() + "\nquorum none\n")
	empty  = tlog.Checkpoint{Origin: key.Name(), Root: tlog.EmptyRoot()}
)

// The records of all tests are signed once.
var pool = sync.OnceValue(func() []*record.Record {
	fake := ledgertest.NewFake(1)
	list := make([]*record.Record, 540)
	for i := range list {
		list[i] = fake.Contract(func(t *record.Text) { t.Nonce = [16]byte{1, byte(i >> 8), byte(i)} })
	}
	return list
})

// An ack is a record that a node said is registered.
type ack struct {
	record *record.Record
	index  uint64
}

// A world is a bucket and all that was ever said about it.
type world struct {
	memory  kept
	network *objectstest.Network
	seed    uint64

	mu     sync.Mutex
	signed map[tlog.Checkpoint]bool // by whichever node
	acks   []ack
	nodes  int
}

func newWorld(m kept, seed uint64) *world {
	return &world{memory: m, network: objectstest.NewNetwork(m), seed: seed, signed: make(map[tlog.Checkpoint]bool)}
}

// sign is the ledger's key, which remembers what it signed.
func (w *world) sign(message []byte) ([]byte, error) {
	c, err := tlog.ParseCheckpoint(message)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.signed[c] = true
	w.mu.Unlock()
	return ledgertest.Home.Sign(message)
}

func (w *world) acknowledge(r *record.Record, index uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks = append(w.acks, ack{r, index})
}

// dice returns numbers that follow from the world's seed and others.
func (w *world) dice(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, stream)) }

// A source is the nonces of a node.
type source struct{ *rand.Rand }

func (s source) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return len(b), nil
}

// A node is a process with its disk: a store and a guard, put together by hand.
type node struct {
	world    *world
	url      string
	disk     *vfs.MemFS
	bucket   *objectstest.Faulty
	register *objects.Register
	clock    func() time.Time
	ctx      context.Context // of the process
	end      context.CancelFunc

	store *store.Store
	guard *store.Guard

	config    ledger.Config // but for Store, Storage and Guard
	witnesses func(s *store.Store) (*witness.Witnesses, error)

	mu     sync.Mutex
	leader *objects.Leader
	log    *ledger.Log
}

// node starts a node on a disk, which is new where it is nil.
func (w *world) node(disk *vfs.MemFS, plan func(context.Context, objectstest.Call) objectstest.Fault) (*node, error) {
	w.mu.Lock()
	w.nodes++
	number := w.nodes
	w.mu.Unlock()
	if disk == nil {
		disk = vfs.NewCrashableMem()
	}
	n := &node{
		world: w, url: fmt.Sprintf("http://n%d.example", number), disk: disk, bucket: w.network.Node(plan),
		clock: func() time.Time { return time.Unix(began, 0) },
	}
	n.config = ledger.Config{Sign: w.sign, Clock: func() time.Time { return n.clock() }, Policy: policy}
	n.register = &objects.Register{Bucket: n.bucket, Key: key, Random: source{w.dice(1000 + uint64(number))}}
	n.ctx, n.end = context.WithCancel(context.Background())
	if err := n.open(); err != nil {
		n.end()
		return nil, fmt.Errorf("%s does not start: %w", n.url, err)
	}
	return n, nil
}

// open opens the store as a copy, and makes the guard where there is none.
func (n *node) open() error {
	guard := store.GuardConfig{Dir: "guard", FS: n.disk, Key: key}
	if _, err := n.disk.Stat("guard"); err != nil {
		c, err := n.seal(empty)
		if err != nil {
			return err
		}
		if err := store.CreateGuard(guard, c); err != nil {
			return err
		}
	}
	var err error
	if n.guard, err = store.OpenGuard(guard); err != nil {
		return err
	}
	cfg := store.Config{Dir: "store", FS: n.disk, Key: key}
	if n.store, err = store.OpenCopy(cfg); errors.Is(err, store.ErrOwn) {
		if n.store, err = store.Open(store.Config{Dir: "store", FS: n.disk, Key: key, Guard: "guard"}); err != nil {
			return errors.Join(err, n.guard.Close())
		}
		err = n.store.Demote()
	}
	return err
}

func (n *node) seal(c tlog.Checkpoint) (tlog.SignedCheckpoint, error) {
	sig, err := n.config.Sign(c.Text())
	return tlog.SignedCheckpoint{Checkpoint: c, Note: note.Note{Text: c.Text(), Signatures: []note.Signature{ledgertest.Home.Signature(sig)}}}, err
}

// believe is a record.Check that every signature passes: they were checked before.
func believe(note.PublicKey, []byte, []byte) bool { return true }

// follow brings the copy to what is public.
func (n *node) follow() (tlog.SignedCheckpoint, error) {
	shown, v, err := n.register.Published(n.ctx)
	if err != nil {
		return shown, err
	}
	if v == "" {
		shown, err = n.seal(empty)
		return shown, err
	}
	have := n.store.Head().Checkpoint.Size
	if shown.Size <= have {
		return shown, nil
	}
	batch := n.store.NewBatch()
	err = n.read(batch, have, shown.Size)
	c, failed := batch.Checkpoint()
	if err = errors.Join(err, failed); err == nil && c != shown.Checkpoint {
		err = fmt.Errorf("the public bundles give %+v, the checkpoint is %+v", c, shown.Checkpoint)
	}
	if err != nil {
		return shown, errors.Join(err, batch.Close())
	}
	if err := batch.CommitCopy(); err != nil {
		return shown, err
	}
	return shown, errors.Join(n.store.Keep(shown), n.store.Publish(shown))
}

// read adds entries of public bundles to a batch.
func (n *node) read(batch *store.Batch, first, end uint64) error {
	for first < end {
		tile := tlog.Tile{Level: -1, Index: first / tlog.MaxWidth, Width: tlog.TileWidth(-1, first/tlog.MaxWidth, end)}
		entries, err := n.bundle(tile)
		if err != nil {
			return err
		}
		for ; first < end && first/tlog.MaxWidth == tile.Index; first++ {
			e, err := record.ParseEntry(entries[first%tlog.MaxWidth])
			if err != nil {
				return err
			}
			r, err := record.Open(e.Record, believe)
			if err != nil {
				return err
			}
			if _, err := batch.Append(e.Registered, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// bundle reads a bundle as readers do: where the partial one is gone, from the whole.
func (n *node) bundle(t tlog.Tile) ([][]byte, error) {
	for {
		ctx, cancel := context.WithTimeout(n.ctx, 10*time.Second)
		b, _, err := n.bucket.Get(ctx, t.Path(), 1<<25)
		cancel()
		if errors.Is(err, objects.ErrAbsent) && t.Width < tlog.MaxWidth {
			t.Width = tlog.MaxWidth
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Path(), err)
		}
		return tlog.ParseBundle(b, t.Width)
	}
}

// errNotYet says that the store is not where the head needs it.
var errNotYet = errors.New("the copy is not at the head yet")

// lead takes the log over: the copy is brought to the head, made the ledger's, and the
// batch that the head has is finished.
func (n *node) lead() error {
	shown, err := n.follow()
	if err != nil {
		return err
	}
	h, v, err := n.register.Read(n.ctx)
	if err != nil {
		return err
	}
	if err := n.promote(h, shown); err != nil {
		return err
	}
	if err := n.take(h, v); err != nil {
		n.stop()
		return err
	}
	return nil
}

// promote makes the copy the ledger's own, if it is at the head or at its batch.
func (n *node) promote(h objects.Head, shown tlog.SignedCheckpoint) error {
	have := n.store.Head().Checkpoint.Checkpoint
	last, err := n.guard.Last()
	if err != nil {
		return err
	}
	if err := n.store.Continues(last.Checkpoint); err != nil {
		return fmt.Errorf("%w: %w", errNotYet, err)
	}
	switch have {
	case shown.Checkpoint:
	case h.Checkpoint:
		// Committed here before, and found in the register.
		if shown, err = n.seal(have); err != nil {
			return err
		}
	default:
		return errNotYet
	}
	if have.Size != h.Before() && have.Size != h.Checkpoint.Size {
		return errNotYet
	}
	if err := n.store.Promote(shown); err != nil || n.witnesses == nil {
		return err
	}
	return n.store.Hold()
}

func (n *node) take(h objects.Head, v objects.Version) error {
	leader, err := n.register.Take(n.ctx, n.store, h, v, n.url, n.clock)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.leader = leader
	n.mu.Unlock()
	cfg := n.config
	cfg.Store, cfg.Guard = n.store, n.guard
	if batch, tree := leader.Batch(); len(batch) > 0 {
		if err := ledger.Redo(cfg, batch, tree); err != nil {
			return err
		}
	}
	// Some say that they are there while what the head has is not public yet.
	if h.Epoch%2 == 0 {
		if err := leader.Beat(0); err != nil {
			return err
		}
	}
	if err := leader.Settle(); err != nil {
		return err
	}
	if leader.Frozen() {
		if err := n.store.Freeze(); err != nil {
			return err
		}
	}
	if n.witnesses != nil {
		if cfg.Witnesses, err = n.witnesses(n.store); err != nil {
			return err
		}
	}
	cfg.Storage = leader
	log, err := ledger.Open(cfg)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.log = log
	n.mu.Unlock()
	return nil
}

// append registers a record, and remembers that it was said to be registered.
func (n *node) append(r *record.Record) error {
	reg, err := n.log.Append(n.ctx, r)
	if err == nil {
		n.world.acknowledge(r, reg.Index)
	}
	return err
}

// stop ends leading: the store is a copy again.
func (n *node) stop() {
	n.mu.Lock()
	leader, log := n.leader, n.log
	n.leader, n.log = nil, nil
	n.mu.Unlock()
	if leader != nil {
		leader.Close()
	}
	if log != nil {
		_ = log.Close() // why it stopped, it said to those who waited
	}
	if err := n.store.Demote(); err != nil && !errors.Is(err, store.ErrCopy) {
		panic(err)
	}
}

// crash ends the process at once, and returns what is left of its disk, with so much of
// what was not synced.
func (n *node) crash(percent int, rng *rand.Rand) *vfs.MemFS {
	n.bucket.Crash()
	disk := n.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
	n.end()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leader != nil {
		n.leader.Close()
	}
	return disk
}

// close ends the process, when nothing of it runs.
func (n *node) close() error {
	n.stop()
	n.end()
	return errors.Join(n.guard.Close(), n.store.Close())
}

// must ends a test.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tlogTile(path string) tlog.Tile {
	t, err := tlog.ParseTilePath(path)
	if err != nil {
		panic(err)
	}
	return t
}
