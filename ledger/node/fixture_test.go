package node_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

const (
	after = 10 * time.Second
	poll  = time.Second
)

var alone = "log " + ledgertest.Home.Key.String() + "\nquorum none\n"

// A line is how a node reaches the bucket.
type line struct {
	objects.Bucket
	cut    atomic.Bool // nothing comes through any more
	stuck  atomic.Bool // requests get no answer
	before atomic.Pointer[func(op, name string) error]
}

// on has what a node asks of the bucket go through f first; nil for nothing does.
func (l *line) on(f func(op, name string) error) {
	if f == nil {
		l.before.Store(nil)
		return
	}
	l.before.Store(&f)
}

// refuse has the bucket refuse these operations and no others.
func (l *line) refuse(err error, ops ...string) {
	l.on(func(op, _ string) error {
		if slices.Contains(ops, op) {
			return err
		}
		return nil
	})
}

var errCut = errors.New("the line is cut")

func (l *line) may(ctx context.Context, op, name string) error {
	if l.stuck.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if l.cut.Load() {
		return errCut
	}
	if f := l.before.Load(); f != nil {
		return (*f)(op, name)
	}
	return nil
}

func (l *line) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if err := l.may(ctx, "get", name); err != nil {
		return nil, "", err
	}
	return l.Bucket.Get(ctx, name, most)
}

func (l *line) Peek(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if err := l.may(ctx, "peek", name); err != nil {
		return nil, "", err
	}
	return l.Bucket.Peek(ctx, name, most)
}

func (l *line) Create(ctx context.Context, name string, b []byte) (objects.Version, error) {
	if err := l.may(ctx, "create", name); err != nil {
		return "", err
	}
	v, err := l.Bucket.Create(ctx, name, b)
	return v, l.lost(err)
}

func (l *line) Swap(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
	if err := l.may(ctx, "swap", name); err != nil {
		return "", err
	}
	now, err := l.Bucket.Swap(ctx, name, v, b)
	return now, l.lost(err)
}

// lost returns what becomes of an answer.
func (l *line) lost(err error) error {
	if l.cut.Load() {
		return errCut
	}
	return err
}

// A world is nodes of one log.
type world struct {
	*testing.T
	bucket    *objectstest.Memory
	fake      *ledgertest.Fake
	random    *rand.ChaCha8
	witnesses witnesstest.Network
	policy    string
	second    *ledger.Cosigner // the ledger's second key; nil for none
	nodes     []*server
	mu        sync.Mutex
	signed    map[uint64]tlog.Hash // roots by size, of all that was ever signed
	given     map[record.ID]uint64 // index of each record that a node acknowledged
	doubts    bool                 // the operator vouches for nothing
}

// in runs f with a world whose log has no entries, in a bubble.
func in(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(ledgertest.Begin, 0).Add(time.Hour)))
		w := newWorld(t)
		defer w.end()
		w.begin(objects.Open)
		f(w)
	})
}

func newWorld(t *testing.T) *world {
	return &world{
		T: t, bucket: objectstest.NewMemory(), fake: ledgertest.NewFake(1), random: rand.NewChaCha8([32]byte{8}), policy: alone,
		signed: make(map[uint64]tlog.Hash), given: make(map[record.ID]uint64),
	}
}

func (w *world) register(b objects.Bucket) *objects.Register {
	return &objects.Register{Bucket: b, Key: ledgertest.Home.Key, Random: w}
}

// Read is the randomness of all nodes.
func (w *world) Read(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.Read(b)
}

func (w *world) begin(state objects.State) {
	w.Helper()
	empty := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Root: tlog.EmptyRoot()}
	if err := w.register(w.bucket).Begin(w.Context(), empty, 0, state); err != nil {
		w.Fatal(err)
	}
}

