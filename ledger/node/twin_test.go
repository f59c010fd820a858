package node_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestANodeWithTheAddressOfTheOneThatLeadsSaysSo(t *testing.T) {
	in(t, func(w *world) {
		first := w.nodeOf("http://one.example", vfs.NewMem())
		w.leader()
		w.append(first, 1)
		second := w.nodeOf("http://one.example", vfs.NewMem())
		time.Sleep(after)
		if err := second.Ready(); err == nil || !strings.Contains(err.Error(), "same address") {
			t.Errorf("it is ready: %v", err)
		}
		second.said("another node has the same --at as this one")
		if err := first.Ready(); err != nil {
			t.Error(err)
		}
		first.stop()
		time.Sleep(after)
		if err := second.Ready(); err != nil || second.Log() == nil {
			t.Errorf("alone it does not lead, or is not ready: %v", err)
		}
	})
}

// Of two that believe that they lead the one that is fenced learns by whose name, at once.
func TestALeaderThatIsFencedByItsOwnNameSaysSo(t *testing.T) {
	in(t, func(w *world) {
		first := w.nodeOf("http://one.example", vfs.NewMem())
		w.leader()
		w.append(first, 1)
		settle()
		second := w.nodeOf("http://one.example", vfs.NewMem())
		first.line.stuck.Store(true) // it hangs, as a machine that sleeps
		time.Sleep(after + 3*poll)
		synctest.Wait()
		if second.Log() == nil {
			t.Fatal("the other does not lead")
		}
		first.line.stuck.Store(false)
		for first.Log() != nil {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		if err := first.Ready(); err == nil || !strings.Contains(err.Error(), "same address") {
			t.Errorf("it is ready: %v", err)
		}
		first.said("another node has the same --at as this one")
		if err := second.Ready(); err != nil {
			t.Errorf("the one that leads: %v", err)
		}
		// Once it leads itself, nobody else does by this name.
		second.kill()
		time.Sleep(2 * after)
		synctest.Wait()
		if err := first.Ready(); err != nil || first.Log() == nil {
			t.Errorf("alone it does not lead, or is not ready: %v", err)
		}
		w.append(first, 1)
	})
}

// A head that was put back is of its own name, and no other node's.
func TestALeaderWhoseHeadWasPutBackHasNoTwin(t *testing.T) {
	in(t, func(w *world) {
		first := w.nodeOf("http://one.example", vfs.NewMem())
		w.leader()
		w.append(first, 1)
		settle()
		all := w.copies()
		time.Sleep(2 * after)
		w.put(all)
		for first.Log() != nil {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		for range 3 * after / poll {
			if err := first.Ready(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(poll)
		}
		first.said("the head of the log was put back")
		for _, wrong := range []string{"--at", "another node leads"} {
			first.saidTimes(wrong, 0)
		}
		w.leader()
		w.append(first, 1)
		w.shows(first, 2)
	})
}

// Its own head is no other node's, whether it was killed or has just stopped leading.
func TestANodeDoesNotTakeItselfForAnother(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewCrashableMem()
		first := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(first, 1)
		left := disk.CrashClone(vfs.CrashCloneCfg{})
		first.kill()
		again := w.nodeOf("http://one.example", left)
		for range 30 {
			time.Sleep(poll)
			if err := again.Ready(); err != nil && strings.Contains(err.Error(), "same address") {
				t.Fatal(err)
			}
		}
		if again.Log() == nil || strings.Contains(again.log.String(), "--at") {
			t.Errorf("it does not lead:\n%s", again.log)
		}
	})
}

// Nor when it led many times, and each time stopped in the middle of a batch.
func TestANodeThatLeadsAgainAndAgainHasNoTwin(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		for range 2 * 3 {
			s, _ := w.leader()
			w.append(s, 1)
			first.gone.Store(true)
			go func() { _ = w.try(first, w.fake.Contract(nil)) }()
			time.Sleep(2 * time.Minute)
			w.leads(nil)
			if err := first.Ready(); err != nil && strings.Contains(err.Error(), "same address") {
				t.Fatal(err)
			}
			first.gone.Store(false)
			settle()
		}
		first.saidTimes("--at", 0)
		w.leader()
	})
}

func TestANodeThatDoesNotFindItselfSaysSo(t *testing.T) {
	in(t, func(w *world) {
		const lost = "does not find itself at its --at"
		s := w.server("http://one.example", vfs.NewMem())
		var why error
		asked := 0
		s.self = func(ctx context.Context) error { asked++; return why }
		if err := s.open(); err != nil {
			t.Fatal(err)
		}
		s.line.cut.Store(true)
		s.run()
		synctest.Wait()
		if asked != 1 {
			t.Errorf("it asked %d times when it began", asked)
		}
		s.saidTimes(lost, 0)
		why = errors.New("another node answers")
		s.line.cut.Store(false)
		w.leader()
		if asked != 2 {
			t.Errorf("it asked %d times when it led", asked)
		}
		s.saidTimes(lost, 1)
		s.said("another node answers")
		if err := s.Ready(); err != nil { // a balancer may not be there yet
			t.Error(err)
		}
	})
}

// Nobody waits for an answer.
func TestANodeIsNotHeldUpByItsOwnAddress(t *testing.T) {
	in(t, func(w *world) {
		s := w.server("http://one.example", vfs.NewMem())
		s.self = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		if err := s.open(); err != nil {
			t.Fatal(err)
		}
		s.run()
		if _, took := w.leader(); took > 2*poll {
			t.Errorf("it took %s", took)
		}
		w.append(s, 1)
		s.saidTimes("does not find itself", 0)
	})
}
