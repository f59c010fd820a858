package node_test

import (
	"strings"
	"testing"
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
