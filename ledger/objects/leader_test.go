package objects_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/store"
)

const began = 1_800_000_000

// A node is a store and a guard, with the ledger's key.
type node struct {
	t        *testing.T
	register *objects.Register
	store    *store.Store
	guard    *store.Guard
	leader   *objects.Leader
	log      *ledger.Log
}

var fake = ledgertest.NewFake(1)

func newNode(t *testing.T, b objects.Bucket) *node {
	key := ledgertest.Home
	clock := func() time.Time { return time.Unix(began, 0) }
	disk := vfs.NewMem()
	cfg := store.Config{Dir: "store", FS: disk, Key: key.Key}
	guard := store.GuardConfig{Dir: "guard", FS: disk, Key: key.Key}
	if err := ledger.Create(cfg, guard, ledger.Config{Sign: key.Sign, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g, err := store.OpenGuard(guard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(g.Close(), s.Close()) })
	return &node{t: t, register: &objects.Register{Bucket: b, Key: key.Key, Random: rand.Reader}, store: s, guard: g}
}

func (n *node) lead(owner string) error {
	ctx := context.Background()
	h, v, err := n.register.Read(ctx)
	if err != nil {
		return err
	}
	clock := func() time.Time { return time.Unix(began, 0) }
	cfg := ledger.Config{Store: n.store, Guard: n.guard, Sign: ledgertest.Home.Sign, Clock: clock, Policy: []byte("log " + ledgertest.Home.Key.String() + "\nquorum none\n")}
	if n.leader, err = n.register.Take(ctx, n.store, h, v, owner, clock); err != nil {
		return err
	}
	if batch, tree := n.leader.Batch(); len(batch) > 0 {
		if err := ledger.Redo(cfg, batch, tree); err != nil {
			return err
		}
	}
	if err := n.leader.Settle(); err != nil {
		return err
	}
	cfg.Storage = n.leader
	n.log, err = ledger.Open(cfg)
	return err
}

func TestANodeThatIsFencedRegistersNothing(t *testing.T) {
	b := objectstest.NewMemory()
	one, two := newNode(t, b), newNode(t, b)
	empty := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Root: tlog.EmptyRoot()}
	if err := one.register.Begin(context.Background(), empty, 0, objects.Open); err != nil {
		t.Fatal(err)
	}
	if err := one.lead("http://one.example"); err != nil {
		t.Fatal(err)
	}
	if err := two.lead("http://two.example"); err != nil {
		t.Fatal(err)
	}
	r := fake.Contract(nil)
	if reg, err := two.log.Append(context.Background(), r); err != nil || !reg.New {
		t.Fatalf("%+v, %v", reg, err)
	}
	if _, err := one.log.Append(context.Background(), fake.Contract(nil)); !errors.Is(err, objects.ErrFenced) || !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("a node that is fenced said %v", err)
	}
	ledgertest.CheckLog(t, two.log.View(), ledgertest.Home.Key)
	if err := two.log.Close(); err != nil {
		t.Fatal(err)
	}
	_ = note.MaxSize
}
