//go:build linux

package engines

import (
	"strings"
	"testing"
)

func TestVersity(t *testing.T) {
	e := Versity(t, 3)
	t.Run("answers", func(t *testing.T) { asked(t, e, func(q question) answer { return q.versity }) })
	keeps(t, e)
	t.Run("has one winner", func(t *testing.T) { hasOneWinner(t, e, refused) })
	t.Run("makes one chain", func(t *testing.T) {
		for _, s := range makesOneChain(t, e) {
			// Between two system calls of a write over what is there, its file has a second name.
			for key := range s.others {
				if !strings.Contains(key, "/.head.sgwtmp.") {
					t.Errorf("%s is listed, and nobody put it", key)
				}
			}
		}
	})
	t.Run("survives", func(t *testing.T) { survives(t, e) })
	t.Run("survives kills", func(t *testing.T) { survivesKills(t, e) })
	t.Run("survives stops", func(t *testing.T) { survivesStops(t, e) })
}

// A store without locks between its gateways is found out: two win. The races above would
// find the same of another.
func TestVersityWithoutLocksHasTwoWinners(t *testing.T) {
	e := VersityUnlocked(t, 3)
	created, swapped := creators(t, e, 200), swappersOf(t, e, 200)
	t.Logf("creators: %s", created)
	t.Logf("swappers: %s", swapped)
	if created.doubles+swapped.doubles == 0 {
		t.Errorf("nobody won twice")
	}
}

// keeps is what any engine does with objects.
func keeps(t *testing.T, e *Engine) {
	t.Run("holds bytes", func(t *testing.T) { holdsBytes(t, e) })
	t.Run("lists at once", func(t *testing.T) { listsAtOnce(t, e) })
	t.Run("refuses old requests", func(t *testing.T) { refusesOldRequests(t, e) })
	t.Run("applies whole bodies", func(t *testing.T) { appliesWholeBodies(t, e) })
	t.Run("refuses large bodies", func(t *testing.T) { refusesLargeBodies(t, e) })
}
