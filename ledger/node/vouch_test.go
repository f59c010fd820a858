package node_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

const mark = "guard/unvouched"

// founded is in with an operator who vouches for nothing, and with a node that has the guard which
// came with the log, leads, and has registered so many records.
func founded(t *testing.T, entries int, f func(w *world, first *server)) {
	t.Helper()
	in(t, func(w *world) {
		w.doubts = true
		first := w.nodeOf("http://first.example", w.founder())
		w.leader()
		w.append(first, entries)
		f(w, first)
	})
}

// founder returns the disk of whoever put the log, which is empty, into the bucket.
func (w *world) founder() vfs.FS {
	w.Helper()
	disk := vfs.NewMem()
	if err := store.CreateGuard(store.GuardConfig{Dir: "guard", FS: disk, Key: ledgertest.Home.Key}, w.fake.Checkpoint(0)); err != nil {
		w.Fatal(err)
	}
	return disk
}

// follows demands that a node does not lead, for long, and says that it is not ready.
func (s *server) follows() {
	s.w.Helper()
	time.Sleep(5 * after)
	synctest.Wait()
	if err := s.Ready(); s.Taken() != 0 || s.Log() != nil || err == nil || !strings.Contains(err.Error(), "on its own word") {
		s.w.Errorf("%s leads, or is ready: %v\n%s", s.owner, err, s.log)
	}
}

func (s *server) doubted() bool {
	s.w.Helper()
	_, err := s.disk.Stat(mark)
	return err == nil
}

func TestANodeWithANewGuardDoesNotLeadABucketThatWasPutBack(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		before, given := w.copies(), len(w.given)
		w.append(first, 3)
		first.stop()
		w.put(before)
		for id, i := range w.given {
			if i >= uint64(given) {
				delete(w.given, id)
			}
		}
		disk := vfs.NewMem()
		for range 3 { // a restart makes it no older
			second := w.nodeOf("http://second.example", disk)
			second.follows()
			second.said("THIS NODE DOES NOT ON ITS OWN WORD")
			second.said("mend that")
			second.said("--trust-bucket")
			if n := strings.Count(second.log.String(), "ON ITS OWN WORD"); n != 1 {
				t.Errorf("it is said %d times", n)
			}
			w.shows(second, 3)
			if !second.doubted() {
				t.Error("the mark is gone")
			}
			second.stop()
		}
		// Nor has it kept the one that knows better from doing so.
		again := w.nodeOf("http://first.example", first.disk)
		settle()
		if err := again.Ready(); !errors.Is(err, node.ErrRestored) {
			t.Error(err)
		}
	})
}

func TestANodeWithANewGuardIsVouchedForByALeaderThatLives(t *testing.T) {
	for _, entries := range []int{0, 3} {
		founded(t, entries, func(w *world, first *server) {
			disk := vfs.NewMem()
			second, third := w.nodeOf("http://second.example", disk), w.node()
			time.Sleep(after)
			for _, s := range []*server{second, third} {
				if err := s.Ready(); err != nil || s.doubted() || strings.Contains(s.log.String(), "ON ITS OWN WORD") {
					t.Errorf("%s is not ready, or in doubt: %v\n%s", s.owner, err, s.log)
				}
				if n := strings.Count(s.log.String(), "it may lead"); n != 1 {
					t.Errorf("it is said %d times that it may lead", n)
				}
			}
			// All at once, and the first never comes back.
			first.stop()
			second.stop()
			third.stop()
			second = w.nodeOf("http://second.example", disk)
			w.leader()
			w.append(second, 1)
			w.shows(second, uint64(entries)+1)
			if strings.Contains(second.log.String(), "it may lead") {
				t.Error("it was vouched for twice")
			}
		})
	}
}

// Nobody leads until the node comes back that knows what it signed.
func TestALeaderThatDiedVouchesForNobody(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		first.kill()
		second := w.node()
		settle()
		// What it was about to change comes late.
		w.touch()
		second.follows()
		w.shows(second, 3)
		first.line.cut.Store(false)
		time.Sleep(5 * after)
		w.append(first, 1)
		settle()
		w.shows(second, 4)
		if err := second.Ready(); err != nil || second.doubted() {
			t.Errorf("in doubt: %v", err)
		}
		first.kill()
		if s, _ := w.other(first); s != second {
			t.Error("it does not lead")
		}
	})
}

// unread has a node not read what is public.
func (s *server) unread() {
	s.line.refuse(errCut, "get")
}

// blind has a node not see the head.
func (s *server) blind() { s.line.refuse(errCut, "peek") }

