package node_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// copies returns all objects of the bucket.
func (w *world) copies() map[string][]byte {
	w.Helper()
	list, err := w.bucket.List(w.Context(), "", "", 1<<20)
	if err != nil {
		w.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, name := range list {
		if all[name], _, err = w.bucket.Get(w.Context(), name, 1<<24); err != nil {
			w.Fatal(err)
		}
	}
	return all
}

// put has the bucket have these objects and no others.
func (w *world) put(all map[string][]byte) {
	w.Helper()
	for name := range w.copies() {
		if err := w.bucket.Delete(w.Context(), name); err != nil {
			w.Fatal(err)
		}
	}
	for name, b := range all {
		if _, err := w.bucket.Create(w.Context(), name, b); err != nil {
			w.Fatal(err)
		}
	}
}

func TestABucketThatWasPutBackIsRefused(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(3)
		before := w.copies()
		w.append(first, 3)
		settle()
		w.put(before)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for _, s := range w.nodes {
			if s.Log() != nil || s.Ready() == nil {
				t.Errorf("%s leads, or is ready", s.owner)
			}
			s.said("THE BUCKET WAS PUT BACK")
			w.shows(s, 6)
		}
	})
}

// What a node has signed it remembers beside its store too.
func TestAGuardRefusesABucketThatWasPutBackWithTheStore(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewMem()
		one := w.nodeOf("http://one.example", disk)
		first, _ := w.leader()
		w.append(first, 3)
		before := w.copies()
		w.append(first, 3)
		one.stop()
		w.put(before)
		if err := disk.RemoveAll("store"); err != nil {
			t.Fatal(err)
		}
		clear(w.given)
		again := w.nodeOf("http://one.example", disk)
		time.Sleep(5 * after)
		synctest.Wait()
		if again.Log() != nil || !errors.Is(again.Ready(), node.ErrRestored) {
			t.Errorf("it leads, or is ready: %v", again.Ready())
		}
		again.said("its head has 3 entries, this node knows of 6")
	})
}

// Nor need it have signed anything: the guard of one that only followed remembers what it showed.
func TestAGuardRefusesABucketThatWasPutBackWithoutTheStore(t *testing.T) {
	founded(t, 0, func(w *world, first *server) {
		disk := vfs.NewMem()
		second := w.nodeOf("http://second.example", disk)
		time.Sleep(time.Minute)
		w.append(first, 3)
		settle()
		before := w.copies()
		w.append(first, 3)
		settle()
		w.shows(second, 6)
		if second.doubted() {
			t.Fatal("nobody vouched for its guard")
		}
		second.stop()
		first.stop()
		w.put(before)
		if err := disk.RemoveAll("store"); err != nil {
			t.Fatal(err)
		}
		again := w.nodeOf("http://second.example", disk)
		time.Sleep(5 * after)
		synctest.Wait()
		if again.Taken() != 0 || !errors.Is(again.Ready(), node.ErrRestored) {
			t.Errorf("it led %d times, or is ready: %v", again.Taken(), again.Ready())
		}
		again.said("its head has 3 entries, this node knows of 6")
	})
}

func TestAPoisonedTileEndsLeadingForGood(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		first, _ := w.leader()
		w.append(first, 2)
		path := tlog.Tile{Level: 0, Index: 0, Width: 3}.Path()
		if _, err := w.bucket.Create(t.Context(), path, bytes.Repeat([]byte{1}, 96)); err != nil {
			t.Fatal(err)
		}
		if err := w.try(first, w.fake.Contract(nil)); !errors.Is(err, objects.ErrDiffers) {
			t.Fatal(err)
		}
		time.Sleep(5 * after)
		synctest.Wait()
		if first.Log() != nil || first.Taken() != 1 || first.Ready() == nil {
			t.Errorf("it leads again, or is ready: %v", first.Ready())
		}
		first.said("DOES NOT LEAD AGAIN")
		w.shows(first, 2)
	})
}

func TestALogThatIsFrozenStaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.end()
		w.begin(objects.Frozen)
		w.node()
		disk := vfs.NewMem()
		w.nodeOf("http://two.example", disk)
		first, _ := w.leader()
		if err := w.try(first, w.fake.Contract(nil)); !errors.Is(err, ledger.ErrFrozen) {
			t.Error(err)
		}
		first.kill()
		second, _ := w.other(first)
		if err := w.try(second, w.fake.Contract(nil)); !errors.Is(err, ledger.ErrFrozen) || !second.Log().Frozen() {
			t.Error(err)
		}
	})
}

// refuses has a node's line take no new objects, as a bucket that is full does.
func (s *server) refuses(text string) {
	s.line.refuse(errors.New(text), "create")
}

