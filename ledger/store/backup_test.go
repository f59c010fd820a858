package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// openSnapshot opens what Snapshot made.
func openSnapshot(t testing.TB, fs vfs.FS, dir string) *Store {
	t.Helper()
	cfg := config(fs)
	cfg.Dir = dir
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASnapshotHasWhatTheStoreHas(t *testing.T) {
	for _, size := range []uint64{0, 1, 256, 700} {
		fs := vfs.NewMem()
		s := newStore(t, fs)
		grow(t, s, size, 100)
		want := dump(t, s)
		dir, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		grow(t, s, size+50, 7) // it goes on
		c := openSnapshot(t, fs, dir)
		checkStore(t, c)
		got := dump(t, c)
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("size %d, key %q: %q, want %q", size, k, got[k], want[k])
			}
		}
		if len(got) != len(want) {
			t.Errorf("size %d: %d keys, want %d", size, len(got), len(want))
		}
		grow(t, c, size+3, 1) // and so may the copy
		checkStore(t, c)
		checkStore(t, s)
		closeStore(t, c)
		closeStore(t, s)
	}
}

func TestWhatAKilledProcessLeftOfASnapshotIsRemoved(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	grow(t, s, 10, 10)
	dir, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s = openStore(t, fs)
	if _, err := fs.Stat(dir); err == nil {
		t.Error(dir, "is still there")
	}
	checkStore(t, s)
	closeStore(t, s)
}

// A stubborn file system fails operation number at, from 0 on, of those that change what
// has aside in its name, and by link all links.
type stubborn struct {
	vfs.FS
	at     int64
	link   error
	n      *atomic.Int64
	failed *atomic.Int64
}

var errStubborn = errors.New("no room")

func (f stubborn) fails(name string) error {
	if !strings.Contains(name, asidePrefix) || f.n.Add(1)-1 != f.at {
		return nil
	}
	f.failed.Add(1)
	return &fs.PathError{Op: "change", Path: name, Err: errStubborn}
}

func (f stubborn) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.fails(name); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name, c)
	return stubbornFile{file, f, name}, err
}

func (f stubborn) OpenDir(name string) (vfs.File, error) {
	if err := f.fails(name); err != nil {
		return nil, err
	}
	return f.FS.OpenDir(name)
}

func (f stubborn) MkdirAll(name string, perm fs.FileMode) error {
	if err := f.fails(name); err != nil {
		return err
	}
	return f.FS.MkdirAll(name, perm)
}

func (f stubborn) Link(old, name string) error {
	if f.link != nil {
		return f.link
	}
	if err := f.fails(name); err != nil {
		return err
	}
	return f.FS.Link(old, name)
}

type stubbornFile struct {
	vfs.File
	fs   stubborn
	name string
}

func (f stubbornFile) Write(b []byte) (int, error) {
	if err := f.fs.fails(f.name); err != nil {
		return 0, err
	}
	return f.File.Write(b)
}

func (f stubbornFile) Sync() error {
	if err := f.fs.fails(f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

// A backup that finds no room must not end the ledger, as a write of its own would.
func TestASnapshotThatFailsFailsAlone(t *testing.T) {
	points := 0
	for at := int64(0); ; at++ {
		mem := vfs.NewMem()
		s := newStore(t, mem)
		grow(t, s, 300, 100)
		closeStore(t, s) // flushed, so that there are files to link
		files := stubborn{FS: mem, at: at, n: new(atomic.Int64), failed: new(atomic.Int64)}
		s = openStore(t, files)
		files.n.Store(0)
		dir, err := s.Snapshot()
		if files.failed.Load() == 0 {
			if err != nil {
				t.Fatal(err)
			}
			closeStore(t, s)
			break
		}
		points++
		// A link that fails is copied instead.
		if err == nil {
			checkStore(t, openSnapshot(t, mem, dir))
		} else if names, err := mem.List(testDir); err != nil || strings.Contains(fmt.Sprint(names), asidePrefix) {
			t.Errorf("at %d: %s, %v is left", at, names, err)
		}
		if s.Err() != nil {
			t.Fatalf("at %d: the store failed: %v", at, s.Err())
		}
		grow(t, s, 310, 2)
		checkStore(t, s)
		if dir, err := s.Snapshot(); err != nil {
			t.Errorf("at %d, the next: %s, %v", at, dir, err)
		}
		closeStore(t, s)
	}
	if points < 10 {
		t.Errorf("%d points", points)
	}
	t.Logf("%d points", points)
}

// Nobody who waits for it waits for a copy: that is refused, and the store goes on.
func TestWithoutLinksASnapshotIsCopiedOnlyWhereNobodyWaits(t *testing.T) {
	for _, link := range []error{
		&fs.PathError{Op: "link", Err: fs.ErrPermission}, // what Linux says on FAT
		errors.New("cross-device link"), errors.ErrUnsupported,
	} {
		mem := vfs.NewMem()
		s := newStore(t, mem)
		grow(t, s, 300, 100)
		closeStore(t, s)
		s = openStore(t, stubborn{FS: mem, at: -1, link: link, n: new(atomic.Int64), failed: new(atomic.Int64)})
		if dir, err := s.SnapshotLinked(); !errors.Is(err, ErrNoLinks) || s.Err() != nil {
			t.Errorf("%v: %s, %v", link, dir, err)
		}
		if names, err := mem.List(testDir); err != nil || strings.Contains(fmt.Sprint(names), asidePrefix) {
			t.Errorf("%v: %v is left, %v", link, names, err)
		}
		dir, err := s.Snapshot()
		if err != nil {
			t.Fatal(link, err)
		}
		c := openSnapshot(t, mem, dir)
		checkStore(t, c)
		if c.Head().Checkpoint.Size != 300 {
			t.Error(c.Head())
		}
		closeStore(t, c)
		closeStore(t, s)
	}
}

// What is promoted is the store that the ledger itself would have, to the key, and holds what
// was shown.
func TestAPromotedCopyIsTheLedgersStore(t *testing.T) {
	for _, size := range []uint64{0, 1, 300} {
		mem := vfs.NewMem()
		s := openCopy(t, mem)
		copyTo(t, s, size, 100)
		c := home.signs(s.Head().Checkpoint.Checkpoint)
		if err := errors.Join(s.Keep(c), s.Publish(c)); err != nil {
			t.Fatal(err)
		}
		if h, ok := s.Shown(); !ok || h.Checkpoint.Size != size {
			t.Error(h, ok)
		}
		if err := s.Promote(c); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		s = openStore(t, mem)
		// What the copy showed is what is public, until the ledger says otherwise.
		if public := s.Published(); !s.Held() || !bytes.Equal(public.Checkpoint.Bytes(), c.Bytes()) {
			t.Errorf("size %d: what was shown is not held: %+v", size, public)
		}
		if err := s.Publish(c); err != nil {
			t.Fatal(err)
		}
		got, want := dump(t, s), model(t, size)
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("size %d, key %q: %q, want %q", size, k, got[k], want[k])
			}
		}
		if len(got) != len(want) {
			t.Errorf("size %d: %d keys, want %d", size, len(got), len(want))
		}
		if _, ok := s.Shown(); ok {
			t.Error("it is shown as a copy")
		}
		grow(t, s, size+10, 3)
		checkStore(t, s)
		closeStore(t, s)
	}
}

