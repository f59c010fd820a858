package check_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// interrupted runs a check and ends it when it has read so many entries.
func (w *world) interrupted(t testing.TB, at uint64) *check.Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := check.Run(ctx, check.Config{Store: w.store(), Known: w.known(t), State: stateDir, Progress: func(p check.Progress) {
		if p.Done >= at {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("ended at %d: %v", at, err)
	}
	return r
}

func TestACheckThatWasInterruptedGoesOnAndForgetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, revocations(t, 9000, true), 4000, 1<<30)
	all := w.dump(t, storeDir)
	early, late := string(entryKey(77)), string(entryKey(8800))
	for name, c := range map[string]struct {
		changes map[string][]byte
		want    []string
	}{
		"sound":           {},
		"a damaged entry": {map[string][]byte{early: flipped(all[early], 200)}, []string{"entry 77: it has the leaf hash"}},
		"two of them":     {map[string][]byte{early: nil, late: flipped(all[late], 200)}, []string{"entry 77: it is not there", "entry 8800: "}},
		"an index":        {map[string][]byte{tables(all)["r"][5]: nil}, []string{"nothing is stored"}},
		"a tile":          {map[string][]byte{"t\x00" + string(make([]byte, 10)): flipped(all["t\x00"+string(make([]byte, 8))], 17*32)}, []string{"tile/0/000: hash 17 is "}},
	} {
		c1 := w.clone(t)
		c1.tamper(t, c.changes)
		c1.interrupted(t, 5000)
		r := c1.check(t)
		if r.Resumed == 0 || r.Resumed%256 != 0 || r.Resumed >= 5300 {
			t.Errorf("%s: it goes on from %d", name, r.Resumed)
		}
		for _, want := range c.want {
			if !strings.Contains(findings(r), want) {
				t.Errorf("%s: it does not say %q:\n%s", name, want, findings(r))
			}
		}
		if len(r.Findings) != len(c.want) {
			t.Errorf("%s: %d findings, %d are there:\n%s", name, len(r.Findings), len(c.want), findings(r))
		}
	}
}

func TestACheckGoesOnOnlyInTheStoreThatItRead(t *testing.T) {
	t.Parallel()
	log := revocations(t, 9000, true)
	w := newWorld(t, log[:6000], 4000, 1<<30)
	w.interrupted(t, 5500)
	grown := newWorld(t, log, 4000, 1<<30)
	first := revocationsFrom(t, 20000, 20001, true)
	first[0].Time = log[0].Time
	other := newWorld(t, append(first, log...), 4000, 1<<30)
	for name, world := range map[string]*world{"longer by now": grown, "another": other} {
		state := w.clone(t)
		if ok, err := state.copyFrom(w, stateDir); !ok || err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{storeDir, guardDir} {
			if err := state.fs.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if ok, err := state.copyFrom(world, dir); !ok || err != nil {
				t.Fatal(err)
			}
		}
		if r := state.check(t); len(r.Findings) > 0 || r.Resumed > 0 || !r.Anew || r.Head.Checkpoint.Size != uint64(len(world.log)) {
			t.Errorf("%s: it goes on from %d of %d, anew %v\n%s", name, r.Resumed, r.Head.Checkpoint.Size, r.Anew, findings(r))
		}
	}
	if r := w.check(t); len(r.Findings) > 0 || r.Resumed == 0 || r.Anew {
		t.Errorf("the same: it goes on from %d, anew %v\n%s", r.Resumed, r.Anew, findings(r))
	}
	if r := w.check(t); r.Resumed > 0 || r.Anew {
		t.Errorf("after a whole check: it goes on from %d, anew %v", r.Resumed, r.Anew)
	}
}

