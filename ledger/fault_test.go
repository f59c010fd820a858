package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A faultFS asks before each operation that writes, and after it. An error before
// keeps the operation from being done; one after hides that it was.
type faultFS struct {
	vfs.FS
	before, after func(op string) error
}

func (f *faultFS) do(op string, do func() error) error {
	if err := f.before(op); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return f.after(op)
}

func (f *faultFS) file(op string, open func() (vfs.File, error)) (file vfs.File, err error) {
	err = f.do(op, func() error {
		file, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, op}, nil
}

func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("create "+name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *faultFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.file("open "+name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, opts...) })
}

func (f *faultFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("reuse "+name, func() (vfs.File, error) { return f.FS.ReuseForWrite(old, name, c) })
}

// OpenDir is no write; what it returns is synced.
func (f *faultFS) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, "directory " + name}, nil
}

func (f *faultFS) Link(old, name string) error {
	return f.do("link "+name, func() error { return f.FS.Link(old, name) })
}

func (f *faultFS) Rename(old, name string) error {
	return f.do("rename "+name, func() error { return f.FS.Rename(old, name) })
}

func (f *faultFS) Remove(name string) error {
	return f.do("remove "+name, func() error { return f.FS.Remove(name) })
}

func (f *faultFS) MkdirAll(name string, perm os.FileMode) error {
	return f.do("mkdir "+name, func() error { return f.FS.MkdirAll(name, perm) })
}

type faultFile struct {
	vfs.File
	fs   *faultFS
	name string
}

func (f *faultFile) Write(p []byte) (n int, err error) {
	err = f.fs.do("write "+f.name, func() error {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fs.do("write "+f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f *faultFile) Sync() error { return f.fs.do("sync "+f.name, f.File.Sync) }

func (f *faultFile) SyncData() error { return f.fs.do("sync "+f.name, f.File.SyncData) }

func (f *faultFile) SyncTo(length int64) (full bool, err error) {
	err = f.fs.do("sync "+f.name, func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// A witness has seen everything that left a ledger: what was acknowledged, what was
// published and what was signed.
type witness struct {
	mu        sync.Mutex
	acked     []acknowledged
	published []tlog.Checkpoint
	signed    map[uint64]map[string]bool // by size, the texts
}

type acknowledged struct {
	id    record.ID
	index uint64
}

func (o *witness) sign(message []byte) ([]byte, error) {
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

func (o *witness) saw(r *record.Record, reg ledger.Registration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.acked = append(o.acked, acknowledged{r.ID(), reg.Index})
	o.published = append(o.published, reg.View.Checkpoint().Checkpoint)
}

// before returns what the witness has seen until now.
func (o *witness) before() *witness {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &witness{acked: slices.Clone(o.acked), published: slices.Clone(o.published)}
}

// hasSigned says whether the checkpoint was signed here.
func (o *witness) hasSigned(c tlog.Checkpoint) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.signed[c.Size][string(c.Text())]
}

// oneHistory fails the test when two checkpoints of one size were signed.
func (o *witness) oneHistory(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for size, texts := range o.signed {
		if len(texts) != 1 {
			t.Errorf("%d checkpoints of size %d were signed", len(texts), size)
		}
	}
}

// check says whether v has all that the witness saw, and goes on from it.
func (o *witness) check(v *ledger.View) error {
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
// logs of writes are replayed, flushed and compacted, and tells the witness.
func run(t *testing.T, w *world, o *witness) error {
	n := uint64(0)
	for _, sizes := range [][]uint64{{1, 1, 1, 40}, {1, 150, 1}, {1, 59, 1, 1, 1, 3}, {120, 1}, {132, 1, 1}, {1}} {
		for _, size := range sizes {
			var group sync.WaitGroup
			var mu sync.Mutex
			var failed error
			for range size {
				r := unchecked(t, n)
				n++
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
		if err := errors.Join(w.log.Close(), w.store.Close()); err != nil {
			return err
		}
		if err := w.open(); err != nil {
			return err
		}
	}
	return errors.Join(w.log.Close(), w.store.Close())
}

func TestACrashAnywhereLosesNothingThatWasAcknowledged(t *testing.T) {
	mem := vfs.NewCrashableMem()
	seen := new(witness)
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
	if err := ledger.Create(w.storeConfig(), seen.sign); err != nil {
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
func afterCrash(t *testing.T, fs vfs.FS, all, before *witness, created bool) error {
	w := &world{fs: fs, clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	if err := w.open(); err != nil {
		if created {
			return err
		}
		// Cut short, and done again.
		if err := ledger.Create(w.storeConfig(), home.sign); err != nil {
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
	return errors.Join(w.log.Close(), w.store.Close())
}

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
			seen := new(witness)
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
func runOnBrokenDisk(t *testing.T, disk vfs.FS, seen *witness) (created bool, err error) {
	w := &world{fs: disk, clock: new(clock), sign: seen.sign}
	w.clock.unix.Store(epoch)
	if err := ledger.Create(w.storeConfig(), seen.sign); err != nil {
		return false, err
	}
	if err := w.open(); err != nil {
		return true, err
	}
	for n := range uint64(12) {
		if n%4 == 3 {
			if err := errors.Join(w.log.Close(), w.store.Close()); err != nil {
				return true, err
			}
			if err := w.open(); err != nil {
				return true, err
			}
		}
		r := unchecked(t, n)
		before := w.log.View()
		reg, err := w.log.Append(context.Background(), r)
		if err != nil {
			checkStopped(t, w, before, err)
			return true, err
		}
		seen.saw(r, reg)
	}
	return true, errors.Join(w.log.Close(), w.store.Close())
}

// checkStopped says whether a log that failed has stopped as it should.
func checkStopped(t *testing.T, w *world, before *ledger.View, err error) {
	t.Helper()
	if !errors.Is(err, ledger.ErrStopped) {
		t.Errorf("the failure is %v, not that the ledger has stopped", err)
	}
	<-w.log.Done()
	for _, err := range []error{
		w.log.Err(), w.log.Close(), w.store.Err(), w.store.Close(),
		second(w.log.Append(context.Background(), unchecked(t, 1<<41))),
	} {
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
