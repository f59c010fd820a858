package store

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestAFrozenStoreTakesNothingAnyMoreForEver(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	grow(t, s, 3, 3)
	if s.Frozen() {
		t.Error("a new store is frozen")
	}
	if err := errors.Join(s.Hold(), s.Freeze(), s.Freeze()); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at once", "after a start"} {
		b := s.NewBatch()
		fill(t, b, 3, 4)
		c, err := b.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Commit(home.signs(c)); !errors.Is(err, ErrFrozen) {
			t.Errorf("%s: an entry was taken, %v", when, err)
		}
		if s.Err() != nil || !s.Frozen() || s.Head().Checkpoint.Size != 3 {
			t.Errorf("%s: %v, frozen is %v, %d entries", when, s.Err(), s.Frozen(), s.Head().Checkpoint.Size)
		}
		if err := s.Publish(s.Head().Checkpoint); err != nil { // what it has becomes public
			t.Errorf("%s: %v", when, err)
		}
		closeStore(t, s)
		s = openStore(t, fs)
	}
	closeStore(t, s)
}

func TestACopyIsNotFrozen(t *testing.T) {
	s, err := OpenCopy(config(vfs.NewMem()))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Freeze(); !errors.Is(err, ErrCopy) || s.Frozen() {
		t.Errorf("%v, frozen is %v", err, s.Frozen())
	}
	closeStore(t, s)
}

// TestWhatSaysThatItIsFrozenIsSoAfterACrash loses the power right after each of the two.
func TestWhatSaysThatItIsFrozenIsSoAfterACrash(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := newStore(t, mem)
	grow(t, s, 3, 3)
	at := GuardConfig{Dir: "guard", FS: mem, Key: home.Key}
	if err := CreateGuard(at, s.Head().Checkpoint); err != nil {
		t.Fatal(err)
	}
	g, err := OpenGuard(at)
	if err != nil {
		t.Fatal(err)
	}
	if frozen, err := g.Frozen(); frozen || err != nil {
		t.Errorf("a new guard: %v, %v", frozen, err)
	}
	if err := errors.Join(s.Freeze(), g.Freeze(s.Head().Checkpoint.Checkpoint)); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		crashed := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed * 5), RNG: rand.New(rand.NewPCG(seed, 0))})
		again := openStore(t, crashed)
		if !again.Frozen() {
			t.Errorf("seed %d: the store is not frozen", seed)
		}
		closeStore(t, again)
		at.FS = crashed
		known, err := OpenGuard(at)
		if err != nil {
			t.Fatal(err)
		}
		if frozen, err := known.Frozen(); !frozen || err != nil {
			t.Errorf("seed %d: the guard says %v, %v", seed, frozen, err)
		}
		if err := known.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

// TestAGuardThatCouldNotRememberSaysSo has each operation of it fail once, undone and done.
func TestAGuardThatCouldNotRememberSaysSo(t *testing.T) {
	failed := errors.New("failed")
	for n := 0; ; n++ {
		for _, done := range []faultfs.Done{faultfs.Nothing, faultfs.Half, faultfs.All} {
			mem, count := vfs.NewMem(), -1
			disk := faultfs.New(mem, func(faultfs.Op) faultfs.Fault {
				if count < 0 {
					return faultfs.Fault{}
				}
				if count++; count == n+1 {
					return faultfs.Fault{Err: failed, Done: done}
				}
				return faultfs.Fault{}
			})
			at := GuardConfig{Dir: "guard", FS: disk, Key: home.Key}
			c := home.signs(tlog.Checkpoint{Origin: home.Name(), Root: tlog.EmptyRoot()})
			if err := CreateGuard(at, c); err != nil {
				t.Fatal(err)
			}
			g, err := OpenGuard(at)
			if err != nil {
				t.Fatal(err)
			}
			count = 0
			err = g.Freeze(c.Checkpoint)
			if count <= n {
				if err != nil || n < 5 {
					t.Errorf("%d operations, %v", count, err)
				}
				count = -1
				if frozen, err := g.Frozen(); !frozen || err != nil {
					t.Errorf("frozen is %v, %v", frozen, err)
				}
				return
			}
			if !errors.Is(err, failed) {
				t.Errorf("operation %d failed, and it says %v", n, err)
			}
			count = -1
			if err := g.Freeze(c.Checkpoint); err != nil { // again
				t.Errorf("operation %d: the second time: %v", n, err)
			}
			if frozen, err := g.Frozen(); !frozen || err != nil {
				t.Errorf("operation %d: frozen is %v, %v", n, frozen, err)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
