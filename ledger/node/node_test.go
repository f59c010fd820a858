package node_test

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAnotherNodeTakesOverFromOneThatWasKilled(t *testing.T) {
	in(t, func(w *world) {
		one, two, three := w.node(), w.node(), w.node()
		first, _ := w.leader()
		w.append(first, 5)
		time.Sleep(3 * poll)
		for _, s := range []*server{one, two, three} {
			synctest.Wait()
			w.shows(s, 5)
		}
		first.kill()
		time.Sleep(time.Millisecond)
		second, took := w.leader2(first)
		if took > after+2*poll {
			t.Errorf("it took %s", took)
		}
		w.append(second, 5)
		w.shows(second, 10)
	})
}

// leader2 waits for a leader that is another.
func (w *world) leader2(not *server) (*server, time.Duration) {
	begun := time.Now()
	for {
		s, _ := w.leader()
		if s != not || time.Since(begun) > 10*after {
			return s, time.Since(begun)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
