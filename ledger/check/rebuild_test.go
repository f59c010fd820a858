package check_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/ledger/store"
)

// last is what the guard has.
func (w *world) last(t testing.TB) tlog.SignedCheckpoint {
	t.Helper()
	g, err := store.OpenGuard(w.guard())
	if err != nil {
		t.Fatal(err)
	}
	c, err := g.Last()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) rebuild(t testing.TB) (check.Rebuilt, error) {
	t.Helper()
	return check.Rebuild(t.Context(), check.RebuildConfig{Store: w.store(), Last: w.last(t), Dir: newDir})
}

// rebuilds demands that the new store has, key for key, what is wanted.
func (w *world) rebuilds(t testing.TB, want map[string]string) {
	t.Helper()
	if r, err := w.rebuild(t); err != nil || r.Lost != nil {
		t.Fatalf("%v %v", err, r.Lost)
	}
	got := w.dump(t, newDir)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("key %q has %q, it was %q", key, got[key], value)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("key %q was not there", key)
		}
	}
	s, err := store.Open(store.Config{Dir: newDir, FS: w.fs, Key: w.store().Key})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARebuiltStoreIsKeyForKeyWhatItWas(t *testing.T) {
	t.Parallel()
	for seed := uint64(2000); seed < 2004; seed++ {
		for _, step := range []int{1, 13} {
			w := newWorld(t, history(t, seed, 250), step, 50)
			w.rebuilds(t, w.dump(t, storeDir))
		}
	}
}

func TestARebuiltStoreIsKeyForKeyWhatItWasAtEverySize(t *testing.T) {
	t.Parallel()
	log := revocations(t, 600, false)
	for size := 0; size <= 600; size++ {
		if near := size % 256; size > 20 && near > 2 && near < 254 && size%17 != 0 {
			continue
		}
		w := newWorld(t, log[:size], 100, 1<<30)
		w.rebuilds(t, w.dump(t, storeDir))
	}
}

func TestARebuiltStoreIsKeyForKeyWhatItWasWhereATileOfTheSecondLevelEnds(t *testing.T) {
	t.Parallel()
	log := revocations(t, slices.Max(secondLevel), false)
	for _, size := range secondLevel {
		w := newWorld(t, log[:size], 4000, 1<<30)
		w.rebuilds(t, w.dump(t, storeDir))
	}
}

// TestDamagedTilesIndexesAndStateAreRebuilt spoils whole tables.
func TestDamagedTilesIndexesAndStateAreRebuilt(t *testing.T) {
	t.Parallel()
	w := small(t)
	want := w.dump(t, storeDir)
	by := tables(want)
	for _, table := range []string{"t", "r", "k", "v", "c", "x", "d", "o", "s", "h", "a"} {
		for _, how := range []string{"gone", "flipped", "more"} {
			c := w.clone(t)
			changes := make(map[string][]byte)
			for _, key := range by[table] {
				value := want[key]
				if table == "t" {
					key += "\x00\x00"
					value = w.piece(t, key)
				}
				switch how {
				case "gone":
					changes[key] = nil
				case "flipped":
					changes[key] = flipped(value, len(value)-1)
				default:
					changes[string(flipped(key, 1))] = []byte(value)
				}
			}
			c.tamper(t, changes)
			c.rebuilds(t, want)
		}
	}
}

func TestAHeadThatCannotBeReadIsThatOfTheGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, history(t, 1003, 100), 7, 1<<30)
	want := w.dump(t, storeDir)
	w.tamper(t, map[string][]byte{"head": []byte("nothing"), "format": []byte("chirograph store 1\nwhatever\n")})
	w.rebuilds(t, want)
}

func TestAStoreOfAFormatBeforeIsRebuilt(t *testing.T) {
	t.Parallel()
	w := small(t)
	want := w.dump(t, storeDir)
	for number, lacking := range map[string][]string{"store 1": {"o", "s", "a"}, "store 2": {"a"}} {
		old := w.clone(t)
		changes := map[string][]byte{"format": []byte(strings.Replace(want["format"], "store 3", number, 1))}
		for _, table := range lacking {
			for _, key := range tables(want)[table] {
				changes[key] = nil
			}
		}
		old.tamper(t, changes)
		if _, err := store.Open(old.store()); err == nil || !strings.Contains(err.Error(), `has the format "chirograph `+number+`", this program reads "chirograph store 3": chirographd rebuild makes it of this one`) {
			t.Errorf("%s opened: %v", number, err)
		}
		old.rebuilds(t, want)
	}
}

