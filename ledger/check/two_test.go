//go:build !race

package check_test

// Not under the race detector: 65,836 entries take it three minutes, and the same code runs
// there over smaller logs.

import (
	"fmt"
	"strings"
	"testing"
)

func TestAFindingSaysWhichOfTwoIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, revocations(t, 65536+300, true), 4000, 1<<30)
	tile := func(level byte, index uint64) string {
		return "t" + string(level) + string(entryKey(index)[1:])
	}
	for name, damages := range map[string]map[string]struct { // one on each way to the root
		key string
		at  int
	}{
		"inside": {
			"entry 41: it has the leaf hash":                         {string(entryKey(41)), 300},
			"tile/0/003: hash 17 is":                                 {tile(0, 3), 17*32 + 5},
			"tile/0/255: hash 255 is":                                {tile(0, 255), 255 * 32},
			"tile/1/000: hash 9 is":                                  {tile(1, 0), 9 * 32},
			fmt.Sprintf("entry %d: it has the leaf hash", 65536+290): {string(entryKey(65536 + 290)), 300},
		},
		"edge": {"tile/2/000: hash 0 is": {tile(2, 0), 0}},
	} {
		d := w.clone(t)
		changes := make(map[string][]byte)
		for _, c := range damages {
			if c.key[0] == 't' {
				c.key += "\x00\x00"
			}
			changes[c.key] = flipped(d.piece(t, c.key), c.at)
		}
		d.tamper(t, changes)
		r := d.check(t)
		if len(r.Findings) != len(damages) {
			t.Errorf("%s: found\n%s", name, findings(r))
		}
		for want := range damages {
			if !strings.Contains("\n"+findings(r), "\n"+want) {
				t.Errorf("%s: it does not say %q:\n%s", name, want, findings(r))
			}
		}
	}
}