func TestANodeNamesWhyTheBucketTakesNoTiles(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(3)
		for _, s := range w.nodes {
			s.refuses("403 QuotaExceeded")
		}
		go func() { _ = w.try(first, w.fake.Contract(nil)) }()
		time.Sleep(5 * time.Minute)
		for _, s := range w.nodes {
			s.said("QuotaExceeded")
			s.line.on(nil)
		}
		time.Sleep(time.Minute)
		leads, _ := w.leader()
		w.append(leads, 1)
		settle()
		for _, s := range w.nodes {
			w.shows(s, 5)
			if n := strings.Count(s.log.String(), "QuotaExceeded"); n > 2 {
				t.Errorf("%s said it %d times:\n%s", s.owner, n, s.log)
			}
		}
	})
}

// Each try has a port of its own.
func TestANodeSaysOnceThatItCannotReachTheBucket(t *testing.T) {
	in(t, func(w *world) {
		s := w.node()
		w.leader()
		var port atomic.Int64
		s.line.on(func(string, string) error {
			return fmt.Errorf("read tcp 10.0.0.1:%d->10.0.0.2:9000: connection reset by peer", 50000+port.Add(1))
		})
		time.Sleep(10 * time.Minute)
		s.line.on(nil)
		time.Sleep(time.Minute)
		if n := strings.Count(s.log.String(), "connection reset by peer"); n == 0 || n > 4 {
			t.Errorf("it is said %d times:\n%s", n, s.log)
		}
	})
}

// Who cannot put its tiles gives way to who can.
func TestALeaderThatCanPutNoTilesFollowsWhoeverTookTheHead(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(3)
		first.refuses("403 AccessDenied")
		answer := make(chan error, 1)
		go func() { answer <- w.try(first, w.fake.Contract(nil)) }()
		second, _ := w.other(first)
		w.append(second, 1)
		if err := <-answer; !errors.Is(err, ledger.ErrStopped) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if first.Log() != nil {
			t.Error("both lead")
		}
		w.shows(first, 5)
	})
}

// A crash leaves a store that is the ledger's own.
func TestAStoreThatWasLeftLeadingIsACopyAgain(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewCrashableMem()
		first := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(first, 3)
		left := disk.CrashClone(vfs.CrashCloneCfg{})
		first.kill()
		second := w.nodeOf("http://two.example", vfs.NewMem())
		w.other(first)
		w.append(second, 2)
		again := w.nodeOf("http://again.example", left) // to tell it from what it was
		settle()
		w.shows(again, 5)
		if again.Log() != nil {
			t.Error("it leads")
		}
		second.kill()
		first.line.cut.Store(false)
		third, _ := w.other(second)
		w.append(third, 1)
		settle()
		w.shows(third, 6)
	})
}

func TestAStoreThatWasLeftLeadingNeedsItsGuard(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewCrashableMem()
		first := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(first, 3)
		left := disk.CrashClone(vfs.CrashCloneCfg{})
		if err := left.RemoveAll("guard"); err != nil {
			t.Fatal(err)
		}
		s := w.server("http://one.example", left)
		if err := s.open(); err == nil || !strings.Contains(err.Error(), "guard") {
			t.Error(err)
		}
	})
}

// uncosigned returns a node that was killed while it had three entries that a quorum had
// cosigned, and a fourth that none has, and its disk as a crash leaves it.
func (w *world) uncosigned(seer *witnesstest.Witness) (first *server, left *vfs.MemFS) {
	disk := vfs.NewCrashableMem()
	first = w.nodeOf("http://one.example", disk)
	w.leader()
	w.append(first, 3)
	seer.SetAway(true)
	go func() { _ = w.try(first, w.fake.Contract(nil)) }()
	settle()
	left = disk.CrashClone(vfs.CrashCloneCfg{})
	first.kill()
	return first, left
}

// What a node committed and nobody cosigned, it does not show when it comes back, nor when it
// leads again.
func TestWhatIsNotPublicIsNotShownAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seer := witnessedWorld(t)
		defer w.end()
		first, left := w.uncosigned(seer)
		again := w.nodeOf("http://again.example", left)
		settle()
		w.shows(again, 3)
		if leads, _ := w.other(first); leads != again || again.store.Head().Checkpoint.Size != 4 {
			t.Fatal("it does not lead, or has not what it committed")
		}
		settle()
		w.shows(again, 3)
		seer.SetAway(false)
		time.Sleep(time.Minute)
		w.shows(again, 4)
	})
}

// Without witnesses all leaves that the guard has, and no more.
func TestWhatTheGuardHasNotIsNotShownAfterACrash(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewCrashableMem()
		var left *vfs.MemFS
		var mu sync.Mutex
		first := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(first, 2)
		first.line.on(func(_, name string) error {
			mu.Lock()
			defer mu.Unlock()
			if name == "tile/0/000.p/3" && left == nil { // the store has the batch, the guard not
				left = disk.CrashClone(vfs.CrashCloneCfg{})
			}
			return nil
		})
		w.append(first, 1)
		first.kill()
		again := w.made("http://again.example", left)
		again.line.cut.Store(true) // before it looks at what is public by now
		again.run()
		settle()
		w.given = nil
		w.shows(again, 2)
		if again.store.Head().Checkpoint.Size != 3 {
			t.Error("the store has not what it committed")
		}
	})
}

