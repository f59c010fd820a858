package node_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

// A node may be killed, or its machine, at any moment while it makes its first guard: it starts
// again, has a whole guard, and leads.
func TestANodeMayDieWhileItMakesItsGuard(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		w.append(first, 2)
		settle()
		disk := vfs.NewCrashableMem()
		var mu sync.Mutex
		var left []*vfs.MemFS
		guarded := true // what is done in the guard's directory is counted
		second := w.nodeOf("http://two.example", faultfs.New(disk, func(op faultfs.Op) (f faultfs.Fault) {
			mu.Lock()
			defer mu.Unlock()
			if guarded && op.Kind.Writes() && strings.HasPrefix(op.Path, "guard") {
				for _, percent := range []int{0, 100} { // a crash of the machine, and of the process
					left = append(left, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(8, uint64(percent)))}))
				}
			}
			return f
		}))
		time.Sleep(time.Minute)
		mu.Lock()
		guarded = false
		mu.Unlock()
		w.shows(second, 2)
		second.stop()
		if len(left) < 20 {
			t.Fatalf("it was killed %d times", len(left))
		}
		first.stop()
		for i, disk := range left {
			s := w.nodeOf("http://again.example", disk)
			w.leader()
			w.append(s, 1)
			s.stop()
			if _, err := disk.Stat("guard/being-made"); err == nil {
				t.Errorf("killed at %d of %d: the mark is there for ever", i, len(left))
			}
			g, err := store.OpenGuard(store.GuardConfig{Dir: "guard", FS: disk, Key: ledgertest.Home.Key})
			if err != nil {
				t.Fatalf("killed at %d of %d: %v", i, len(left), err)
			}
			if file, why := g.Damaged(); file != "" {
				t.Errorf("killed at %d of %d: %s: %v", i, len(left), file, why)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// A guard that is empty and that nobody makes had something.
func TestAGuardThatWasEmptiedIsNotTakenForOneThatIsMade(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewMem()
		s := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(s, 1)
		s.stop()
		for _, name := range []string{"guard/checkpoint.0", "guard/checkpoint.1"} {
			f, err := disk.Create(name, vfs.WriteCategoryUnspecified)
			if err == nil {
				err = f.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		again := &server{w: w, line: &line{Bucket: w.bucket}, disk: disk, log: s.log, owner: s.owner, ended: make(chan struct{})}
		if err := again.open(); err == nil || !strings.Contains(err.Error(), "it is damaged") {
			t.Errorf("it opens: %v", err)
		}
	})
}

// What the damaged half had, nobody knows: where the other half counts, that is said.
func TestANodeSaysWhatIsDamagedOfItsGuard(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewMem()
		s := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(s, 1)
		s.stop()
		damage := func(name string) {
			t.Helper()
			f, err := disk.Create(name, vfs.WriteCategoryUnspecified)
			if err == nil {
				_, err = f.Write([]byte("rot"))
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		opened := func() (*server, error) {
			again := w.server(s.owner, disk)
			return again, again.open()
		}
		damage("guard/checkpoint.0")
		again, err := opened()
		if err != nil {
			t.Fatal(err)
		}
		again.said("file=guard/checkpoint.0")
		if err := errors.Join(again.Close(), again.store.Close()); err != nil {
			t.Fatal(err)
		}
		damage("guard/checkpoint.1")
		if _, err = opened(); err == nil || !strings.Contains(err.Error(), "neither checkpoint.0 nor checkpoint.1 is a checkpoint") || !strings.Contains(err.Error(), "are moved away") {
			t.Errorf("it says %v", err)
		}
	})
}
