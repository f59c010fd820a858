package ledger_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// copyDir copies a directory from one file system to another.
func copyDir(t *testing.T, from vfs.FS, to vfs.FS, name string) {
	t.Helper()
	ok, err := vfs.Clone(from, to, name, name, vfs.CloneSync)
	if err != nil || !ok {
		t.Fatalf("copying %s: %v, %v", name, ok, err)
	}
}

// grown returns the file system of a ledger with n entries that nobody has open,
// registered from number first on.
func grown(t *testing.T, fs vfs.FS, first, n uint64) vfs.FS {
	t.Helper()
	w := newWorld(t, fs)
	for i := range n {
		w.append(t, unchecked(t, first+i))
	}
	w.close(t)
	return fs
}

// with returns a file system that has the store of one and the guard of another.
func with(t *testing.T, ofStore, ofGuard vfs.FS) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	copyDir(t, ofStore, fs, dir)
	copyDir(t, ofGuard, fs, dir+"-guard")
	return fs
}

func openError(fs vfs.FS) error {
	w := &world{fs: fs, clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	return w.open()
}

func TestAStoreThatIsNotTheOneOfItsGuardDoesNotOpen(t *testing.T) {
	three, five, other := grown(t, vfs.NewMem(), 0, 3), grown(t, vfs.NewMem(), 0, 5), grown(t, vfs.NewMem(), 100, 5)
	empty := grown(t, vfs.NewMem(), 0, 0)
	for name, c := range map[string]struct {
		store, guard vfs.FS
		want         string
	}{
		"an old copy":           {three, five, "the tree has 3 entries, a checkpoint of size 5 has left"},
		"empty":                 {empty, five, "the tree has 0 entries, a checkpoint of size 5 has left"},
		"another, of that size": {other, five, "the tree of 5 entries does not begin with that of the checkpoint of size 5"},
		"another that is ahead": {other, three, "the tree of 5 entries does not begin with that of the checkpoint of size 3"},
	} {
		if err := openError(with(t, c.store, c.guard)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := openError(with(t, five, three)); err != nil {
		t.Errorf("a store that is ahead of its guard, as a crash between the two leaves it: %v", err)
	}
}

func removeGuard(t *testing.T, fs vfs.FS) {
	t.Helper()
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		if err := fs.Remove(fs.PathJoin(dir+"-guard", name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALedgerDoesNotOpenWithoutItsGuard(t *testing.T) {
	fs := grown(t, vfs.NewMem(), 0, 2)
	removeGuard(t, fs)
	if err := openError(fs); !errors.Is(err, store.ErrNoGuard) {
		t.Errorf("without: %v", err)
	}
	for name, key := range map[string]signer{"another origin": alice, "another key": newSigner(home.Name(), 1)} {
		fs := grown(t, vfs.NewMem(), 0, 2)
		removeGuard(t, fs)
		w := &world{fs: fs, clock: new(clock)}
		gc := w.guardConfig()
		gc.Key = key.Key
		sc := store.Config{Dir: "elsewhere", FS: fs, Key: key.Key}
		if err := ledger.Create(sc, gc, ledger.Config{Sign: key.sign, Clock: w.clock.now}); err != nil {
			t.Fatal(err)
		}
		if err := openError(fs); err == nil || !strings.Contains(err.Error(), home.Name()) {
			t.Errorf("the guard of %s: %v", name, err)
		}
	}
}

func TestAGuardIsHeldByOneProcess(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	if _, err := store.OpenGuard(w.guardConfig()); !errors.Is(err, store.ErrHeld) {
		t.Errorf("a second time: %v", err)
	}
	w.close(t)
}

// shared is a file system whose guard two processes have, on a disk without locks.
type shared struct {
	unlocked
	guard vfs.FS
}

func (s shared) of(name string) vfs.FS {
	if strings.HasPrefix(name, dir+"-guard") {
		return s.guard
	}
	return s.FS
}

func (s shared) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return s.of(name).Open(name, opts...)
}

func (s shared) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return s.of(name).OpenReadWrite(name, c, opts...)
}

func (s shared) Stat(name string) (vfs.FileInfo, error) { return s.of(name).Stat(name) }

func (s shared) MkdirAll(name string, perm os.FileMode) error { return s.of(name).MkdirAll(name, perm) }

func (s shared) OpenDir(name string) (vfs.File, error) { return s.of(name).OpenDir(name) }

func TestTheSecondOfTwoServersWithOneKeySignsNothing(t *testing.T) {
	original := grown(t, vfs.NewMem(), 0, 3)
	copied := vfs.NewMem()
	copyDir(t, original, copied, dir)
	first := &world{fs: unlocked{original}, clock: new(clock), sign: home.sign}
	first.clock.unix.Store(epoch)
	var signed int
	second := &world{fs: shared{unlocked{copied}, original}, clock: first.clock}
	second.sign = func(message []byte) ([]byte, error) {
		signed++
		return home.sign(message)
	}
	first.mustOpen(t)
	second.mustOpen(t)
	signed = 0
	before := second.log.View()
	first.append(t, unchecked(t, 10))
	_, err := second.log.Append(context.Background(), unchecked(t, 11))
	if !errors.Is(err, ledger.ErrStopped) || !strings.Contains(err.Error(), "does not begin with that of the checkpoint of size 4") {
		t.Errorf("the second registered: %v", err)
	}
	<-second.log.Done()
	if signed != 0 || second.log.View() != before {
		t.Errorf("the second signed %d checkpoints, and published size %d", signed, second.log.View().Size())
	}
	first.append(t, unchecked(t, 12))
	checkLog(t, first.log.View())
	first.close(t)
}
