package node_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

const maxLooks = 8 // within a poll

// No time goes by between what one node registers and another shows, if it is asked to look and
// has not just done so.
func TestANodeThatIsAskedShowsAtOnceWhatIsPublic(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		first, _ := w.leader()
		second := w.node()
		settle()
		time.Sleep(poll / 2)
		for n := range uint64(3 * maxLooks) {
			w.append(first, 1)
			second.Look()
			synctest.Wait()
			w.shows(second, 2*n+1)
			w.append(first, 1)
			second.Look() // too soon
			synctest.Wait()
			if size := second.View().Size(); size != 2*n+1 {
				t.Errorf("it looked twice at once, and shows %d entries", size)
			}
			time.Sleep(poll/maxLooks + time.Millisecond)
			synctest.Wait()
			w.shows(second, 2*n+2)
			time.Sleep(poll/maxLooks + time.Millisecond)
		}
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
		for range 500 {
			second.Look()
			time.Sleep(poll / 100)
		}
		if n := gets.Load(); n < 4*maxLooks || n > 5*(maxLooks+1)+1 {
			t.Errorf("within five polls it was read %d times", n)
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