// A change that puts the bucket back is none of a leader that lives, whether the node has seen that
// there was more, or has not looked meanwhile.
func TestABucketThatIsPutBackVouchesForNobody(t *testing.T) {
	for _, looks := range []bool{true, false} {
		founded(t, 0, func(w *world, first *server) {
			second := w.made("http://second.example", vfs.NewMem())
			second.unread()
			second.run()
			time.Sleep(after)
			second.line.cut.Store(!looks)
			w.append(first, 3)
			time.Sleep(after)
			before := w.copies()
			w.append(first, 3)
			time.Sleep(after)
			first.kill()
			w.put(before)
			if looks {
				time.Sleep(2 * poll)
			}
			second.line.on(nil)
			second.line.cut.Store(false)
			clear(w.given)
			second.follows()
			w.shows(second, 3)
		})
	}
}

// waits has a node wait for tiles until what is returned is closed.
func (s *server) waits() chan struct{} {
	reads := make(chan struct{})
	s.line.on(func(_, name string) error {
		if strings.HasPrefix(name, "tile/") {
			<-reads
		}
		return nil
	})
	return reads
}

// The first reading of a log takes long, and the bucket is put back to what was added meanwhile.
func TestANodeIsNotVouchedForByWhatItReadForLong(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		second := w.made("http://second.example", vfs.NewMem())
		second.unread()
		second.run()
		time.Sleep(5 * after) // it sees a leader
		reads := second.waits()
		time.Sleep(2 * poll)
		w.append(first, 1)
		before := w.copies()
		w.append(first, 2)
		time.Sleep(2 * poll)
		first.kill()
		w.put(before)
		close(reads)
		clear(w.given)
		second.follows()
		w.shows(second, 4)
	})
}

func TestALeaderThatDiesBeforeItWasReadVouchesForNobody(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		second := w.made("http://second.example", vfs.NewMem())
		second.blind()
		second.run()
		time.Sleep(after)
		w.shows(second, 3)
		second.unread()
		time.Sleep(after) // it sees a leader
		w.append(first, 1)
		reads := second.waits()
		time.Sleep(2 * poll)
		first.kill()
		time.Sleep(2 * after)
		close(reads)
		second.follows()
		w.shows(second, 4)
	})
}

// Nor does a leader of less than the node knows.
func TestALeaderOfABucketThatWasPutBackVouchesForNobody(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		before := w.copies()
		w.append(first, 3)
		disk := vfs.NewMem()
		second := w.made("http://second.example", disk)
		second.blind()
		second.run()
		settle()
		w.shows(second, 6)
		first.kill()
		w.put(before)
		w.doubts = false
		w.node() // for which the operator vouches
		w.leader()
		second.line.on(nil)
		time.Sleep(5 * after)
		if err := second.Ready(); !errors.Is(err, node.ErrRestored) || !second.doubted() {
			t.Errorf("it is vouched for: %v", err)
		}
	})
}

// Changes of a head that names nobody are those of an operator's commands.
func TestNobodyVouchesForNobody(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		first.stop()
		second := w.node()
		for range 5 {
			settle()
			w.touch()
		}
		second.follows()
	})
}

// touch changes the head, which says what it said.
func (w *world) touch() {
	w.Helper()
	h, v, err := w.register(w.bucket).Read(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	h.Nonce[0]++
	if _, err := w.bucket.Swap(w.Context(), objects.HeadName, v, h.Bytes()); err != nil {
		w.Fatal(err)
	}
}

// It is not vouched for before that is on disk, which may fail once.
func TestANodeIsVouchedForOnceItsDiskSaysSo(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		disk := vfs.NewMem()
		var mu sync.Mutex
		removed, failed := false, 0
		second := w.nodeOf("http://second.example", faultfs.New(disk, func(op faultfs.Op) (f faultfs.Fault) {
			mu.Lock()
			defer mu.Unlock()
			removed = removed || op.Kind == faultfs.Remove && op.Path == mark
			if removed && failed < 20 && op.Kind == faultfs.Sync && op.Path == "guard" {
				failed++
				f.Err = errors.New("the disk says no")
			}
			return f
		}))
		time.Sleep(after)
		second.said("the disk says no")
		if mu.Lock(); failed == 0 || failed == 20 {
			t.Errorf("it failed %d times", failed)
		}
		mu.Unlock()
		if strings.Contains(second.log.String(), "it may lead") {
			t.Error("it is vouched for")
		}
		time.Sleep(5 * after)
		second.said("it may lead")
		first.kill()
		if s, _ := w.other(first); s != second {
			t.Error("it does not lead")
		}
	})
}

