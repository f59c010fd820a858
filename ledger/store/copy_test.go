package store

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

func openCopy(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s, err := OpenCopy(config(fs))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// copyTo appends revocations in batches of at most step until the copy has size.
func copyTo(t testing.TB, s *Store, size, step uint64) {
	t.Helper()
	for n := s.Head().Checkpoint.Size; n < size; n = min(n+step, size) {
		b := s.NewBatch()
		fill(t, b, n, min(n+step, size))
		if err := b.CommitCopy(); err != nil {
			t.Fatal(err)
		}
	}
}

// A copy has what the ledger has, but for the signature that nobody gave it.
func TestCopyHasTheTablesOfTheLedger(t *testing.T) {
	for _, size := range []uint64{0, 1, 300} {
		fs := vfs.NewMem()
		s := openCopy(t, fs)
		copyTo(t, s, size, 100)
		closeStore(t, s)
		s = openCopy(t, fs)
		got, want := dump(t, s), model(t, size)
		want["format"] = strings.Replace(want["format"], "store", "copy", 1)
		want["head"], _, _ = strings.Cut(want["head"], "\n\n")
		want["head"] += "\n"
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("size %d, key %q: %q, want %q", size, k, got[k], want[k])
			}
		}
		if len(got) != len(want) {
			t.Errorf("size %d: %d keys, want %d", size, len(got), len(want))
		}
		closeStore(t, s)
	}
}

func TestCopyIsNoLedgersStoreAndALedgersStoreNoCopy(t *testing.T) {
	copied, own := vfs.NewMem(), vfs.NewMem()
	s := openCopy(t, copied)
	copyTo(t, s, 3, 3)
	b := s.NewBatch()
	fill(t, b, 3, 4)
	c, err := b.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(home.signs(c)); err == nil || !strings.Contains(err.Error(), "is a copy of a ledger's log") {
		t.Error(err)
	}
	if s.Head().Checkpoint.Size != 3 || s.Err() != nil {
		t.Errorf("the copy has %d entries, %v", s.Head().Checkpoint.Size, s.Err())
	}
	closeStore(t, s)
	if s, err := Open(config(copied)); !errors.Is(err, ErrCopy) {
		t.Error(s, err)
	}

	s = newStore(t, own)
	grow(t, s, 3, 3)
	b = s.NewBatch()
	fill(t, b, 3, 4)
	if err := b.CommitCopy(); err == nil || !strings.Contains(err.Error(), "is a ledger's own, and no copy") {
		t.Error(err)
	}
	if err := s.Keep(emptyLog()); err == nil || s.Err() != nil {
		t.Error(err, s.Err())
	}
	checkStore(t, s)
	closeStore(t, s)
	if s, err := OpenCopy(config(own)); !errors.Is(err, ErrOwn) {
		t.Error(s, err)
	}
	s = openStore(t, own)
	checkStore(t, s)
	closeStore(t, s)
	other := config(copied)
	other.Key = newSigner("elsewhere.example", 0).Key
	if s, err := OpenCopy(other); err == nil || !strings.Contains(err.Error(), "is of the ledger") {
		t.Error(s, err)
	}
}

func TestCopyKeepsTheNewestCheckpoint(t *testing.T) {
	fs := vfs.NewMem()
	s := openCopy(t, fs)
	if c, err := s.Kept(); !errors.Is(err, ErrNotFound) {
		t.Error(c, err)
	}
	for size := range uint64(3) {
		want := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: size, Root: tlog.LeafHash([]byte{byte(size)})})
		if err := s.Keep(want); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		s = openCopy(t, fs)
		if c, err := s.Kept(); err != nil || string(c.Bytes()) != string(want.Bytes()) {
			t.Error(c, err)
		}
	}
	closeStore(t, s)
}

