package node_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
)

// That a bucket was put back is said once, and the node is not ready, until there is something
// else to be looked at.
func TestARefusedHeadIsRefusedUntilSomethingElseIsThere(t *testing.T) {
	put := func(name string) func(w *world, all map[string][]byte) {
		return func(w *world, all map[string][]byte) {
			now := w.copies()
			now[name] = all[name]
			w.put(now)
		}
	}
	for name, c := range map[string]struct {
		frozen      bool
		harm, other func(w *world, before map[string][]byte) // the other even more so
		heal        func(w *world, good map[string][]byte)
	}{
		"the mark of the freeze is gone": {true, (*world).put, func(w *world, _ map[string][]byte) {
			s := w.node() // which has not seen it
			w.leader()
			s.stop()
		}, func(w *world, _ map[string][]byte) { w.freeze() }},
		"the checkpoint is of before": {false, put("checkpoint"), put("checkpoint"), put("checkpoint")},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				disk := vfs.NewMem()
				s := w.nodeOf("http://one.example", disk)
				w.leader()
				w.append(s, 1)
				settle()
				least := w.copies()
				w.append(s, 1)
				settle()
				before := w.copies()
				if c.frozen {
					w.freeze()
				} else {
					w.append(s, 3)
				}
				size := s.View().Size()
				s.stop()
				good := w.copies()
				c.harm(w, before)
				s = w.made("http://one.example", disk)
				var read atomic.Int64
				var full atomic.Bool
				s.line.on(func(op, name string) error {
					if op == "get" && name == objects.HeadName {
						read.Add(1)
					}
					if op == "swap" && full.Load() {
						return errCut
					}
					return nil
				})
				s.run()
				time.Sleep(2 * after)
				for range 6000 {
					synctest.Wait()
					if err := s.Ready(); !errors.Is(err, node.ErrRestored) {
						t.Fatalf("it leads, or is ready: %v", err)
					}
					time.Sleep(100 * time.Millisecond)
				}
				said := func(step string, wants int) {
					t.Helper()
					if bad, good := strings.Count(s.log.String(), "WAS PUT BACK"), strings.Count(s.log.String(), "has all again"); bad != 1 || good != wants {
						t.Errorf("%s: %d times that the bucket was put back, %d times that it has all, not 1 and %d:\n%s", step, bad, good, wants, s.log)
					}
				}
				said("ten minutes", 0)
				if n := read.Load(); n > 1 {
					t.Errorf("the whole head was read %d times", n)
				}
				w.shows(s, size)
				c.other(w, least)
				time.Sleep(2 * after)
				synctest.Wait()
				said("as bad otherwise", 0)
				if n := read.Load(); n > 2 || s.Log() != nil || s.Ready() == nil {
					t.Errorf("the whole head was read %d times, it leads, or is ready: %v", n, s.Ready())
				}
				full.Store(true)
				c.heal(w, good)
				time.Sleep(5 * after)
				said("and it has all, which cannot be taken", 1)
				full.Store(false)
				time.Sleep(5 * after)
				synctest.Wait()
				if err := s.Ready(); err != nil || s.Log() == nil {
					t.Errorf("it does not lead: %v\n%s", err, s.log)
				}
				said("and it is taken", 1)
				w.shows(s, size)
			})
		})
	}
}
