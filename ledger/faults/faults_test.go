// Package faults drives a whole ledger, from HTTP to the disk and back, over a disk
// that fails: at each operation, in each way, alone and two in a row, and over a power
// cut before each write. It has tests alone.
//
// What must hold after each point is the same. The ledger starts again on a disk that
// works, or had a fault to refuse for; it has every entry that was acknowledged, at its
// index and to the byte, and each receipt that a submitter holds still verifies; no two
// checkpoints that disagree were seen, by a reader, a submitter, a witness or the
// guard, and none of them is larger than what is there; everything that it serves is
// what its entries say; and it goes on. While the disk works it acknowledges all, and
// no answer says of what was acknowledged that it is not there.
package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	partVar = "CHIROGRAPH_FAULTS_PART" // of a process of this test: its part
	longVar = "CHIROGRAPH_LONG"        // set for the long form
)

// long is for a night: ten times the points.
var long = form{name: "long", stride: 1, seeds: 12, pairs: 24, least: 100_000}

func chosen() form {
	if os.Getenv(longVar) != "" {
		return long
	}
	return ordinary
}

// parts returns how many processes share the points of a class in a work.
func (f form) parts(c class) int {
	if f.stride > 1 {
		return 1
	}
	return c.parts
}

// mark is before the line in which a process says what it went through.
const mark = "points "

// A store that failed stays in memory until its process ends, as it should; so each
// few hundred points have a process of their own.
func TestADiskThatFailsMakesNoLedgerLie(t *testing.T) {
	if part := os.Getenv(partVar); part != "" {
		onePart(t, part)
		return
	}
	f := chosen()
	var mu sync.Mutex
	all, by := 0, make(map[string]int)
	t.Run("all", func(t *testing.T) {
		for _, c := range classes {
			for _, k := range works() {
				for part := range f.parts(c) {
					name := fmt.Sprintf("%s/%s/%d", k.name, c.name, part)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						points := elsewhere(t, name)
						mu.Lock()
						defer mu.Unlock()
						for kind, n := range points {
							by[kind] += n
							all += n
						}
					})
				}
			}
		}
	})
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		t.Logf("%6d %s", by[kind], kind)
	}
	t.Logf("%6d points, form: %s; the seeds are in their names", all, f.name)
	if all < f.least {
		t.Errorf("%d points, there have to be %d", all, f.least)
	}
}

// elsewhere goes through a part in a process of its own, and returns how many points
// there were.
func elsewhere(t *testing.T, part string) map[string]int {
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestADiskThatFailsMakesNoLedgerLie$", "-test.timeout=0")
	c.Env = append(os.Environ(), partVar+"="+part, "GOGC=400")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s=%s: %v\n%s", partVar, part, err, out)
	}
	_, line, ok := strings.Cut(string(out), mark)
	line, _, _ = strings.Cut(line, "\n")
	points := make(map[string]int)
	if err := json.Unmarshal([]byte(line), &points); !ok || err != nil {
		t.Fatalf("it does not say what it went through: %v\n%s", err, out)
	}
	return points
}

// onePart goes through a part in this process.
func onePart(t *testing.T, part string) {
	for _, k := range works() {
		for _, c := range classes {
			for i := range chosen().parts(c) {
				if part != fmt.Sprintf("%s/%s/%d", k.name, c.name, i) {
					continue
				}
				f := chosen()
				s := &shard{work: k, form: f, first: 1 + i*f.stride, step: f.parts(c) * f.stride, seen: make(map[string]bool), by: make(map[string]int)}
				c.points(s, t)
				b, err := json.Marshal(s.by)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Printf("%s%s\n", mark, b)
				return
			}
		}
	}
	t.Fatalf("%s=%s: there is no such part", partVar, part)
}