// To read a store on a disk changes nothing by which a check knows it again.
func TestACheckOnADiskGoesOn(t *testing.T) {
	t.Parallel()
	w, dir := newWorld(t, revocations(t, 5200, true), 512, 1<<30), t.TempDir()
	cfg := check.Config{Store: store.Config{Dir: filepath.Join(dir, storeDir), Key: w.store().Key}, Known: w.known(t), State: filepath.Join(dir, stateDir)}
	if ok, err := vfs.Clone(w.fs, vfs.Default, storeDir, cfg.Store.Dir); !ok || err != nil {
		t.Fatal(ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg.Progress = func(p check.Progress) {
		if p.Done >= 4608 {
			cancel()
		}
	}
	if _, err := check.Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if r, err := check.Run(t.Context(), cfg); err != nil || r.Resumed == 0 || r.Anew || len(r.Findings) > 0 {
		t.Errorf("%v: it goes on from %d, anew %v\n%s", err, r.Resumed, r.Anew, findings(r))
	}
}

// Damage that came after a check was interrupted is in what it has read, and what was
// repaired is in its findings.
func TestACheckThatWasInterruptedTakesNothingFromBeforeAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, revocations(t, 5200, true), 512, 1<<30)
	key := string(entryKey(5))
	good := w.piece(t, key)
	bad := flipped(good, 300)
	w.interrupted(t, 4608)
	w.tamper(t, map[string][]byte{key: bad})
	w.interrupted(t, 4608)
	if r := w.check(t); r.Resumed == 0 || len(r.Findings) != 1 || !strings.HasPrefix(findings(r), "entry 5: ") {
		t.Errorf("damaged since, from %d:\n%s", r.Resumed, findings(r))
	}
	w.interrupted(t, 4608)
	w.tamper(t, map[string][]byte{key: []byte(good)})
	if r := w.check(t); r.Resumed > 0 || !r.Anew || len(r.Findings) > 0 {
		t.Errorf("repaired since, from %d, anew %v:\n%s", r.Resumed, r.Anew, findings(r))
	}
	w.interrupted(t, 4608)
	w.tamper(t, map[string][]byte{key: bad})
	if r := w.check(t); r.Resumed > 0 || !r.Anew || len(r.Findings) != 1 {
		t.Errorf("damaged since, from %d, anew %v:\n%s", r.Resumed, r.Anew, findings(r))
	}
}

func TestNothingIsWrittenOverByWhatACheckKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, revocations(t, 10, true), 4, 1<<30)
	run := func(state string) error {
		_, err := check.Run(t.Context(), check.Config{Store: w.store(), Known: w.known(t), State: state})
		return err
	}
	if err := run(guardDir); err == nil || !strings.Contains(err.Error(), "a folder that is new or empty") {
		t.Errorf("in the guard: %v", err)
	}
	if err := run(storeDir); err == nil {
		t.Error("in the store itself")
	}
	audited := store.Config{Dir: "audited", FS: w.fs, Key: w.store().Key}
	s, err := store.OpenCopy(audited)
	if err != nil {
		t.Fatal(err)
	}
	b := s.NewBatch()
	if _, err := b.Append(w.log[0].Time, w.log[0].Record); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.CommitCopy(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := run("audited"); err == nil || !strings.Contains(err.Error(), "a copy of a log that no check made") {
		t.Errorf("in an audit's copy: %v", err)
	}
	if s, err = store.OpenCopy(audited); err != nil || s.Head().Checkpoint.Size != 1 {
		t.Fatal("the audit's copy is gone", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThatIsHeldIsNotChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, revocations(t, 10, true), 4, 1<<30)
	s, err := store.Open(w.store())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check.Run(t.Context(), check.Config{Store: w.store(), State: stateDir}); !errors.Is(err, store.ErrHeld) {
		t.Errorf("checked: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := check.Run(t.Context(), check.Config{Store: store.Config{Dir: "nowhere", FS: w.fs, Key: w.store().Key}, State: stateDir}); err == nil {
		t.Error("checked nothing")
	}
}

// A damaged disk has more to say than anybody reads.
func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	for _, n := range []int{check.MaxFindings - 1, check.MaxFindings, check.MaxFindings + 1} {
		w := newWorld(t, revocations(t, 300, true), 300, 1<<30)
		all := w.dump(t, storeDir)
		changes := make(map[string][]byte)
		for _, key := range tables(all)["v"][:n] {
			changes[key] = nil
		}
		w.tamper(t, changes)
		r := w.check(t)
		if want := min(n, check.MaxFindings); len(r.Findings) != want || r.More != (n >= check.MaxFindings) {
			t.Errorf("%d damages: %d findings, more %v", n, len(r.Findings), r.More)
		}
	}
}