// sign signs as the ledger, and demands that all it signs lies on one chain.
func (w *world) sign(message []byte) ([]byte, error) {
	c, err := tlog.ParseCheckpoint(message)
	if err != nil {
		w.Errorf("a node signs %q", message)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if root, ok := w.signed[c.Size]; ok && root != c.Root {
		w.Errorf("two trees of %d entries are signed, %s and %s", c.Size, root, c.Root)
	}
	w.signed[c.Size] = c.Root
	return ledgertest.Home.Sign(message)
}

// A server is a node that runs.
type server struct {
	*node.Node
	w      *world
	line   *line
	disk   vfs.FS
	store  *store.Store
	log    *lines
	owner  string
	skew   atomic.Int64
	gone   atomic.Bool  // its agent has the key no more
	mute   atomic.Bool  // it has, and does not sign
	asked  atomic.Int64 // how often it was asked to sign
	self   func(context.Context) error
	halved atomic.Bool // its second key does not sign
	cancel context.CancelFunc
	ended  chan struct{}
	err    error
}

func (w *world) node() *server {
	w.Helper()
	return w.nodeOf(fmt.Sprintf("http://%d.example", len(w.nodes)), vfs.NewMem())
}

// nodeOf starts a node with a disk.
func (w *world) nodeOf(owner string, disk vfs.FS) *server {
	w.Helper()
	s := w.made(owner, disk)
	s.run()
	return s
}

// made makes a node with a disk, which does not run yet.
func (w *world) made(owner string, disk vfs.FS) *server {
	w.Helper()
	s := w.server(owner, disk)
	if err := s.open(); err != nil {
		w.Fatal(err)
	}
	return s
}

// server returns what a node is made of.
func (w *world) server(owner string, disk vfs.FS) *server {
	return &server{w: w, line: &line{Bucket: w.bucket}, disk: disk, log: new(lines), owner: owner, ended: make(chan struct{})}
}

// two starts two nodes, and returns the one that leads, which registers so many records, and the
// other, when both show them.
func (w *world) two(entries int) (leader, follower *server) {
	w.Helper()
	one, two := w.node(), w.node()
	leader, _ = w.leader()
	w.append(leader, entries)
	settle()
	if leader == one {
		return one, two
	}
	return two, one
}

func (s *server) run() {
	ctx, cancel := context.WithCancel(s.w.Context())
	s.cancel = cancel
	go func() {
		defer close(s.ended)
		s.err = s.Run(ctx)
	}()
	s.w.nodes = append(s.w.nodes, s)
}

func (s *server) open() (err error) {
	guard := store.GuardConfig{Dir: "guard", FS: s.disk, Key: ledgertest.Home.Key}
	if s.store, err = node.OpenStore(store.Config{Dir: "store", FS: s.disk, Key: ledgertest.Home.Key, Guard: guard.Dir}); err != nil {
		return err
	}
	cfg := node.Config{
		Register: s.w.register(s.line), Owner: s.owner, Store: s.store, Guard: guard, Dir: s.w.TempDir(),
		Sign: s.sign, Able: s.able, Self: s.self, Policy: []byte(s.w.policy), After: after, Poll: poll,
		Clock: func() time.Time { return time.Now().Round(0).Add(time.Duration(s.skew.Load())) },
		Log:   slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{})),
	}
	cfg.Trust = !s.w.doubts
	if second := s.w.second; second != nil {
		cfg.Cosigner = &ledger.Cosigner{Key: second.Key, Sign: func(m []byte) ([]byte, error) {
			if s.halved.Load() {
				return nil, errors.New("the file is gone")
			}
			return second.Sign(m)
		}}
	}
	if s.w.witnesses != nil {
		policy, err := verify.ParsePolicy(cfg.Policy)
		if err != nil {
			return err
		}
		cfg.Witnesses = func(st *store.Store) (*witness.Witnesses, error) {
			return witness.New(witness.Config{
				Ledger: st.Key(), Policy: policy, Clock: time.Now, Transport: s.w.witnesses,
				Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(st.Tile, old, size) },
			})
		}
	}
	if s.Node, err = node.Open(cfg); err != nil {
		return errors.Join(err, s.store.Close())
	}
	return nil
}

