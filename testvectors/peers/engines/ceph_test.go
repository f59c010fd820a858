//go:build linux

package engines

import (
	"testing"
	"time"
)

func TestCeph(t *testing.T) {
	from := time.Now()
	e := Ceph(t)
	t.Logf("up after %s", time.Since(from).Round(time.Millisecond))
	t.Run("answers", func(t *testing.T) { asked(t, e, func(q question) answer { return q.ceph }) })
	keeps(t, e)
	// Who loses a swap in the middle of it is told 500.
	t.Run("has one winner", func(t *testing.T) { hasOneWinner(t, e, refused, "412", "500 UnknownError") })
	t.Run("makes one chain", func(t *testing.T) {
		for _, s := range makesOneChain(t, e) {
			if len(s.others) > 0 {
				t.Errorf("%v are listed, and nobody put them", s.others)
			}
			if s.torn > 0 {
				t.Errorf("%d reads had the ETag of another head", s.torn)
			}
		}
	})
	t.Run("survives", func(t *testing.T) { survives(t, e) })
	t.Run("survives a disk", func(t *testing.T) { survivesDisk(t, e) })
}

// survivesDisk kills an OSD while heads are swapped, which go on on one chain, and has it
// come back.
func survivesDisk(t *testing.T, e *Engine) {
	all, s := stores(e), newSwapping()
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		e.Disks[0].Kill()
	}()
	s.swap(t, all, all, "a disk dies/head", 30, 0)
	<-killed
	s.check(t, all[0], "a disk dies/head")
	must(t, e.Disks[0].Restart())
	s = newSwapping()
	s.swap(t, all, all, "a disk is back/head", 5, 0)
	s.check(t, all[0], "a disk is back/head")
}
