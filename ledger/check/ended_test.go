package check_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/check"
)

// ended runs a check that is ended when Progress says so, and demands that it heeds that.
func (w *world) ended(t testing.TB, when func(check.Progress) bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	after := 0
	_, err := check.Run(ctx, check.Config{Store: w.store(), Known: w.known(t), State: stateDir, Progress: func(p check.Progress) {
		if ctx.Err() != nil {
			after++
		}
		if when(p) {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || after > 0 {
		t.Fatalf("%v; it goes on for %d steps", err, after)
	}
}

// Whatever the number of entries is: what was read and judged is not read again, and no
// finding is told twice or forgotten.
func TestACheckThatIsInterruptedWhileItComparesGoesOnThere(t *testing.T) {
	t.Parallel()
	compares := func(p check.Progress) bool { return p.Compared > 0 }
	for _, size := range []int{2304, 2500} {
		w := newWorld(t, revocations(t, size, true), 1000, 1<<30)
		all := w.dump(t, storeDir)
		first, last := string(entryKey(77)), string(entryKey(uint64(size-1)))
		tile := "t\x00" + string(make([]byte, 10))
		for name, c := range map[string]struct {
			changes map[string][]byte
			want    []string
		}{
			"sound":              {},
			"an index":           {map[string][]byte{tables(all)["r"][5]: nil}, []string{"nothing is stored"}},
			"a tile":             {map[string][]byte{tile: flipped(all[tile[:10]], 17*32)}, []string{"tile/0/000: hash 17 is "}},
			"a key nobody has":   {map[string][]byte{"zzz": {1}}, []string{"no ledger of "}},
			"the edge, an index": {map[string][]byte{string(edgeKey(size)): flipped(w.piece(t, string(edgeKey(size))), 0), tables(all)["v"][5]: nil}, []string{": hash 0 is ", "nothing is stored"}},
		} {
			d := w.clone(t)
			d.tamper(t, c.changes)
			d.ended(t, compares)
			d.ended(t, compares) // and once more
			r := d.check(t)
			if r.Resumed != uint64(size) || r.Anew || len(r.Findings) != len(c.want) {
				t.Errorf("%d, %s: it goes on from %d, anew %v, and finds\n%s", size, name, r.Resumed, r.Anew, findings(r))
			}
			for _, want := range c.want {
				if !strings.Contains(findings(r), want) {
					t.Errorf("%d, %s: it does not say %q:\n%s", size, name, want, findings(r))
				}
			}
		}
		// An entry that is damaged ends what follows from the entries: nothing is compared.
		d := w.clone(t)
		d.tamper(t, map[string][]byte{first: flipped(all[first], 200), last: nil})
		d.ended(t, func(p check.Progress) bool { return p.Done == p.Size })
		if r := d.check(t); len(r.Findings) != 2 {
			t.Errorf("%d, damaged entries: found\n%s", size, findings(r))
		}
	}
}

// edgeKey is that of the last tile of the leaves, or where all are full of the level above.
func edgeKey(size int) []byte {
	level, index := byte(0), size/256
	if size%256 == 0 {
		level, index = 1, 0
	}
	return append(append([]byte{'t', level}, entryKey(uint64(index))[1:]...), 0, 0)
}

// A check that is killed leaves what the next one goes on from, or takes away by itself: also
// when it was killed while it made or removed what it kept.
func TestWhatAKilledCheckLeftIsInNobodysWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, revocations(t, 2304, true), 1000, 1<<30)
	w.ended(t, func(p check.Progress) bool { return p.Compared > 0 })
	names, err := w.fs.List(stateDir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	mark := slices.Index(names, "of-a-check")
	if mark < 0 {
		t.Fatalf("it keeps %q", names)
	}
	names = slices.Delete(names, mark, mark+1)
	left := func(removed ...string) {
		d := w.clone(t)
		if ok, err := vfs.Clone(w.fs, d.fs, stateDir, stateDir); !ok || err != nil {
			t.Fatal(ok, err)
		}
		for _, name := range removed {
			if err := d.fs.Remove(d.fs.PathJoin(stateDir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if r := d.check(t); len(r.Findings) > 0 || r.Head.Checkpoint.Size != 2304 {
			t.Errorf("without %q: found\n%s", removed, findings(r))
		}
		if _, err := d.fs.Stat(stateDir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("without %q: it is still there, %v", removed, err)
		}
	}
	for i := range names {
		left(names[:i+1]...)
		left(names[i:]...)
	}
}
