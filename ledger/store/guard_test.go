package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

const guarded = "guard"

func guardConfig(fs vfs.FS) GuardConfig { return GuardConfig{Dir: guarded, FS: fs, Key: home.Key} }

// sizeOf returns a checkpoint of the ledger, of a tree that nobody has.
func sizeOf(n uint64) tlog.SignedCheckpoint {
	return home.signs(tlog.Checkpoint{Origin: home.Name(), Size: n, Root: tlog.LeafHash(fmt.Append(nil, n))})
}

func newGuard(t testing.TB, fs vfs.FS) *Guard {
	t.Helper()
	if err := CreateGuard(guardConfig(fs), emptyLog()); err != nil {
		t.Fatal(err)
	}
	g, err := OpenGuard(guardConfig(fs))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func remember(t testing.TB, g *Guard, sizes ...uint64) {
	t.Helper()
	for _, n := range sizes {
		if err := g.Put(sizeOf(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// has demands the size that a guard has, read by one that is opened anew.
func has(t testing.TB, fs vfs.FS, size uint64) {
	t.Helper()
	g, err := OpenGuard(guardConfig(fs))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if c, err := g.Last(); err != nil || c.Size != size {
		t.Fatalf("the guard has size %d, %v, want %d", c.Size, err, size)
	}
}

func TestAGuardHasWhatWasPutLast(t *testing.T) {
	fs := vfs.NewMem()
	g := newGuard(t, fs)
	for _, n := range []uint64{1, 2, 2, 9, 10, 99, 100, 1 << 40} {
		remember(t, g, n)
		if c, err := g.Last(); err != nil || c.Size != n || !bytes.Equal(c.Bytes(), sizeOf(n).Bytes()) {
			t.Fatalf("after size %d: %+v, %v", n, c.Checkpoint, err)
		}
	}
	if err := g.Put(sizeOf(7)); err == nil || !strings.Contains(err.Error(), "checkpoint of size 7 after one of size 1099511627776") {
		t.Errorf("put what is smaller: %v", err)
	}
	if err := g.Set(sizeOf(7)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	has(t, fs, 7)
}

func TestAGuardSurvivesACrashAtAnyMoment(t *testing.T) {
	mem := vfs.NewCrashableMem()
	g := newGuard(t, mem)
	last := uint64(0)
	for seed := range uint64(60) {
		next := last + 1 + seed*seed
		remember(t, g, last)
		clone := func(percent int) vfs.FS {
			return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, uint64(percent)))})
		}
		has(t, clone(0), last)
		// What is written and not synced yet.
		b := sizeOf(next).Bytes()
		if _, err := g.slots[1-g.last].WriteAt(b[:int(seed)*len(b)/60], 0); err != nil {
			t.Fatal(err)
		}
		for _, percent := range []int{0, 50, 100} {
			fs := clone(percent)
			o, err := OpenGuard(guardConfig(fs))
			if err != nil {
				t.Fatalf("seed %d, %d %%: %v", seed, percent, err)
			}
			if c, err := o.Last(); err != nil || c.Size != last && c.Size != next {
				t.Fatalf("seed %d, %d %%: size %d, %v; it was %d or %d", seed, percent, c.Size, err, last, next)
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
		}
		last = next
		remember(t, g, last)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, fs vfs.FS, slot int, b []byte) {
	t.Helper()
	f, err := fs.Create(fs.PathJoin(guarded, guardSlots[slot]), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAGuardNoticesWhoElseWritesOrTakesItAway(t *testing.T) {
	fs := vfs.NewMem()
	g := newGuard(t, fs)
	remember(t, g, 5, 6)
	write := func(slot int, size uint64) {
		t.Helper()
		f, err := fs.OpenReadWrite(fs.PathJoin(guarded, guardSlots[slot]), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(sizeOf(size).Bytes(), 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(1-g.last, 7)
	if err := g.Put(sizeOf(7)); err == nil || !strings.Contains(err.Error(), "size 6 was written last, and now there is 7") {
		t.Errorf("another has written size 7: %v", err)
	}
	write(1-g.last, 5)
	write(g.last, 4)
	if err := g.Put(sizeOf(7)); err == nil || !strings.Contains(err.Error(), "another process has it") {
		t.Errorf("another has written size 4 over 6: %v", err)
	}
	if err := fs.Remove(fs.PathJoin(guarded, guardSlots[0])); err != nil {
		t.Fatal(err)
	}
	if err := g.Put(sizeOf(7)); err == nil || !strings.Contains(err.Error(), "it was taken away") {
		t.Errorf("taken away: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAGuardTakesOnlyCheckpointsOfItsLedger(t *testing.T) {
	other := newSigner(home.Name(), 1)
	forged := other.signs(sizeOf(9).Checkpoint)
	elsewhere := home.signs(tlog.Checkpoint{Origin: "other.example", Size: 9, Root: tlog.EmptyRoot()})
	for name, b := range map[string][]byte{"of another key": forged.Bytes(), "of another origin": elsewhere.Bytes(), "cut": sizeOf(9).Bytes()[:90], "empty": nil} {
		fs := vfs.NewMem()
		g := newGuard(t, fs)
		remember(t, g, 5)
		slot := 1 - g.last
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
		overwrite(t, fs, slot, b)
		has(t, fs, 5)
		overwrite(t, fs, 1-slot, b)
		_, err := OpenGuard(guardConfig(fs))
		if err == nil || errors.Is(err, ErrNoGuard) || (name == "empty") != strings.Contains(err.Error(), "it is damaged: checkpoint.0 and checkpoint.1 are empty") {
			t.Errorf("both %s: %v", name, err)
		}
	}
}

func TestAGuardIsMadeOnceAndOnlyWhereItIsAskedFor(t *testing.T) {
	fs := vfs.NewMem()
	if _, err := OpenGuard(guardConfig(fs)); !errors.Is(err, ErrNoGuard) {
		t.Errorf("opened where there is none: %v", err)
	}
	if _, err := fs.Stat(guarded); err == nil {
		t.Error("a guard that was looked for was made")
	}
	g := newGuard(t, fs)
	if err := CreateGuard(guardConfig(fs), emptyLog()); !errors.Is(err, ErrHeld) {
		t.Errorf("made while it is held: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	// As a creation that was cut short is done again.
	g = newGuard(t, fs)
	remember(t, g, 1)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := CreateGuard(guardConfig(fs), emptyLog()); err == nil || !strings.Contains(err.Error(), "there is one, of size 1") {
		t.Errorf("made over one of size 1: %v", err)
	}
}

func BenchmarkGuardPut(b *testing.B) {
	cfg := GuardConfig{Dir: b.TempDir(), Key: home.Key}
	if err := CreateGuard(cfg, emptyLog()); err != nil {
		b.Fatal(err)
	}
	g, err := OpenGuard(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	c := sizeOf(1000)
	for b.Loop() {
		if err := g.Put(c); err != nil {
			b.Fatal(err)
		}
	}
}

// What cannot be read for once is not what was never there: the file may have the tree
// that left last.
func TestAFileOfTheGuardThatCannotBeReadIsNotATornOne(t *testing.T) {
	disk := vfs.NewMem()
	g := newGuard(t, disk)
	remember(t, g, 1, 2)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for k := 1; ; k++ {
		n := 0
		fs := faultfs.New(disk, func(op faultfs.Op) (f faultfs.Fault) {
			if op.Kind != faultfs.Read {
				return f
			}
			if n++; n == k {
				f.Err = errors.New("input/output error")
				failed++
			}
			return f
		})
		g, err := OpenGuard(guardConfig(fs))
		if err == nil {
			var c tlog.SignedCheckpoint
			if c, err = g.Last(); err == nil && c.Size != 2 {
				t.Fatalf("read %d failed, and the guard has size %d, not 2", k, c.Size)
			}
			if err == nil {
				err = g.Put(sizeOf(2))
			}
			g.Close()
		}
		if n < k {
			break
		}
		if err == nil || !strings.Contains(err.Error(), "input/output error") {
			t.Fatalf("read %d failed, the guard says: %v", k, err)
		}
	}
	if failed < 4 {
		t.Fatalf("%d reads failed", failed)
	}
	has(t, disk, 2)
}

// A signature that was verified is not verified again while its file has the same bytes.
// The file is read all the same.
func TestABitThatFlipsInAFileOfTheGuardIsSeenThoughItWasVerified(t *testing.T) {
	fs := vfs.NewMem()
	g := newGuard(t, fs)
	remember(t, g, 41, 42)
	for range 2 {
		if c, err := g.Last(); err != nil || c.Size != 42 {
			t.Fatal(c.Size, err)
		}
	}
	slot := g.last
	right := sizeOf(42).Bytes()
	for i := range right {
		wrong := bytes.Clone(right)
		wrong[i] ^= 1
		for _, b := range [][]byte{wrong, right} {
			if _, err := g.slots[slot].WriteAt(b, 0); err != nil {
				t.Fatal(err)
			}
			want := uint64(42)
			if b[i] == wrong[i] {
				want = 41 // the other file
			}
			c, err := g.Last()
			if err != nil || c.Size != want {
				t.Fatalf("byte %d is %q: size %d, %v, want %d", i, b[i], c.Size, err, want)
			}
			if file, _ := g.Damaged(); (file == "") != (want == 42) {
				t.Fatalf("byte %d is %q: damaged is %q", i, b[i], file)
			}
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}
