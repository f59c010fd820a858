package node_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// For as long as a node is cut off, there is one that leads, or none: not two.
func TestALeaderThatIsCutOffCountsAsNone(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(1)
		leads := func() (n int) {
			synctest.Wait()
			for _, s := range w.nodes {
				if s.Leads() {
					n++
				}
			}
			return n
		}
		if n := leads(); n != 1 || !first.Leads() {
			t.Errorf("%d lead", n)
		}
		first.line.stuck.Store(true)
		second, _ := w.other(first)
		for range 300 {
			time.Sleep(time.Second)
			if n := leads(); n != 1 || !second.Leads() {
				t.Fatalf("%d lead", n)
			}
		}
		if first.Log() == nil {
			t.Fatal("the other knows already")
		}
		// And the bucket is away for all.
		second.line.stuck.Store(true)
		time.Sleep(2 * after)
		if n := leads(); n != 0 || second.Log() == nil {
			t.Errorf("%d lead without a bucket", n)
		}
		first.line.stuck.Store(false)
		second.line.stuck.Store(false)
		time.Sleep(3 * after)
		if n := leads(); n != 1 {
			t.Errorf("%d lead", n)
		}
	})
}
