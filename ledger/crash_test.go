package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// An onlooker has seen everything that left a ledger: what was acknowledged, what was
// published and what was signed.
type onlooker struct {
	mu        sync.Mutex
	acked     []acknowledged
	published []tlog.Checkpoint
	signed    map[uint64]map[string]bool // by size, the texts
}

type acknowledged struct {
	id    record.ID
	index uint64
}

func (o *onlooker) sign(message []byte) ([]byte, error) {
	c, err := tlog.ParseCheckpoint(message)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.signed == nil {
		o.signed = make(map[uint64]map[string]bool)
	}
	if o.signed[c.Size] == nil {
		o.signed[c.Size] = make(map[string]bool)
	}
	o.signed[c.Size][string(message)] = true
	return home.sign(message)
}

func (o *onlooker) saw(r *record.Record, reg ledger.Registration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.acked = append(o.acked, acknowledged{r.ID(), reg.Index})
	o.published = append(o.published, reg.View.Checkpoint().Checkpoint)
}

// before returns what the onlooker has seen until now.
func (o *onlooker) before() *onlooker {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &onlooker{acked: slices.Clone(o.acked), published: slices.Clone(o.published)}
}

// hasSigned says whether the checkpoint was signed here.
func (o *onlooker) hasSigned(c tlog.Checkpoint) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.signed[c.Size][string(c.Text())]
}

// oneHistory fails the test when two checkpoints of one size were signed.
func (o *onlooker) oneHistory(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for size, texts := range o.signed {
		if len(texts) != 1 {
			t.Errorf("%d checkpoints of size %d were signed", len(texts), size)
		}
	}
}

// check says whether v has all that the onlooker saw, and goes on from it.
func (o *onlooker) check(v *ledger.View) error {
	for _, a := range o.acked {
		if index, ok, err := v.Index(a.id); err != nil || !ok || index != a.index {
			return fmt.Errorf("record %s was acknowledged as entry %d, it is %d, %v, %v", a.id, a.index, index, ok, err)
		}
	}
	done := make(map[uint64]bool)
	for _, c := range o.published {
		if done[c.Size] {
			continue
		}
		done[c.Size] = true
		if c.Size > v.Size() {
			return fmt.Errorf("a checkpoint of size %d was published, the log has %d", c.Size, v.Size())
		}
		if root, err := tlog.Root(v.Tile, c.Size); err != nil || root != c.Root {
			return fmt.Errorf("a checkpoint of size %d was published with root %s, the log gives %s, %v", c.Size, c.Root, root, err)
		}
	}
	return nil
}

func nothing(string) error { return nil }

// run appends records to a ledger that is opened and closed again and again, so that
// logs of writes are replayed, flushed and compacted, and tells the onlooker.
func run(t *testing.T, w *world, o *onlooker) error {
	n, alone := uint64(0), uint64(0)
	for _, sizes := range [][]uint64{{1, 1, 1, 40}, {1, 150, 1}, {1, 59, 1, 1, 1, 3}, {120, 1}, {132, 1, 1}, {1}} {
		for _, size := range sizes {
			var group sync.WaitGroup
			var mu sync.Mutex
			var failed error
			for range size {
				r := unchecked(t, n)
				n++
				if size == 1 {
					r = life(t, alone)
					alone++
				}
				group.Go(func() {
					reg, err := w.log.Append(context.Background(), r)
					if err != nil {
						mu.Lock()
						failed = err
						mu.Unlock()
						return
					}
					o.saw(r, reg)
				})
			}
			group.Wait()
			if failed != nil {
				return failed
			}
		}
		if err := errors.Join(w.log.Close(), w.guard.Close(), w.store.Close()); err != nil {
			return err
		}
		if err := w.open(); err != nil {
			return err
		}
	}
	return errors.Join(w.log.Close(), w.guard.Close(), w.store.Close())
}

func TestACrashAnywhereLosesNothingThatWasAcknowledged(t *testing.T) {
	mem := vfs.NewCrashableMem()
	seen := new(onlooker)
	var mu sync.Mutex
	clones, created := 0, false
	rng := rand.New(rand.NewPCG(1, 2))
	disk := &faultFS{FS: mem, after: nothing, before: func(op string) error {
		mu.Lock()
		defer mu.Unlock()
		before := seen.before()
		percent := []int{0, 100, 50, 10, 90}[clones%5]
		clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
		clones++
		if err := afterCrash(t, clone, seen, before, created); err != nil {
			t.Errorf("crash %d, before %s, with %d %% of what was not synced: %v", clones, op, percent, err)
		}
		return nil
	}}
	w := &world{fs: disk, clock: new(clock), sign: seen.sign}
	w.clock.unix.Store(epoch)
	if err := w.create(seen.sign); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	created = true
	mu.Unlock()
	w.mustOpen(t)
	if err := run(t, w, seen); err != nil {
		t.Fatal(err)
	}
	if clones < 200 || len(seen.acked) != 517 {
		t.Fatalf("%d crashes and %d acknowledged records: the test did not do what it is for", clones, len(seen.acked))
	}
	seen.oneHistory(t)
	t.Log(clones, "crashes")
}

// afterCrash opens what a crash left and reads it whole, registers one more, and
// reads again.
func afterCrash(t *testing.T, fs vfs.FS, all, before *onlooker, created bool) error {
	w := &world{fs: fs, clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	if err := w.open(); err != nil {
		if created {
			return err
		}
		// Cut short, and done again.
		if err := w.create(home.sign); err != nil {
			return fmt.Errorf("creating again: %w", err)
		}
		if err := w.open(); err != nil {
			return fmt.Errorf("created again: %w", err)
		}
	}
	v := w.log.View()
	if err := before.check(v); err != nil {
		return err
	}
	if c := v.Checkpoint().Checkpoint; c.Size > 0 && !all.hasSigned(c) {
		return fmt.Errorf("the checkpoint of size %d with root %s was never signed", c.Size, c.Root)
	}
	checkLog(t, v)
	reg, err := w.log.Append(context.Background(), unchecked(t, 1<<40))
	if err != nil || reg.Index != v.Size() {
		return fmt.Errorf("one more: entry %d, %v", reg.Index, err)
	}
	checkEdge(t, reg.View)
	return errors.Join(w.log.Close(), w.guard.Close(), w.store.Close())
}