// A log that one node hands to another is nobody's for a moment, which is no news.
func TestANodeWithANewGuardSaysNothingOfALogThatIsHandedOver(t *testing.T) {
	founded(t, 0, func(w *world, first *server) {
		second := w.node()
		third := w.made("http://third.example", vfs.NewMem())
		third.unread()
		third.run()
		time.Sleep(after)
		for range 3 {
			first.stop()
			leads, _ := w.leader()
			if leads != second {
				t.Fatal("another leads")
			}
			first = w.nodeOf(first.owner, first.disk)
			time.Sleep(after)
			first, second = second, first
		}
		if strings.Contains(third.log.String(), "ON ITS OWN WORD") {
			t.Errorf("it says:\n%s", third.log)
		}
	})
}

// Who reads the head and not what is public, knows no more than before.
func TestANodeIsVouchedForWithWhatIsPublicAlone(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		second := w.made("http://second.example", vfs.NewMem())
		second.line.on(func(_, name string) error {
			if strings.HasPrefix(name, "tile/") {
				return errCut
			}
			return nil
		})
		second.run()
		time.Sleep(5 * after)
		first.kill()
		time.Sleep(2 * after)
		second.line.on(nil)
		second.follows()
		w.shows(second, 3)
	})
}

// What another process changes in the name of a node, it does not take for another's.
func TestANodeDoesNotVouchForItself(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		second := w.nodeOf(first.owner, vfs.NewMem())
		time.Sleep(5 * after)
		first.kill()
		second.follows()
	})
}

func TestTheOperatorVouchesForABucketOnce(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		first.stop()
		disk := vfs.NewMem()
		second := w.nodeOf("http://second.example", disk)
		second.follows()
		second.stop()
		w.doubts = false
		fresh := w.nodeOf("http://fresh.example", vfs.NewMem()) // as well as one that never ran
		w.leader()
		fresh.said("the operator vouches")
		fresh.stop()
		w.doubts = true
		fresh = w.nodeOf("http://fresh.example", fresh.disk)
		w.leader()
		fresh.stop()
		w.doubts = false
		second = w.nodeOf("http://second.example", disk)
		w.leader()
		w.append(second, 1)
		second.said("the operator vouches")
		second.stop()
		// It is not asked for again, and said to be too much.
		again := w.nodeOf("http://second.example", disk)
		w.leader()
		again.said("leave --trust-bucket out")
		again.stop()
		w.doubts = true
		again = w.nodeOf("http://second.example", disk)
		w.leader()
		w.append(again, 1)
		if again.doubted() {
			t.Error("the mark is there")
		}
	})
}

// A node whose guard is lost knows no more of what left than a new one.
func TestANodeThatLostItsGuardIsANewOne(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		second := w.node()
		time.Sleep(after)
		first.stop()
		w.leader()
		second.stop()
		if err := second.disk.RemoveAll("guard"); err != nil {
			t.Fatal(err)
		}
		again := w.nodeOf(second.owner, second.disk)
		again.follows()
		w.shows(again, 3)
	})
}

// Killed at any moment, a node has no guard, or one for which nobody vouches.
func TestNoCrashLeavesANewGuardThatVouches(t *testing.T) {
	founded(t, 3, func(w *world, first *server) {
		disk := vfs.NewCrashableMem()
		var mu sync.Mutex
		var left []*vfs.MemFS
		second := w.made("http://second.example", faultfs.New(disk, func(op faultfs.Op) (f faultfs.Fault) {
			mu.Lock()
			defer mu.Unlock()
			if op.Kind.Writes() && strings.HasPrefix(op.Path, "guard") {
				for _, percent := range []int{0, 50, 100} {
					left = append(left, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(8, uint64(len(left))))}))
				}
			}
			return f
		}))
		second.blind()
		second.run()
		time.Sleep(after)
		w.shows(second, 3)
		second.stop()
		first.stop()
		if len(left) < 30 {
			t.Fatalf("it was killed %d times", len(left))
		}
		for i, disk := range append(left, disk.CrashClone(vfs.CrashCloneCfg{})) {
			_, guard := disk.Stat("guard/checkpoint.0")
			if _, err := disk.Stat(mark); err != nil && guard == nil {
				t.Errorf("killed at %d of %d: a guard without its mark", i, len(left))
			}
			if i%9 == 0 {
				s := w.nodeOf("http://again.example", disk)
				s.follows()
				s.stop()
			}
		}
	})
}
