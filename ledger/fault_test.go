package ledger_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var errDisk = errors.New("the disk says no")

// brokenDisk is a disk of which operations fail, from when broken is set: those that
// fails says.
func brokenDisk(disk vfs.FS, broken *atomic.Bool, fails func(faultfs.Op) bool) *faultfs.FS {
	return faultfs.New(disk, func(op faultfs.Op) (f faultfs.Fault) {
		if broken.Load() && fails(op) {
			f.Err = errDisk
		}
		return f
	})
}

// That nothing is lost then, package faults shows, at each operation.
func TestALogWhoseDiskFailsHasStopped(t *testing.T) {
	for _, dir := range []string{dir, dir + "-guard"} {
		for _, kind := range []faultfs.Kind{faultfs.Write, faultfs.Sync} {
			var broken atomic.Bool
			w := newWorld(t, brokenDisk(vfs.NewMem(), &broken, func(op faultfs.Op) bool {
				return op.Kind == kind && strings.HasPrefix(op.Path, dir+"/")
			}))
			w.append(t, life(t, 0))
			broken.Store(true)
			before := w.log.View()
			_, err := w.log.Append(context.Background(), life(t, 1))
			checkStopped(t, w, before, err)
		}
	}
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

// unlocked is a file system whose locks keep nobody out.
type unlocked struct{ vfs.FS }

func (unlocked) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func soundly(faultfs.Op) faultfs.Fault { return faultfs.Fault{} }

func TestWhatAStartPublishesIsOnDisk(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var broken atomic.Bool
	w := newWorld(t, brokenDisk(mem, &broken, func(op faultfs.Op) bool { return op.Kind == faultfs.Sync }))
	w.append(t, unchecked(t, 0))
	broken.Store(true)
	if _, err := w.log.Append(context.Background(), unchecked(t, 1)); !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("without a sync: %v", err)
	}
	// The process ends, the machine goes on: what was not synced is there to be read.
	after := &world{fs: faultfs.New(mem, soundly), clock: w.clock, sign: home.sign}
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

// The process is killed between the write of the guard and its sync, and the next one
// goes on from what it reads.
func TestWhatAStartReadsInItsGuardIsOnDisk(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var broken atomic.Bool
	w := newWorld(t, brokenDisk(mem, &broken, func(op faultfs.Op) bool {
		return op.Kind == faultfs.Sync && strings.HasPrefix(op.Path, dir+"-guard/")
	}))
	w.append(t, unchecked(t, 0))
	broken.Store(true)
	if _, err := w.log.Append(context.Background(), unchecked(t, 1)); !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("without a sync of the guard: %v", err)
	}
	after := &world{fs: faultfs.New(mem, soundly), clock: w.clock, sign: home.sign}
	after.mustOpen(t)
	clone := mem.CrashClone(vfs.CrashCloneCfg{})
	guard, err := store.OpenGuard(store.GuardConfig{Dir: dir + "-guard", FS: clone, Key: home.Key})
	if err != nil {
		t.Fatal(err)
	}
	defer guard.Close()
	if last, err := guard.Last(); err != nil || last.Checkpoint != after.log.View().Checkpoint().Checkpoint {
		t.Errorf("size %d is public, the guard on the disk has %d, %v", after.log.View().Size(), last.Size, err)
	}
	after.close(t)
}

func TestAStoreThatFailsStopsALogThatWaits(t *testing.T) {
	var broken atomic.Bool
	w := newWorld(t, brokenDisk(vfs.NewMem(), &broken, func(op faultfs.Op) bool { return op.Kind.Writes() }))
	w.append(t, unchecked(t, 0))
	broken.Store(true)
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
