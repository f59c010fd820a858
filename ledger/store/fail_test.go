package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

var errDisk = errors.New("the disk says no")

// A switchable disk fails each write while it is broken, and counts them.
type switchable struct{ broken, writes atomic.Int64 }

func (d *switchable) wrap(fs vfs.FS) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpFilePreallocate || op.Kind == errorfs.OpLock {
			return nil
		}
		d.writes.Add(1)
		if d.broken.Load() != 0 {
			return errDisk
		}
		return nil
	}))
}

func TestAStoreThatFailedWritesNothingAnyMore(t *testing.T) {
	mem, d := vfs.NewCrashableMem(), new(switchable)
	s := newStore(t, d.wrap(mem))
	grow(t, s, 3, 1)
	d.broken.Store(1)
	b := s.NewBatch()
	fill(t, b, 3, 4)
	c, err := b.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(home.signs(c)); !errors.Is(err, errDisk) {
		t.Fatalf("committed to a broken disk: %v", err)
	}
	<-s.Failed()
	d.broken.Store(0) // it is well again, and that does not help
	writes := d.writes.Load()
	again := s.NewBatch()
	fill(t, again, 3, 4)
	for _, err := range []error{s.Err(), again.Commit(home.signs(c)), s.Close(), s.Close()} {
		if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), testDir) {
			t.Errorf("a store that failed says %v", err)
		}
	}
	if got := d.writes.Load(); got != writes {
		t.Errorf("a store that failed wrote %d times", got-writes)
	}
	if size := s.Head().Checkpoint.Size; size != 3 {
		t.Errorf("its head has the size %d, not 3", size)
	}
	s = openStore(t, mem.CrashClone(vfs.CrashCloneCfg{}))
	checkStore(t, s)
	grow(t, s, 5, 1)
	closeStore(t, s)
}

func TestADiskThatFailsWhileAStoreIsMadeOrOpenedIsAnError(t *testing.T) {
	for _, create := range []bool{true, false} {
		mem, d := vfs.NewMem(), new(switchable)
		files := d.wrap(mem)
		try := func() error { return Create(config(files), emptyLog()) }
		if !create {
			closeStore(t, newStore(t, files))
			try = func() error { return second(Open(config(files))) }
		}
		d.broken.Store(1)
		err := try()
		if !errors.Is(err, errDisk) {
			t.Errorf("create %v: %v", create, err)
		}
	}
}

func TestWhatPebbleCannotGoOnFromEndsTheStore(t *testing.T) {
	var log bytes.Buffer
	cfg := config(nil)
	cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for name, f := range map[string]func(o *pebble.Options) error{
		"fatal error 7": func(o *pebble.Options) error { o.Logger.Fatalf("fatal error %d", 7); return nil },
		"background error": func(o *pebble.Options) error {
			o.EventListener.BackgroundError(errors.New("background error"))
			return nil
		},
		"a panic": func(*pebble.Options) error { panic("a panic") },
	} {
		s := &Store{dir: testDir, failed: make(chan struct{})}
		err := s.call(func() error { return f(s.options(cfg, true)) })
		if err == nil || !strings.Contains(err.Error(), name) || !errors.Is(s.Err(), err) {
			t.Errorf("%s: %v; the store says %v", name, err, s.Err())
		}
		s.fail(errors.New("and later"))
		if s.Err() != err {
			t.Errorf("%s: the reason became %v", name, s.Err())
		}
	}
	for _, want := range []string{"fatal error 7", "background error"} {
		if !strings.Contains(log.String(), `level=ERROR msg="store failed" err="`+want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
	}
}

func TestWhatPebbleSaysIsLogged(t *testing.T) {
	var log bytes.Buffer
	cfg := config(nil)
	cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := &Store{failed: make(chan struct{})}
	o := s.options(cfg, true)
	o.Logger.Infof("said %d", 1)
	o.Logger.Errorf("said %d", 2)
	o.EventListener.WriteStallBegin(pebble.WriteStallBeginInfo{Reason: "said 3"})
	o.EventListener.DiskSlow(vfs.DiskSlowInfo{Path: "said-4"})
	o.EventListener.DataCorruption(pebble.DataCorruptionInfo{Path: "said-5"})
	for _, want := range []string{`level=DEBUG msg="said 1"`, `level=ERROR msg="said 2"`, `level=WARN msg="store is behind with its writes" reason="said 3"`,
		"level=WARN msg=\"disk is slow\"", "said-4", `level=ERROR msg="store is damaged" path=said-5`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
	}
	if err := s.Err(); err != nil {
		t.Errorf("the store failed: %v", err)
	}
}

func TestADamagedBlockFailsTheReadThatMeetsItAndNoOther(t *testing.T) {
	mem := vfs.NewMem()
	s := newStore(t, mem)
	grow(t, s, 300, 300)
	closeStore(t, s)
	s = openStore(t, mem) // a start writes what it replays into tables
	tables, err := s.db.SSTables()
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	damaged := 0
	for _, table := range slices.Concat(tables...) {
		if table.Smallest.UserKey[0] == 'e' { // what is read at a start is in others
			damage(t, mem, fmt.Sprintf("%s/%06d.sst", testDir, table.BackingSSTNum))
			damaged++
		}
	}
	if damaged != 1 {
		t.Fatalf("%d files have entries", damaged)
	}
	s = openStore(t, mem)
	if _, err := s.Entry(0); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("entry 0: %v", err)
	}
	if _, err := s.State(s.Head()).Bundle(tlog.Tile{Level: -1, Index: 0, Width: 256}); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("bundle 0: %v", err)
	}
	if _, err := s.Entry(299); err != nil {
		t.Errorf("entry 299: %v", err)
	}
	grow(t, s, 301, 1)
	if err := s.Err(); err != nil {
		t.Errorf("the store failed: %v", err)
	}
	closeStore(t, s)
}

