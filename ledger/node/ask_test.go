package node_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

const maxLooks = 4 // within a poll

// No time goes by between what one node registers and another shows, if it is asked to look.
func TestANodeThatIsAskedShowsAtOnceWhatIsPublic(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		first, _ := w.leader()
		second := w.node()
		settle()
		time.Sleep(poll / 2)
		for n := range uint64(maxLooks) {
			w.append(first, 1)
			second.Look()
			synctest.Wait()
			w.shows(second, n+1)
		}
		w.append(first, 1)
		second.Look() // one too many: it is shown at the next poll
		synctest.Wait()
		if size := second.View().Size(); size != maxLooks {
			t.Errorf("after %d looks it shows %d entries", maxLooks+1, size)
		}
		time.Sleep(poll)
		synctest.Wait()
		w.shows(second, maxLooks+1)
	})
}

func TestABucketIsNotAskedMoreOftenThanItsBound(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		w.leader()
		second := w.node()
		settle()
		time.Sleep(poll / 2)
		var gets atomic.Int64
		second.line.on(func(_, name string) error {
			if name == objects.CheckpointName {
				gets.Add(1)
			}
			return nil
		})
		for range 100 {
			second.Look()
			synctest.Wait()
		}
		if n := gets.Load(); n != maxLooks {
			t.Errorf("within a poll it was read %d times", n)
		}
		second.line.cut.Store(true)
		time.Sleep(3 * poll) // it fails, and is asked at its polls alone
		second.line.cut.Store(false)
		settle()
		if second.Log() != nil {
			t.Error("it leads")
		}
	})
}