// What a crash leaves of a copy is its beginning, batch by batch, with all that was
// synced; and a copy that a crash left half made is made.
func TestCrashTakesNothingButTheEndOfACopy(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openCopy(t, fs)
	copyTo(t, s, 100, 10)
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	synced := fs.CrashClone(vfs.CrashCloneCfg{})
	copyTo(t, s, 300, 10)
	torn := fs.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Keep(emptyLog()); err != nil {
		t.Fatal(err)
	}
	kept := fs.CrashClone(vfs.CrashCloneCfg{})
	closeStore(t, s)
	for i, c := range []struct {
		fs       vfs.FS
		from, to uint64
	}{{synced, 100, 100}, {torn, 100, 300}, {kept, 300, 300}} {
		s := openCopy(t, c.fs)
		size := s.Head().Checkpoint.Size
		if size < c.from || size > c.to || size%10 != 0 {
			t.Errorf("crash %d: %d entries", i, size)
		}
		copyTo(t, s, 310, 7)
		got, want := dump(t, s), model(t, 310)
		for k := range want {
			if k != "format" && k != "head" && got[k] != want[k] {
				t.Fatalf("crash %d, key %q: %q, want %q", i, k, got[k], want[k])
			}
		}
		closeStore(t, s)
	}
}

func TestCopyIsMadeWhereNothingElseIs(t *testing.T) {
	for name, c := range map[string]struct {
		make []string // paths; a folder where one ends in a slash
		want string   // "" where a copy is made
	}{
		"new":                        {nil, ""},
		"empty":                      {[]string{"store/"}, ""},
		"a text":                     {[]string{"store/", "store/notes.txt"}, `has "notes.txt" and no copy`},
		"a folder":                   {[]string{"store/", "store/store/"}, `has "store" and no copy`},
		"a log of something":         {[]string{"store/", "store/server.log"}, `has "server.log" and no copy`},
		"a hidden file":              {[]string{"store/", "store/.keep"}, `has ".keep" and no copy`},
		"the lock":                   {[]string{"store/", "store/LOCK"}, ""},
		"the lock and another":       {[]string{"store/", "store/LOCK", "store/a"}, `has "a" and no copy`},
		"a list of files and no end": {[]string{"store/", "store/LOCK", "store/MANIFEST-000001", "store/000002.log"}, ""},
		"a file":                     {[]string{"store"}, "store store: "},
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			for _, path := range c.make {
				dir, isDir := strings.CutSuffix(path, "/")
				if isDir {
					if err := mem.MkdirAll(dir, 0o755); err != nil {
						t.Fatal(err)
					}
					continue
				}
				f, err := mem.Create(path, vfs.WriteCategoryUnspecified)
				if err != nil || f.Close() != nil {
					t.Fatal(err)
				}
			}
			before := mem.String()
			s, err := OpenCopy(config(mem))
			if c.want == "" && err == nil {
				copyTo(t, s, 3, 3)
				closeStore(t, s)
				closeStore(t, openCopy(t, mem))
				return
			}
			if c.want == "" || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if after := mem.String(); after != before {
				t.Errorf("it left\n%s\nin\n%s", after, before)
			}
		})
	}
}

// A crash while a copy is made leaves what the next start makes one of.
func TestCopyThatWasHalfMadeIsMade(t *testing.T) {
	var mu sync.Mutex
	var clones []vfs.FS
	mem := vfs.NewCrashableMem()
	random := rand.New(rand.NewPCG(1, 2))
	files := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			clones = append(clones, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: random}))
		}
		return nil
	}))
	closeStore(t, openCopy(t, files))
	if len(clones) < 10 {
		t.Fatalf("%d writes make a copy", len(clones))
	}
	for i, clone := range clones {
		s, err := OpenCopy(config(clone))
		if err != nil {
			t.Fatalf("before write %d: %v", i, err)
		}
		closeStore(t, s)
	}
}

func TestCopyThatDoesNotHashToItsHeadIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	s := openCopy(t, fs)
	copyTo(t, s, 5, 5)
	for _, c := range []struct{ key, value, want string }{
		{"head", "4\nledger.example\n5\n" + tlog.EmptyRoot().String() + "\n", "tiles of size 5 give"},
		{"head", "4\nelsewhere.example\n5\n" + s.Head().Checkpoint.Root.String() + "\n", "has the origin elsewhere.example"},
		{"head", "4\n" + string(home.signs(s.Head().Checkpoint.Checkpoint).Bytes()), "checkpoint of the head"},
	} {
		if err := s.db.Set([]byte(c.key), []byte(c.value), nil); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
		if _, err := OpenCopy(config(fs)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		s, _ = open(config(fs), false)
	}
	if err := s.db.Set(keptKey, []byte("nonsense"), nil); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Kept(); err == nil {
		t.Error(c)
	}
	closeStore(t, s)
}