func TestDamagedEntriesAreNamedAndNotRebuilt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, history(t, 1003, 200), 7, 1<<30)
	all := w.dump(t, storeDir)
	for _, n := range []int{0, 5, len(w.log) - 1} {
		key := string(entryKey(uint64(n)))
		for name, value := range map[string][]byte{
			"gone": nil, "time": flipped(all[key], 15), "text": flipped(all[key], 60),
			"signature": flipped(all[key], len(all[key])-10), "empty": {}, "cut": []byte(all[key][:len(all[key])-2]),
		} {
			c := w.clone(t)
			c.tamper(t, map[string][]byte{key: value})
			before := c.dump(t, storeDir)
			if _, err := c.rebuild(t); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("entry %d: ", n)) {
				t.Errorf("entry %d, %s: %v", n, name, err)
			}
			if !maps.Equal(before, c.dump(t, storeDir)) {
				t.Errorf("entry %d, %s: the store was changed", n, name)
			}
			if _, err := store.Open(store.Config{Dir: newDir, FS: c.fs, Key: c.store().Key}); err == nil {
				t.Errorf("entry %d, %s: what was made opens as a ledger", n, name)
			}
		}
	}
}

func TestAStoreThatIsBehindItsGuardIsNotRebuilt(t *testing.T) {
	t.Parallel()
	log := history(t, 1003, 200)
	w, old := newWorld(t, log, 7, 1<<30), newWorld(t, log[:20], 7, 1<<30)
	if _, err := check.Rebuild(t.Context(), check.RebuildConfig{Store: old.store(), Last: w.last(t), Dir: newDir}); err == nil || !strings.Contains(err.Error(), "guard") {
		t.Errorf("rebuilt: %v", err)
	}
}

func entryKey(n uint64) []byte {
	return []byte{'e', byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// demote has the store be a copy, and returns what it signed last.
func (w *world) demote(t *testing.T) tlog.SignedCheckpoint {
	t.Helper()
	s, err := store.Open(w.store())
	if err != nil {
		t.Fatal(err)
	}
	c := s.Head().Checkpoint
	if err := errors.Join(s.Demote(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return c
}

// A node's store is a copy while it does not lead, and its guard knows of no more than of when it
// led last: what it has is the ledger's all the same.
func TestOfACopyTheLedgersOwnIsMadeWithTheLargestTreeThatIsSigned(t *testing.T) {
	t.Parallel()
	log := revocations(t, 300, false)
	none := signs(tlog.Checkpoint{Origin: rulestest.Ledger.Name(), Root: tlog.EmptyRoot()})
	for name, test := range map[string]struct {
		hold   int // what is public is of so many entries
		change map[string][]byte
		guard  func(all tlog.SignedCheckpoint) tlog.SignedCheckpoint
		size   uint64 // 0 for an error
		left   bool
		says   string
	}{
		"all is public":                         {hold: 1 << 30, size: 300},
		"it signed more":                        {hold: 250, size: 300},
		"it has not all of what another signed": {hold: 250, change: map[string][]byte{"kept": signs(tlog.Checkpoint{Origin: rulestest.Ledger.Name(), Size: 400}).Bytes()}, size: 250, left: true, says: "50 are of a tree that it has not to its end"},
		"the guard alone knows":                 {hold: 250, change: map[string][]byte{"kept": nil}, guard: func(all tlog.SignedCheckpoint) tlog.SignedCheckpoint { return all }, size: 300},
		"nobody signed":                         {hold: 1 << 30, change: map[string][]byte{"kept": nil, "published": nil}, says: "no tree that was judged to its end"},
		"it shows what cannot be read":          {hold: 1 << 30, change: map[string][]byte{"published": []byte("nothing")}, says: "published head"},
		"the guard knows of more": {hold: 1 << 30, guard: func(tlog.SignedCheckpoint) tlog.SignedCheckpoint {
			return signs(tlog.Checkpoint{Origin: rulestest.Ledger.Name(), Size: 301})
		}, says: check.ErrBehind.Error()},
	} {
		w := newWorld(t, log, 50, test.hold)
		all := w.demote(t)
		w.tamper(t, test.change)
		last := none
		if test.guard != nil {
			last = test.guard(all)
		}
		r, err := check.Rebuild(t.Context(), check.RebuildConfig{Store: w.store(), Last: last, Dir: newDir})
		if test.size == 0 {
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || (r.Lost != nil) != test.left || test.left && !strings.Contains(r.Lost.Error(), test.says) {
			t.Errorf("%s: %v, lost: %v", name, err, r.Lost)
			continue
		}
		made, err := store.Open(store.Config{Dir: newDir, FS: w.fs, Key: w.store().Key})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := made.Head().Checkpoint; got.Size != test.size || len(got.Note.Signatures) == 0 || test.size == 300 && got.Checkpoint != all.Checkpoint {
			t.Errorf("%s: %+v", name, got)
		}
		if shown := made.Published().Checkpoint.Size; shown != min(uint64(test.hold), 300) {
			t.Errorf("%s: %d are public", name, shown)
		}
		if err := made.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
