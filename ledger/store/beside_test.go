package store

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

// have returns what a file has; nil where there is none.
func have(t *testing.T, files vfs.FS, name string) []byte {
	t.Helper()
	f, err := files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{}, b...)
}

// A crash before each operation and after the last, with whatever was not synced lost or
// kept, leaves the file as it was or as it is to be; after it was written, the latter.
func TestAFileBesideAStoreIsWrittenWholeOrNotAtAll(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	points := 0
	for _, old := range [][]byte{nil, []byte("what was there before\n")} {
		for _, kept := range []int{0, 50, 100} {
			mem := vfs.NewCrashableMem()
			if err := mem.MkdirAll("d", 0o755); err != nil {
				t.Fatal(err)
			}
			root, err := mem.OpenDir("")
			if err := errors.Join(err, root.Sync(), root.Close()); err != nil {
				t.Fatal(err)
			}
			if old != nil {
				if err := WriteFile(mem, "d/x", old); err != nil {
					t.Fatal(err)
				}
			}
			want := []byte("what is to be there\n")
			crash := func() *vfs.MemFS {
				points++
				return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: random})
			}
			var clones []*vfs.MemFS
			disk := faultfs.New(mem, func(faultfs.Op) faultfs.Fault {
				clones = append(clones, crash())
				return faultfs.Fault{}
			})
			if err := WriteFile(disk, "d/x", want); err != nil {
				t.Fatal(err)
			}
			for i, clone := range clones {
				if got := have(t, clone, "d/x"); !bytes.Equal(got, old) && !bytes.Equal(got, want) {
					t.Errorf("kept %d%%, before operation %d: %q", kept, i, got)
				}
				if err := WriteFile(clone, "d/x", want); err != nil || !bytes.Equal(have(t, clone, "d/x"), want) {
					t.Errorf("kept %d%%, before operation %d: it is not written again: %v", kept, i, err)
				}
			}
			if got := have(t, crash(), "d/x"); !bytes.Equal(got, want) {
				t.Errorf("kept %d%%: it was written, and a crash left %q", kept, got)
			}
		}
	}
	if points < 30 {
		t.Errorf("%d points", points)
	}
	t.Logf("%d points", points)
}

// Whatever fails, done or not, is an error, and what was there is there or what is to be.
func TestAFileBesideAStoreThatCannotBeWrittenIsAnError(t *testing.T) {
	full := errors.New("no space left on device")
	for _, done := range []faultfs.Done{faultfs.Nothing, faultfs.Half, faultfs.All} {
		for at := 0; ; at++ {
			mem := vfs.NewMem()
			if err := WriteFile(mem, "x", []byte("old")); err != nil {
				t.Fatal(err)
			}
			n := -1
			disk := faultfs.New(mem, func(op faultfs.Op) (f faultfs.Fault) {
				if op.Kind != faultfs.Remove {
					n++
				}
				if n == at && op.Kind != faultfs.Remove {
					f = faultfs.Fault{Err: full, Done: done}
				}
				return f
			})
			err := WriteFile(disk, "x", []byte("new"))
			if n < at {
				if at < 5 || err != nil {
					t.Errorf("%d operations, %v", at, err)
				}
				break
			}
			if !errors.Is(err, full) {
				t.Errorf("operation %d, done %d: %v", at, done, err)
			}
			if got := string(have(t, mem, "x")); got != "old" && got != "new" {
				t.Errorf("operation %d, done %d: %q", at, done, got)
			}
		}
	}
}

func TestWhatIsHeldIsHeldOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a[b]", "held")
	if _, err := Hold(name); err == nil || errors.Is(err, ErrHeld) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	name = filepath.Join(t.TempDir(), "a[b]")
	for range 2 {
		hold, err := Hold(name)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Hold(name); !errors.Is(err, ErrHeld) {
			t.Error(again, err)
		}
		if err := hold.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A guard is made anew only where nothing in it is a checkpoint.
func TestAGuardThatHasACheckpointIsNotCleared(t *testing.T) {
	c := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: 7, Root: tlog.LeafHash([]byte("7"))})
	strange := newSigner("elsewhere.example", 0)
	theirs := strange.signs(tlog.Checkpoint{Origin: strange.Name(), Size: 7, Root: c.Root})
	for name, test := range map[string]struct {
		files [2][]byte
		clear bool
	}{
		"nothing":        {[2][]byte{nil, nil}, true},
		"one empty":      {[2][]byte{{}, nil}, true},
		"both empty":     {[2][]byte{{}, {}}, true},
		"torn":           {[2][]byte{{}, c.Bytes()[:40]}, true},
		"of another":     {[2][]byte{{}, theirs.Bytes()}, false},
		"one whole":      {[2][]byte{{}, c.Bytes()}, false},
		"both whole":     {[2][]byte{c.Bytes(), c.Bytes()}, false},
		"whole and torn": {[2][]byte{c.Bytes(), c.Bytes()[:9]}, false},
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			cfg := GuardConfig{Dir: "guard", FS: mem, Key: home.Key}
			if err := mem.MkdirAll("guard", 0o700); err != nil {
				t.Fatal(err)
			}
			for i, b := range test.files {
				if b == nil {
					continue
				}
				if err := WriteFile(mem, "guard/"+guardSlots[i], b); err != nil {
					t.Fatal(err)
				}
			}
			err := ClearGuard(cfg)
			if (err == nil) != test.clear {
				t.Fatal(err)
			}
			if !test.clear {
				if !strings.Contains(err.Error(), "has a checkpoint of ") {
					t.Error(err)
				}
				for i, b := range test.files {
					if got := have(t, mem, "guard/"+guardSlots[i]); !bytes.Equal(got, b) {
						t.Errorf("%s is %q", guardSlots[i], got)
					}
				}
				return
			}
			if err := CreateGuard(cfg, c); err != nil {
				t.Fatal(err)
			}
			g, err := OpenGuard(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if last, err := g.Last(); err != nil || last.Size != 7 {
				t.Error(last, err)
			}
			if file, why := g.Damaged(); file != "" {
				t.Error(file, why)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What cannot be read may have a checkpoint.
func TestAGuardThatCannotBeReadIsNotCleared(t *testing.T) {
	mem := vfs.NewMem()
	cfg := GuardConfig{Dir: "guard", FS: mem, Key: home.Key}
	c := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: 7, Root: tlog.LeafHash([]byte("7"))})
	if err := CreateGuard(cfg, c); err != nil {
		t.Fatal(err)
	}
	cfg.FS = faultfs.New(mem, func(op faultfs.Op) (f faultfs.Fault) {
		if op.Kind == faultfs.Read {
			f.Err = &fs.PathError{Op: "read", Path: op.Path, Err: errors.New("input/output error")}
		}
		return f
	})
	if err := ClearGuard(cfg); err == nil || !strings.Contains(err.Error(), "input/output error") {
		t.Error(err)
	}
	for _, name := range guardSlots {
		if got := have(t, mem, "guard/"+name); !bytes.Equal(got, c.Bytes()) {
			t.Errorf("%s is %q", name, got)
		}
	}
}
