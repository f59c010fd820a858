package check_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/ledger/store"
)

// A copied is what a node has that follows, or what it had when it was stopped.
type copied struct {
	*world
	signed []tlog.SignedCheckpoint // by size
}

// newCopy makes a copy of so many entries that shows the first of them, and keeps a checkpoint of
// so many; -1 for nothing.
func newCopy(t testing.TB, log []rulestest.Entry, size, shown, kept int) *copied {
	t.Helper()
	w := &copied{&world{vfs.NewMem(), log}, nil}
	s, err := store.OpenCopy(w.store())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		w.signed = append(w.signed, signs(s.Head().Checkpoint.Checkpoint))
		b := s.NewBatch()
		if _, err := b.Append(e.Time, e.Record); err != nil {
			t.Fatal(err)
		}
		c, err := b.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if len(w.signed) > size { // not read
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			w.signed = append(w.signed, signs(c))
			break
		}
		if err := b.CommitCopy(); err != nil {
			t.Fatal(err)
		}
	}
	if shown >= 0 {
		err = s.Publish(w.signed[shown])
	}
	if kept >= 0 {
		err = errors.Join(err, s.Keep(w.signed[kept]))
	}
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *copied) become(t testing.TB, guard int) (check.Rebuilt, error) {
	t.Helper()
	return check.Rebuild(t.Context(), check.RebuildConfig{Store: w.store(), Last: w.signed[guard], Dir: newDir})
}

// What the ledger is known to have signed, becomes its own, and nothing else of it.
func TestACopyBecomesTheLedgersOwnWithWhatItSigned(t *testing.T) {
	t.Parallel()
	log := revocations(t, 601, false)
	for _, c := range []struct{ size, shown, kept, guard, want int }{
		{600, 600, 600, 0, 600},
		{600, 600, -1, 600, 600},
		{600, 300, 601, 0, 300}, // it was reading on
		{600, 256, 601, 256, 256},
		{600, 599, 600, 599, 600}, // it led, and the last batch was not public
		{600, 599, 600, 600, 600},
		{600, -1, 600, 0, 600},
		{600, 300, 601, 513, 513}, // it led, and knows that it signed these
		{600, -1, 601, 5, 5},
		{0, -1, -1, 0, 0},
	} {
		what := fmt.Sprintf("%+v", c)
		w := newCopy(t, log, c.size, c.shown, c.kept)
		before := w.dump(t, storeDir)
		r, err := w.become(t, c.guard)
		if err != nil || !r.Copy || r.Head.Checkpoint.Size != uint64(c.want) || (r.Lost != nil) != (c.size > c.want) {
			t.Fatalf("%s: %+v, %v", what, r, err)
		}
		if after := w.dump(t, storeDir); len(after) != len(before) || after["head"] != before["head"] || after["format"] != before["format"] {
			t.Errorf("%s: the copy was changed", what)
		}
		got, want := w.dump(t, newDir), newWorld(t, log[:c.want], 100, 1<<30).dump(t, storeDir)
		delete(got, "published")
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: key %q has %q, of the ledger's own %q", what, key, got[key], value)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: it has %d keys, the ledger's own %d", what, len(got), len(want))
		}
		s, err := store.Open(store.Config{Dir: newDir, FS: w.fs, Key: rulestest.Ledger})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		// What was not shown, witnesses may not have cosigned.
		if public := s.Published().Checkpoint.Size; c.shown >= 0 && public != uint64(c.shown) {
			t.Errorf("%s: %d are public", what, public)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACopyThatIsBehindItsGuardOrSignedByNobodyBecomesNothing(t *testing.T) {
	t.Parallel()
	log := revocations(t, 21, false)
	behind := newCopy(t, log, 20, 20, 20)
	if _, err := behind.become(t, 21); !errors.Is(err, check.ErrBehind) {
		t.Errorf("its guard knows of more: %v", err)
	}
	fork := newCopy(t, log, 20, 20, 20)
	fork.signed[5].Root[0] ^= 1
	if _, err := fork.become(t, 5); !errors.Is(err, check.ErrBehind) {
		t.Errorf("its guard knows of others: %v", err)
	}
	nobody := newCopy(t, log, 20, -1, 21)
	if _, err := nobody.become(t, 0); err == nil || !strings.Contains(err.Error(), "the copy has 20 entries, and no tree that was judged to its end") {
		t.Errorf("nobody signed it: %v", err)
	}
	for _, w := range []*copied{behind, fork, nobody} {
		if _, err := store.Open(store.Config{Dir: newDir, FS: w.fs, Key: rulestest.Ledger}); err == nil {
			t.Error("what was made opens as a ledger")
		}
	}
	// A line that does not verify is nobody's.
	w := newCopy(t, log, 20, 10, 20)
	kept := w.signed[20].Bytes()
	kept[strings.LastIndex(string(kept), "=\n")-10] ^= 1
	w.tamper(t, map[string][]byte{"kept": kept})
	if r, err := w.become(t, 0); err == nil {
		t.Errorf("%+v", r)
	}
}

func TestADamagedEntryOfACopyIsNamedAndNotRebuilt(t *testing.T) {
	t.Parallel()
	log := revocations(t, 41, false)
	for _, shown := range []int{40, 30} {
		w := newCopy(t, log, 40, shown, 41)
		key := string(entryKey(7))
		w.tamper(t, map[string][]byte{key: flipped(w.dump(t, storeDir)[key], 20)}) // which gives another entry
		if _, err := w.become(t, 0); err == nil || !strings.Contains(err.Error(), "entry 7: ") || strings.Contains(err.Error(), "hashes") {
			t.Errorf("%d shown: %v", shown, err)
		}
	}
}

// A copy has no mark that the ledger is frozen: the guard has.
func TestACopyOfAFrozenLedgerBecomesAFrozenOne(t *testing.T) {
	t.Parallel()
	for _, frozen := range []bool{false, true} {
		w := newCopy(t, revocations(t, 6, false), 5, 5, 5)
		if _, err := check.Rebuild(t.Context(), check.RebuildConfig{Store: w.store(), Last: w.signed[5], Frozen: frozen, Dir: newDir}); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(store.Config{Dir: newDir, FS: w.fs, Key: rulestest.Ledger})
		if err != nil {
			t.Fatal(err)
		}
		if s.Frozen() != frozen {
			t.Errorf("the guard says %v, the store %v", frozen, s.Frozen())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