func (s *server) able() error {
	if s.gone.Load() {
		return fmt.Errorf("%w: the agent has gone", ledger.ErrUnsigned)
	}
	return nil
}

func (s *server) sign(message []byte) ([]byte, error) {
	s.asked.Add(1)
	if s.gone.Load() || s.mute.Load() {
		return nil, errors.New("the agent refuses")
	}
	return s.w.sign(message)
}

// stop ends a node, and closes what it has.
func (s *server) stop() {
	s.w.Helper()
	s.cancel()
	<-s.ended
	if err := errors.Join(s.err, s.Close(), s.store.Close()); err != nil {
		s.w.Error(err)
	}
	for i, other := range s.w.nodes {
		if other == s {
			s.w.nodes = append(s.w.nodes[:i:i], s.w.nodes[i+1:]...)
		}
	}
}

func (s *server) kill() { s.line.cut.Store(true) }

// lines are what a node logs, which tests read while it does.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// said demands that a node said something.
func (s *server) said(what string) {
	s.w.Helper()
	if !strings.Contains(s.log.String(), what) {
		s.w.Errorf("%s never said %q:\n%s", s.owner, what, s.log)
	}
}

// end stops all nodes, and compares the log with what was acknowledged.
func (w *world) end() {
	w.Helper()
	for _, s := range append([]*server(nil), w.nodes...) {
		if w.Failed() {
			w.Logf("%s:\n%s", s.owner, s.log)
		}
		s.stop()
	}
}

// leader waits until a node leads of which the head says so, and returns it with how long
// that took.
func (w *world) leader() (*server, time.Duration) {
	w.Helper()
	begun := time.Now()
	for time.Since(begun) < 10*after {
		synctest.Wait()
		h, _, err := w.register(w.bucket).Peek(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for _, s := range w.nodes {
			if owner, _ := s.Owner(); s.Log() != nil && s.owner == h.Owner && owner == h.Owner {
				return s, time.Since(begun)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, s := range w.nodes {
		w.Logf("%s:\n%s", s.owner, s.log)
	}
	w.Fatal("nobody leads")
	return nil, 0
}

// append registers contracts with a node.
func (w *world) append(s *server, n int) {
	w.Helper()
	for range n {
		if err := w.try(s, w.fake.Contract(nil)); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *world) try(s *server, r *record.Record) error {
	l := s.Log()
	if l == nil {
		return errors.New("the node does not lead")
	}
	reg, err := l.Append(w.Context(), r)
	if err == nil {
		w.mu.Lock()
		w.given[r.ID()] = reg.Index
		w.mu.Unlock()
	}
	return err
}

// fill registers many records at once, which are revocations of keys of their own.
func (w *world) fill(s *server, n int) {
	w.Helper()
	var wait sync.WaitGroup
	for range n {
		key := ledgertest.NewSigner(fmt.Sprintf("k%d.example", w.random.Uint64()), note.Ed25519)
		r := w.fake.Revocation(key)
		wait.Go(func() {
			if err := w.try(s, r); err != nil {
				w.Error(err)
			}
		})
	}
	wait.Wait()
}

// shows demands that a node shows a whole log of a size, with all that was acknowledged, once.
func (w *world) shows(s *server, size uint64) {
	w.Helper()
	v := s.View()
	if v == nil || v.Size() != size {
		w.Fatalf("%s shows %v, and not %d entries:\n%s", s.owner, v, size, s.log)
	}
	ledgertest.CheckLog(w, v, ledgertest.Home.Key)
	seen := make(map[record.ID]bool)
	for i := range size {
		r, err := v.Registered(i)
		if err != nil || seen[r.Record.ID()] {
			w.Fatalf("entry %d: %v, or it is there twice", i, err)
		}
		seen[r.Record.ID()] = true
	}
	for id, index := range w.given {
		if i, ok, err := v.Index(id); err != nil || !ok || i != index {
			w.Errorf("record %s was acknowledged at %d, it is at %d, %t, %v", id, index, i, ok, err)
		}
	}
}
