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
	t.Run("survives kills", func(t *testing.T) { survivesKills(t, e) })
	t.Run("survives stops", func(t *testing.T) { survivesStops(t, e) })
	t.Run("survives a disk", func(t *testing.T) { survivesDisk(t, e) })
}

// survivesDisk kills an OSD while heads are swapped, has it come back, and stops another
// and resumes it.
func survivesDisk(t *testing.T, e *Engine) {
	disk := 0
	among(t, e, "disks die/head", 30, func() error {
		disk = (disk + 1) % disks
		return e.Disks[disk].Restart()
	})
	once := false
	among(t, e, "a disk stops/head", 30, func() error {
		if once {
			return nil
		}
		once = true
		if err := e.Disks[0].Stop(); err != nil {
			return err
		}
		// The heads wait until the monitor has missed it.
		if err := stores(e)[0].put(t.Context(), "another head", one); err != nil {
			return err
		}
		return e.Disks[0].Continue()
	})
}