func TestALogOfWritesThatIsDamagedInItsMiddleDoesNotOpen(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := newStore(t, mem)
	grow(t, s, 100, 1)
	clone := mem.CrashClone(vfs.CrashCloneCfg{})
	names, err := clone.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		info, err := clone.Stat(testDir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		// Of one that is shorter nobody could tell: see options.
		if strings.HasSuffix(name, ".log") && info.Size() > 2*32<<10 {
			damage(t, clone, testDir+"/"+name)
			found++
		}
	}
	if found != 1 {
		t.Fatalf("%d long logs of writes, not 1, in %v", found, names)
	}
	if _, err := Open(config(clone)); err == nil {
		t.Error("opened")
	}
	closeStore(t, s)
}

// damage flips a bit near the beginning of a file: of a table, in its first entries.
func damage(t *testing.T, mem vfs.FS, name string) {
	t.Helper()
	f, err := mem.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	b[100] ^= 1
	if f, err = mem.Create(name, vfs.WriteCategoryUnspecified); err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestEveryKindOfWriteThatFailsEndsTheStore(t *testing.T) {
	const c = vfs.WriteCategoryUnspecified
	onFile := func(f func(vfs.File) error) func(vfs.FS) error {
		return func(d vfs.FS) error {
			file, err := d.Create("file", c)
			if err != nil {
				return err
			}
			return f(file)
		}
	}
	ops := map[string]func(vfs.FS) error{
		"create":        func(d vfs.FS) error { return second(d.Create("new", c)) },
		"create marker": func(d vfs.FS) error { return second(d.Create("marker.a.1.b", c)) },
		"open":          func(d vfs.FS) error { return second(d.OpenReadWrite("old", c)) },
		"reuse":         func(d vfs.FS) error { return second(d.ReuseForWrite("old", "new", c)) },
		"directory":     func(d vfs.FS) error { return second(d.OpenDir("")) },
		"link":          func(d vfs.FS) error { return d.Link("old", "new") },
		"rename":        func(d vfs.FS) error { return d.Rename("old", "new") },
		"remove":        func(d vfs.FS) error { return d.Remove("old") },
		"remove all":    func(d vfs.FS) error { return d.RemoveAll("old") },
		"mkdir":         func(d vfs.FS) error { return d.MkdirAll("dir", 0o755) },
		"write":         onFile(func(f vfs.File) error { return second(f.Write([]byte("x"))) }),
		"write at":      onFile(func(f vfs.File) error { return second(f.WriteAt([]byte("x"), 0)) }),
		"sync":          onFile(vfs.File.Sync),
		"sync data":     onFile(vfs.File.SyncData),
		"sync to":       onFile(func(f vfs.File) error { return second(f.SyncTo(1)) }),
	}
	for name, op := range ops {
		for skip := 0; ; skip++ {
			mem := vfs.NewMem()
			if err := second(mem.Create("old", c)); err != nil {
				t.Fatal(err)
			}
			n := 0
			broken := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind == errorfs.OpStat {
					return nil
				}
				if n++; n == skip+1 {
					return errDisk
				}
				return nil
			}))
			s := &Store{dir: testDir, failed: make(chan struct{})}
			d := disk{FS: broken, end: logger{s, slog.New(slog.DiscardHandler)}.end}
			if d.Unwrap() != vfs.FS(broken) {
				t.Fatal("the disk is not around the one that was given")
			}
			err := s.call(func() error { return op(d) })
			if n <= skip { // all went well
				if err != nil || s.Err() != nil || skip == 0 {
					t.Errorf("%s without a fault: %v; the store says %v", name, err, s.Err())
				}
				break
			}
			if !errors.Is(err, errDisk) || !errors.Is(s.Err(), errDisk) {
				t.Errorf("%s with fault %d: %v; the store says %v", name, skip, err, s.Err())
			}
		}
	}
}

func TestThatAFileIsNotThereIsAnAnswer(t *testing.T) {
	d := disk{FS: vfs.NewMem(), end: func(err error) { t.Errorf("ended by %v", err) }}
	for _, err := range []error{
		d.Remove("absent"), second(d.OpenDir("absent")), second(d.Create("absent/marker.a.1.b", vfs.WriteCategoryUnspecified)),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what is not there: %v", err)
		}
	}
}

func TestAMarkerIsNotOnDiskBeforeWhatItNames(t *testing.T) {
	mem := vfs.NewCrashableMem()
	d := disk{FS: mem, end: func(err error) { t.Errorf("ended by %v", err) }}
	for _, name := range []string{"MANIFEST-000001", "marker.manifest.000001.MANIFEST-000001"} {
		if _, err := d.Create(name, vfs.WriteCategoryUnspecified); err != nil {
			t.Fatal(err)
		}
	}
	names, err := mem.CrashClone(vfs.CrashCloneCfg{}).List("")
	if err != nil || len(names) != 1 || names[0] != "MANIFEST-000001" {
		t.Fatalf("a crash with the marker not synced leaves %v, %v", names, err)
	}
}