// What was public stays so, whatever else the copy has.
func TestAPromotedCopyShowsWhatWasPublic(t *testing.T) {
	for _, public := range []uint64{0, 5, 10} {
		mem := vfs.NewMem()
		s := openCopy(t, mem)
		copyTo(t, s, public, 5)
		shown := home.signs(s.Head().Checkpoint.Checkpoint)
		copyTo(t, s, 10, 5)
		larger := shown
		larger.Size = 11
		if err := s.PromoteHolding(home.signs(s.Head().Checkpoint.Checkpoint), home.signs(larger.Checkpoint)); err == nil {
			t.Error("what it does not have is public")
		}
		if err := s.PromoteHolding(home.signs(s.Head().Checkpoint.Checkpoint), newSigner("ledger.example", 1).signs(shown.Checkpoint)); err == nil {
			t.Error("what another key signed is public")
		}
		if err := s.PromoteHolding(home.signs(s.Head().Checkpoint.Checkpoint), shown); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if h := s.Published(); !s.Held() || string(h.Checkpoint.Bytes()) != string(shown.Bytes()) || (h.Time == 0) != (public == 0) || s.Head().Checkpoint.Size != 10 {
				t.Errorf("of %d entries are public %+v, held %t", s.Head().Checkpoint.Size, h, s.Held())
			}
			closeStore(t, s)
			s = openStore(t, mem)
		}
		closeStore(t, s)
	}
}

func TestOnlyWhatTheLedgerSignedIsPromoted(t *testing.T) {
	mem := vfs.NewMem()
	s := openCopy(t, mem)
	copyTo(t, s, 10, 5)
	c := s.Head().Checkpoint.Checkpoint
	smaller := c
	smaller.Size = 5
	for _, bad := range []struct {
		name string
		err  error
	}{
		{"another key", s.Promote(newSigner("ledger.example", 1).signs(c))},
		{"a smaller tree", s.Promote(home.signs(smaller))},
		{"nobody", s.Promote(s.Head().Checkpoint)},
	} {
		if bad.err == nil || s.Err() != nil {
			t.Errorf("%s: promoted, %v", bad.name, s.Err())
		}
	}
	if err := s.Promote(home.signs(c)); err != nil {
		t.Fatal(err)
	}
	if err := s.Promote(home.signs(c)); !errors.Is(err, ErrOwn) {
		t.Error(err)
	}
	closeStore(t, s)
}

// What a copy shows is remembered, and nothing that it read beyond.
func TestACopyShowsWhatWasPublishedLast(t *testing.T) {
	mem := vfs.NewMem()
	s := openCopy(t, mem)
	if h, ok := s.Shown(); ok {
		t.Error(h)
	}
	copyTo(t, s, 10, 10)
	c := home.signs(s.Head().Checkpoint.Checkpoint)
	if err := s.Publish(c); err != nil {
		t.Fatal(err)
	}
	copyTo(t, s, 20, 10)
	closeStore(t, s)
	s = openCopy(t, mem)
	if h, ok := s.Shown(); !ok || string(h.Checkpoint.Bytes()) != string(c.Bytes()) || s.Head().Checkpoint.Size != 20 {
		t.Error(h, ok)
	}
	larger := home.signs(s.Head().Checkpoint.Checkpoint)
	larger.Size++
	if err := s.Publish(home.signs(larger.Checkpoint)); err == nil {
		t.Error("what is not there is shown")
	}
	if err := s.Publish(newSigner("ledger.example", 1).signs(c.Checkpoint)); err == nil {
		t.Error("what another signed is shown")
	}
	closeStore(t, s)
}
