package watch

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Issue 4: it runs for months in bounded memory. In two thousand turns, a quarter of
// an hour apart (under the race detector in fewer), the ledger grows now and then, sources come and go, alarms begin and
// end; what is remembered in the process and on the disk does not grow with it.
func TestMonthsTakeNoMoreMemoryThanADay(t *testing.T) {
	l := newLedger().fill(300).seen(begin, w1, w2)
	m := &Mine{Keys: keysOf(buyer)}
	b := newBench(t, l, three, func(cfg *Config) {
		cfg.Mine = func() (*Mine, error) { return m, nil }
		cfg.Peers = []string{"http://twin.example"}
		cfg.Report = func(Event) error { return nil }
	})
	page := new(monitor)
	b.net["w1.example"], b.net["w2.example"], b.net["twin.example"] = page, new(monitor), l
	var heap []uint64
	var file []int64
	for turn := range turns {
		b.now += 900
		*b.clock = b.now
		if turn%50 == 0 {
			l.RegisterAt(b.now, l.Contract(nil).Bytes())
		}
		l.ForgetCosignatures() // the test itself keeps no more than the last
		l.seen(b.now, w1)
		if turn%7 > 0 {
			l.seen(b.now, w2)
		}
		c := l.Checkpoint(l.Shown - turn%3)
		page.c = &c
		l.Fails = func(string) bool { return turn%11 == 3 }
		l.Forget()
		if _, err := b.Turn(context.Background()); err != nil {
			t.Fatal(err)
		}
		if turn%(turns/4) == turns/4-1 {
			var stats runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&stats)
			heap = append(heap, stats.HeapAlloc)
			info, err := os.Stat(statePath(b.cfg.Dir))
			if err != nil {
				t.Fatal(err)
			}
			file = append(file, info.Size())
		}
	}
	const room = 1 << 20 // of which the test's own ledger takes 600 bytes an entry
	if last := heap[len(heap)-1]; last > heap[0]+room {
		t.Errorf("the heap has grown: %d", heap)
	}
	if last := file[len(file)-1]; last > file[0]+1000 {
		t.Errorf("the file has grown: %d", file)
	}
}

// The pause is after a turn, and the context ends it at once.
func TestFollowMakesATurnAfterEachPause(t *testing.T) {
	l := newLedger().fill(3)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		start := time.Now()
		b := newBench(t, l, alone, func(cfg *Config) {
			cfg.Dir, cfg.Clock = dir, time.Now
			cfg.Mine = func() (*Mine, error) {
				times = append(times, time.Since(start))
				return new(Mine), nil
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		if err := b.Follow(ctx, time.Minute); err != nil {
			t.Error(err)
		}
		if want := []time.Duration{0, time.Minute, 2 * time.Minute}; !slices.Equal(times, want) || time.Since(start) != 150*time.Second {
			t.Errorf("turns at %v, ended after %v", times, time.Since(start))
		}
	})
}

// A source that hangs costs the turn its time-out, together with all that hang.
func TestSourcesThatHangCostOneTimeOut(t *testing.T) {
	l := newLedger().seen(begin, w1, w2) // synctest's clock is before all entries
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, l, three, func(cfg *Config) { cfg.Dir, cfg.Clock = dir, time.Now; cfg.Fresh = 0 })
		b.net["w1.example"], b.net["w2.example"] = hang{}, hang{}
		start := time.Now()
		if _, err := b.Turn(t.Context()); err != nil || len(b.events) != 2 {
			t.Error(err, b.events)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// DESIGN.md, section 1, and laws 6 and 7: whoever watches links no server, reads no
// dossier, runs no program and asks the machine for no time.
func TestImportsGoDownOnly(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	may := []string{"ledger/watch", "ledger/audit", "ledger/client", "ledger/store", "ledger/witness", "verify", "crypto/expanded", "crypto/note", "crypto/tlog",
		"ledger/record", "ledger/rules", "ledger/dossier", "ledger/newfile"} // which verify has
	deps := strings.Fields(string(must(exec.Command("go", "list", "-deps", ".").Output())))
	for _, dep := range deps {
		if own, ok := strings.CutPrefix(dep, module); ok && !slices.Contains(may, own) {
			t.Errorf("ledger/watch reaches %s", dep)
		}
	}
	direct := string(must(exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()))
	for _, pkg := range []string{"pebble", "os/exec", "ledger/dossier"} {
		if strings.Contains(direct, pkg) {
			t.Errorf("ledger/watch imports %s", direct)
		}
	}
	for _, name := range must(filepath.Glob("*.go")) {
		if b := must(os.ReadFile(name)); !strings.HasSuffix(name, "_test.go") && strings.Contains(string(b), "time."+"Now") {
			t.Errorf("%s names it", name)
		}
	}
}
