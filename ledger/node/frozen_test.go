package node_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
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
		first.run()
		settle()
		if !first.Frozen() {
			t.Error("a bucket that was put back is believed")
		}
	})
}
