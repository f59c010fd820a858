package store

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// twoLogs returns a disk with a store of the size 2n whose log of writes is in two files, of
// n entries each, as a crash leaves them while the memory of the first is written to a table.
func twoLogs(t *testing.T, n, step uint64) (disk *vfs.MemFS, logs []string) {
	t.Helper()
	disk = vfs.NewCrashableMem()
	release := make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	defer let()
	var full atomic.Bool
	s := newStore(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".sst") {
			<-release
		}
		return nil
	})))
	full.Store(true)
	grow(t, s, n, step)
	if _, err := s.db.AsyncFlush(); err != nil {
		t.Fatal(err)
	}
	grow(t, s, 2*n, step)
	crashed := disk.CrashClone(vfs.CrashCloneCfg{})
	let()
	closeStore(t, s)
	names, err := crashed.List(testDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			logs = append(logs, crashed.PathJoin(testDir, name))
		}
	}
	slices.Sort(logs)
	return crashed, logs
}

func contents(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A byte of the log of writes that is another makes the store not open, with what to do; or,
// where it looks as a torn end, open as it was before some batch, which the guard finds out
// (package ledger). In a file that is not the last nothing looks so: what came after it
// would be without what it had.
func TestDamageOfTheLogOfWritesIsToldWithWhatToDoOrIsAnOlderStore(t *testing.T) {
	for _, step := range []uint64{5, 60} { // within a block of Pebble's, and over several
		const n, places = 120, 8
		disk, logs := twoLogs(t, n, step)
		if len(logs) != 2 {
			t.Fatalf("the log of writes is in %d files, want 2: %q", len(logs), logs)
		}
		older, refused := 0, 0
		for file, name := range logs {
			whole := contents(t, disk, name)
			for i := range places {
				at := i * (len(whole) - 1) / (places - 1)
				damaged := disk.CrashClone(vfs.CrashCloneCfg{})
				spoilt := slices.Clone(whole)
				spoilt[at] ^= 1
				f, err := damaged.Create(name, vfs.WriteCategoryUnspecified)
				if err == nil {
					_, err = f.Write(spoilt)
					err = errors.Join(err, f.Sync(), f.Close())
				}
				if err != nil {
					t.Fatal(err)
				}
				s, err := Open(config(damaged))
				if err != nil {
					refused++
					for _, want := range []string{damaged.PathBase(name), "restore a backup, or promote a copy", "chirographd promote --help"} {
						if !strings.Contains(err.Error(), want) {
							t.Errorf("byte %d of %s: it does not say %q: %v", at, name, want, err)
						}
					}
					continue
				}
				older++
				if size := s.Head().Checkpoint.Size; file == 0 && size < 2*n || size < n || size%step != 0 {
					t.Errorf("byte %d of %s: it opened with %d of %d entries", at, name, size, 2*n)
				}
				checkStore(t, s)
				closeStore(t, s)
			}
		}
		if refused < places {
			t.Errorf("batches of %d: %d of %d were refused", step, refused, 2*places)
		}
		t.Logf("batches of %d: %d refused, %d older", step, refused, older)
	}
}