// A node that dies at any of its requests, before it is carried out or after, loses nothing
// that it acknowledged, and signs nothing that is not on the chain. It starts again from what
// its disk had.
func TestANodeMayDieAtEveryRequest(t *testing.T) {
	for _, took := range []bool{false, true} {
		dead := true
		for n := 1; dead; n++ {
			in(t, func(w *world) { dead = dies(w, n, took) })
		}
	}
}

// dies has the first node of a world die at its nth request that writes. It returns false
// where it makes fewer.
func dies(w *world, n int, took bool) bool {
	disk := vfs.NewCrashableMem()
	var left *vfs.MemFS
	died := make(chan struct{})
	first := w.made("http://one.example", disk)
	writes := 0
	var mu sync.Mutex
	first.line.on(func(op, _ string) error {
		mu.Lock()
		defer mu.Unlock()
		if op == "get" || op == "peek" || left != nil {
			return nil
		}
		if writes++; writes == n {
			left = disk.CrashClone(vfs.CrashCloneCfg{})
			first.kill()
			close(died)
			if !took {
				return errCut
			}
		}
		return nil
	})
	first.run()
	go func() {
		for range 4 {
			for first.Log() == nil {
				time.Sleep(poll / 10)
				select {
				case <-died:
					return
				default:
				}
			}
			_ = w.try(first, w.fake.Contract(nil))
		}
	}()
	select {
	case <-died:
	case <-time.After(after / 2):
		if first.Log() == nil {
			w.Fatalf("it never led:\n%s", first.log)
		}
		return false
	}
	again := w.nodeOf("http://again.example", left) // to tell it from what it was
	second := w.nodeOf("http://two.example", vfs.NewMem())
	leads, _ := w.other(first)
	if leads != again && leads != second {
		w.Fatal("nobody leads")
	}
	w.append(leads, 2)
	time.Sleep(2 * poll)
	first.line.cut.Store(false)
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	for _, s := range w.nodes {
		w.shows(s, leads.View().Size())
	}
	return true
}

// A node that has a batch which no quorum has cosigned takes the log over, and is killed before
// any of the writes by which it does.
func TestNoCrashOfATakeOverShowsWhatIsNotCosigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seer := witnessedWorld(t)
		defer w.end()
		first, left := w.uncosigned(seer)
		var mu sync.Mutex
		var clones []*vfs.MemFS
		taking := false
		second := w.nodeOf("http://again.example", errorfs.Wrap(left, errorfs.InjectorFunc(func(op errorfs.Op) error {
			mu.Lock()
			defer mu.Unlock()
			if taking && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
				clones = append(clones, left.CrashClone(vfs.CrashCloneCfg{}))
			}
			return nil
		})))
		w.shows(second, 3)
		mu.Lock()
		taking = true
		mu.Unlock()
		w.other(first)
		settle()
		mu.Lock()
		taking = false
		mu.Unlock()
		if len(clones) == 0 {
			t.Fatal("it took the log over without a write")
		}
		for i, clone := range append(clones, left.CrashClone(vfs.CrashCloneCfg{})) {
			s := w.made(fmt.Sprintf("http://clone%d.example", i), clone)
			if size := s.View().Size(); size != 3 {
				t.Errorf("killed before write %d of %d it shows %d entries, of which 3 are cosigned", i, len(clones), size)
			}
			if err := errors.Join(s.Close(), s.store.Close()); err != nil {
				t.Error(err)
			}
		}
	})
}

// slow has each write of a node take so long.
func (s *server) slow(d time.Duration) {
	s.line.on(func(op, _ string) error {
		if op == "create" || op == "swap" {
			time.Sleep(d)
		}
		return nil
	})
}

// A store that is slow has a head older than others wait before each batch, and all is well.
func TestASlowStoreIsNotSaidToRegisterNothing(t *testing.T) {
	const stalls, again = "nothing is registered meanwhile", "is changed again"
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		first.slow(after / 2)
		for range 5 {
			w.append(first, 1)
		}
		first.saidTimes(stalls, 0)
		first.saidTimes(again, 0)
		first.line.on(nil)
		time.Sleep(after)
		first.line.stuck.Store(true)
		time.Sleep(10 * after)
		first.line.stuck.Store(false)
		time.Sleep(2 * after)
		first.saidTimes(stalls, 1)
		first.saidTimes(again, 1)
		w.append(first, 1)
	})
}

func TestANodeThatTakesALogSaysWhetherSomebodyHadIt(t *testing.T) {
	const nobody, silent = "nobody has the log", "does not go on with it"
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		first.saidTimes(nobody, 1)
		first.saidTimes(silent, 0)
		second := w.node()
		first.kill()
		w.other(first)
		second.saidTimes(nobody, 0)
		second.saidTimes(silent, 1)
		second.said("before=" + first.owner)
	})
}
