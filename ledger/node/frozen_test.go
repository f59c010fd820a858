package node_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/chirograph/chirograph/ledger/node"
)

func TestEveryNodeKnowsThatTheLogIsFrozen(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewMem()
		first := w.nodeOf("http://one.example", disk)
		w.leader()
		second := w.node()
		w.append(first, 1)
		settle()
		before := w.copies()
		if first.Frozen() || second.Frozen() {
			t.Error("a log that is open is frozen")
		}
		if _, err := w.register(w.bucket).Freeze(w.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * after)
		synctest.Wait()
		leads, _ := w.leader()
		for _, s := range w.nodes {
			if !s.Frozen() {
				t.Errorf("%s does not know, and %s leads", s.owner, leads.owner)
			}
			s.saidTimes("the log is frozen for good", 1)
		}
		if leads != first {
			leads.stop()
			w.leader()
		}
		// Its guard knows, whatever the bucket has, and before it is asked.
		first.stop()
		w.put(before)
		if first = w.made("http://one.example", disk); !first.Frozen() {
			t.Error("the guard has seen it, and the node does not know")
		}
		first.said("the log is frozen for good")
		first.run()
		settle()
		if !first.Frozen() {
			t.Error("a bucket that was put back is believed")
		}
	})
}

// Whoever saw it has more than the bucket has by then, whether it led or not.
func TestANodeThatSawTheLogFrozenNeverLeadsItOpen(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewMem()
		first := w.nodeOf("http://one.example", vfs.NewMem())
		w.leader()
		second := w.nodeOf("http://two.example", disk)
		w.append(first, 1)
		settle()
		before := w.copies()
		// The second can't take over, so that it has never led what is frozen.
		second.takesNoLead()
		w.freeze()
		if s, _ := w.leader(); s != first || second.Taken() != 0 {
			t.Fatal("the other led")
		}
		settle()
		first.stop()
		w.put(before)
		second.line.on(nil)
		refused := func(s *server) {
			t.Helper()
			for range 50 {
				time.Sleep(after / 10)
				if synctest.Wait(); s.Log() != nil {
					t.Fatal("it leads what it saw frozen")
				}
			}
			if err := s.Ready(); !s.Frozen() || !errors.Is(err, node.ErrRestored) {
				t.Errorf("frozen %t, ready: %v", s.Frozen(), err)
			}
			s.said("this node has seen the log frozen, the head says that it is not")
			w.shows(s, 1)
		}
		refused(second)
		second.stop()
		second = w.made("http://two.example", disk)
		if !second.Frozen() {
			t.Error("its guard was told nothing")
		}
		second.run()
		refused(second)
	})
}

// takesNoLead has a node's line let it change nothing.
func (s *server) takesNoLead() {
	s.line.refuse(errCut, "swap")
}

// freeze freezes the log beside its nodes, and returns when all have seen it.
func (w *world) freeze() {
	w.Helper()
	if _, err := w.register(w.bucket).Freeze(w.Context()); err != nil {
		w.Fatal(err)
	}
	time.Sleep(3 * after)
	synctest.Wait()
}

// What a head said is not lost because there was no guard yet, nor because it took nothing.
func TestAGuardIsToldOnceItIsThereThatTheLogIsFrozen(t *testing.T) {
	in(t, func(w *world) {
		disk, bad := badDisk(func(op errorfs.Op) bool {
			return strings.HasPrefix(op.Path, "guard/frozen") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite
		})
		first := w.node()
		w.leader()
		w.append(first, 1)
		settle()
		before := w.copies()
		second := w.made("http://two.example", disk)
		second.line.on(func(op, name string) error {
			if op == "swap" || op == "get" && name == "checkpoint" {
				return errCut
			}
			return nil
		})
		second.run()
		w.freeze()
		if _, err := disk.Stat("guard"); err == nil || !second.Frozen() {
			t.Fatalf("it has a guard, or does not know: %v", err)
		}
		bad.Store(true)
		second.takesNoLead()
		time.Sleep(5 * time.Minute)
		w.shows(second, 1)
		second.said("the disk is broken")
		first.stop()
		w.put(before)
		second.line.on(nil)
		time.Sleep(3 * after)
		synctest.Wait()
		if second.Log() != nil {
			t.Error("it leads what it saw frozen")
		}
		bad.Store(false)
		settle()
		second.stop()
		second = w.made("http://two.example", disk)
		if !second.Frozen() {
			t.Error("its guard was told nothing")
		}
		second.run()
	})
}

func TestAFrozenHeadIsKnownHoweverItWasRead(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		w.append(first, 1)
		settle()
		second := w.node()
		settle()
		open := w.copies()
		if _, err := w.register(w.bucket).Freeze(w.Context()); err != nil {
			t.Fatal(err)
		}
		frozen := w.copies()
		w.put(open)
		// The whole head alone is frozen, which the node reads to take over.
		second.line.on(func(op, name string) error {
			if name == "head" {
				w.put(map[string]map[string][]byte{"get": frozen, "peek": open}[op])
			}
			return nil
		})
		time.Sleep(3 * after)
		synctest.Wait()
		if !second.Frozen() {
			t.Error("it does not know")
		}
		w.put(open)
		second.line.on(nil)
		time.Sleep(3 * after)
		synctest.Wait()
		if second.Log() != nil {
			t.Error("it leads")
		}
	})
}

// A node may end as soon as it has seen it.
func TestAGuardIsToldOfTheLastHeadThatWasSeen(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		w.append(first, 1)
		disk := vfs.NewMem()
		second := w.nodeOf("http://two.example", disk)
		settle()
		second.line.on(func(op, _ string) error {
			if op == "peek" {
				time.Sleep(poll / 2)
			}
			return nil
		})
		settle()
		before := w.copies()
		if _, err := w.register(w.bucket).Freeze(w.Context()); err != nil {
			t.Fatal(err)
		}
		for !second.Frozen() {
			time.Sleep(poll / 100)
		}
		second.stop()
		first.stop()
		w.put(before)
		if second = w.made("http://two.example", disk); !second.Frozen() {
			t.Error("its guard was told nothing")
		}
		second.run()
	})
}
