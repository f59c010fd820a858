//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
)

// started starts the program as a process of its own.
func started(t *testing.T, args ...string) (wait func() (code int, said string)) {
	t.Helper()
	var out bytes.Buffer
	c := exec.Command("chirographd", args...)
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (int, string) {
		_ = c.Wait() // the code says it
		return c.ProcessState.ExitCode(), out.String()
	}
}

// Who has the copy has it against every other, whatever its name in the directory is, and
// whoever comes changes nothing.
func TestACopyThatIsHeldIsLeftAlone(t *testing.T) {
	c := cutCase(t, false)
	args := map[string][]string{
		"promote": c.args(),
		"follow":  {"follow", "--once", "--dir", c.flags.dir, "--policy", c.policy, "http://127.0.0.1:1"},
	}
	want := []string{c.flags.dir + " is held by another process: stop it first"}
	refused := func(by string) {
		t.Helper()
		for name := range args {
			says(t, exitFailed, want, args[name]...)
			code, said := started(t, args[name]...)()
			if code != exitFailed || !strings.Contains(said, want[0]) {
				t.Errorf("%s, held by %s: exit code %d, %s", name, by, code, said)
			}
		}
	}
	hold, err := store.Hold(filepath.Join(c.flags.dir, held))
	if err != nil {
		t.Fatal(err)
	}
	refused("the lock")
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenCopy(store.Config{Dir: filepath.Join(c.flags.dir, storeDir), Key: c.key})
	if err != nil {
		t.Fatal(err)
	}
	refused("the store")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	running := startCommand(t, exec.Command("chirographd", "follow", "--listen", "127.0.0.1:0", "--dir", c.flags.dir, "--policy", c.policy, "http://127.0.0.1:1"))
	refused("a follow that runs")
	if err := running.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = running.Wait() // it was killed
	says(t, 0, []string{"is the ledger, from the tree of 300 entries on"}, args["promote"]...)
	says(t, exitFailed, []string{"has a ledger of its own"}, args["follow"]...)
	c.isPromoted(t)
	startLedger(t, c.flags.dir)
	says(t, exitFailed, want, args["promote"]...)
	says(t, exitFailed, []string{"has a ledger of its own"}, args["follow"]...)
}

// A guard that another process has is not written.
func TestAGuardThatIsHeldIsLeftAlone(t *testing.T) {
	c := cutCase(t, true)
	g, err := store.OpenGuard(store.GuardConfig{Dir: c.flags.guard, Key: c.key})
	if err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"the guard in " + c.flags.guard + " is held by another process: stop it first"}, c.args()...)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	says(t, 0, nil, c.args()...)
}

// Issue 5, point 4. While a promotion puts one store in the place of another, the copy
// has none under its name, and another process would make one: at each step all others are refused.
func TestNobodyComesBetweenTheStepsOfAPromotion(t *testing.T) {
	c := cutCase(t, false)
	others := [][]string{c.args(), {"follow", "--once", "--dir", c.flags.dir, "--policy", c.policy, "http://127.0.0.1:1"}}
	f := c.flags
	steps, last := 0, ""
	f.step = func(step string) {
		steps, last = steps+1, step
		want := c.flags.dir + " is held by another process: stop it first"
		for _, args := range others {
			if _, err := os.Stat(filepath.Join(c.flags.dir, copyOf)); err != nil && args[0] == "follow" {
				want = "has a ledger of its own"
			}
			if code, said := started(t, args...)(); code != exitFailed || !strings.Contains(said, want) {
				t.Errorf("%s after %q: exit code %d, %s", args[0], step, code, said)
			}
		}
	}
	if err := promote(t.Context(), f, io.Discard); err != nil {
		t.Fatal(err)
	}
	if steps < 13 || last != "it is no copy" {
		t.Errorf("%d steps, the last %q", steps, last)
	}
	c.isPromoted(t)
}

// Issue 5, point 4. Follow and promote at once over one copy, in every order: one does its
// work, the other is refused, and nothing is lost.
func TestFollowAndPromoteAtOnceLoseNothing(t *testing.T) {
	rounds := 12
	if raced {
		rounds = 4
	}
	c := cutCase(t, false)
	kept := filepath.Join(t.TempDir(), "kept")
	clone(t, c.base, kept)
	promotes := c.args()
	follows := []string{"follow", "--once", "--dir", c.flags.dir, "--policy", c.policy, "http://127.0.0.1:1"}
	pairs := [][2][]string{{promotes, follows}, {follows, promotes}, {promotes, promotes}, {follows, follows}}
	both := 0
	for n := range rounds {
		clone(t, kept, c.base)
		pair := pairs[n%len(pairs)]
		first := started(t, pair[0]...)
		second := started(t, pair[1]...)
		overlap := false
		for i, wait := range []func() (int, string){first, second} {
			code, said := wait()
			refused := strings.Contains(said, "is held by another process: stop it first")
			overlap = overlap || refused
			switch {
			case code == 0 && pair[i][0] == "promote":
			case code == exitFailed && refused:
			case code == exitFailed && pair[i][0] == "follow" && (strings.Contains(said, "connection refused") || strings.Contains(said, "has a ledger of its own")):
			default:
				t.Fatalf("round %d, %s: exit code %d\n%s", n, pair[i][0], code, said)
			}
		}
		if overlap {
			both++
		}
		if code, stdout, stderr := chirographd(t, promotes...); code != 0 {
			t.Fatalf("round %d: exit code %d\n%s%s", n, code, stdout, stderr)
		}
		c.isPromoted(t)
	}
	t.Logf("%d rounds, in %d one was refused", rounds, both)
}
