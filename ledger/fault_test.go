package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var errDisk = errors.New("the disk says no")

// brokenDisk is a disk whose operation number fail fails: undone, or done all the
// same.
func brokenDisk(mem vfs.FS, fail int, done bool) (disk *faultFS, hit func() string) {
	var mu sync.Mutex
	var n int
	var what string
	ask := func(now bool) func(op string) error {
		return func(op string) error {
			mu.Lock()
			defer mu.Unlock()
			if !now {
				return nil
			}
			if n++; n != fail {
				return nil
			}
			what = op
			return errDisk
		}
	}
	hit = func() string {
		mu.Lock()
		defer mu.Unlock()
		return what
	}
	return &faultFS{FS: mem, before: ask(!done), after: ask(done)}, hit
}

func TestAWriteThatFailsStopsTheLogAndLosesNothingThatWasAcknowledged(t *testing.T) {
	for _, done := range []bool{false, true} {
		for fail := 1; ; fail++ {
			mem := vfs.NewCrashableMem()
			disk, hit := brokenDisk(mem, fail, done)
			seen := new(onlooker)
			created, err := runOnBrokenDisk(t, disk, seen)
			if hit() == "" {
				if err != nil {
					t.Fatalf("without a fault: %v", err)
				}
				if fail < 100 {
					t.Fatalf("only %d operations", fail)
				}
				t.Log(fail, "operations")
				break
			}
			for i, percent := range []int{0, 50, 100} {
				rng := rand.New(rand.NewPCG(uint64(fail), uint64(i)))
				clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
				if err := afterCrash(t, clone, seen, seen, created); err != nil {
					t.Errorf("after %s failed (done: %v) with %d %% of what was not synced: %v", hit(), done, percent, err)
				}
			}
			seen.oneHistory(t)
			// Some operations may fail: what Pebble removes is not missed.
			if err != nil && !errors.Is(err, errDisk) && !bytes.Contains([]byte(err.Error()), []byte(errDisk.Error())) {
				t.Errorf("after %s failed (done: %v): %v", hit(), done, err)
			}
		}
	}
}

// runOnBrokenDisk creates a ledger and runs it, until it stops.
func runOnBrokenDisk(t *testing.T, disk vfs.FS, seen *onlooker) (created bool, err error) {
	w := &world{fs: disk, clock: new(clock), sign: seen.sign}
	w.clock.unix.Store(epoch)
	if err := w.create(seen.sign); err != nil {
		return false, err
	}
	if err := w.open(); err != nil {
		return true, err
	}
	for n := range uint64(12) {
		if n%4 == 3 {
			if err := errors.Join(w.log.Close(), w.guard.Close(), w.store.Close()); err != nil {
				return true, err
			}
			if err := w.open(); err != nil {
				return true, err
			}
		}
		r := life(t, n)
		before := w.log.View()
		reg, err := w.log.Append(context.Background(), r)
		if err != nil {
			checkStopped(t, w, before, err)
			return true, err
		}
		seen.saw(r, reg)
	}
	return true, errors.Join(w.log.Close(), w.guard.Close(), w.store.Close())
}

// checkStopped says whether a log that failed has stopped as it should.
func checkStopped(t *testing.T, w *world, before *ledger.View, err error) {
	t.Helper()
	if !errors.Is(err, ledger.ErrStopped) {
		t.Errorf("the failure is %v, not that the ledger has stopped", err)
	}
	<-w.log.Done()
	ends := []error{w.log.Err(), w.log.Close(), second(w.log.Append(context.Background(), unchecked(t, 1<<41)))}
	if w.store.Err() != nil { // or it was the guard that failed
		ends = append(ends, w.store.Close())
	}
	for _, err := range ends {
		if err == nil {
			t.Error("something of a log that has stopped says that all is well")
		}
	}
	if w.log.View() != before {
		t.Error("the published head changed with a commit that failed")
	}
	checkEdge(t, w.log.View())
}

// unlocked is a file system that another process, which is gone, has left as it was.
type unlocked struct{ vfs.FS }

func (unlocked) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func TestWhatAStartPublishesIsOnDisk(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var broken atomic.Bool
	disk := &faultFS{FS: mem, after: nothing, before: func(op string) error {
		if broken.Load() && strings.HasPrefix(op, "sync") {
			return errDisk
		}
		return nil
	}}
	w := newWorld(t, disk)
	w.append(t, unchecked(t, 0))
	broken.Store(true)
	if _, err := w.log.Append(context.Background(), unchecked(t, 1)); !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("without a sync: %v", err)
	}
	// The process ends, the machine goes on: what was not synced is there to be read.
	after := &world{fs: unlocked{mem}, clock: w.clock, sign: home.sign}
	after.mustOpen(t)
	published := after.log.View().Checkpoint()
	if published.Size != 2 {
		t.Fatalf("the start published the size %d, not 2: the test does not do what it is for", published.Size)
	}
	// Now the machine ends too.
	last := &world{fs: mem.CrashClone(vfs.CrashCloneCfg{}), clock: w.clock, sign: home.sign}
	last.mustOpen(t)
	if got := last.log.View().Checkpoint(); got.Checkpoint != published.Checkpoint {
		t.Errorf("published was %+v, left is %+v", published.Checkpoint, got.Checkpoint)
	}
	checkLog(t, last.log.View())
	last.close(t)
	after.close(t)
}

func TestAStoreThatFailsStopsALogThatWaits(t *testing.T) {
	var broken sync.Map
	ask := func(op string) error {
		if _, ok := broken.Load("yes"); ok {
			return errDisk
		}
		return nil
	}
	w := newWorld(t, &faultFS{FS: vfs.NewMem(), before: ask, after: nothing})
	w.append(t, unchecked(t, 0))
	broken.Store("yes", true)
	// Not by the log's own commit: by the writer behind its back.
	b := w.store.NewBatch()
	if _, err := b.Append(epoch, unchecked(t, 1)); err != nil {
		t.Fatal(err)
	}
	commitBy(t, b)
	<-w.log.Done()
	if err := w.log.Err(); !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("the log ended with %v", err)
	}
	if _, err := w.log.Append(context.Background(), unchecked(t, 2)); !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("a log that has stopped says %v", err)
	}
	checkLog(t, w.log.View())
}

// commitBy commits a batch of which the disk will not hear.
func commitBy(t *testing.T, b *store.Batch) {
	t.Helper()
	c, err := b.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(sealed(t, c)); err == nil {
		t.Fatal("committed to a broken disk")
	}
}
