package check_test

import "testing"

// small is a history with something in every table.
func small(t testing.TB) *world {
	w := newWorld(t, history(t, 1003, 300), 7, 60)
	w.freeze(t)
	all := tables(w.dump(t, storeDir))
	for _, table := range []string{"format", "head", "published", "frozen", "e", "t", "r", "k", "v", "c", "x", "d", "o", "s", "h", "a"} {
		if len(all[table]) == 0 {
			t.Fatalf("the history has nothing in the table %s; it has %d entries", table, len(w.log))
		}
	}
	return w
}

func TestASoundStoreIsSound(t *testing.T) {
	t.Parallel()
	for seed := uint64(1000); seed < 1004; seed++ {
		w := newWorld(t, history(t, seed, 200), 5, 1<<30)
		if r := w.check(t); len(r.Findings) > 0 || r.Head.Checkpoint.Size != uint64(len(w.log)) || r.Open != "" {
			t.Errorf("history %d: %s %s", seed, findings(r), r.Open)
		}
	}
	if r := newWorld(t, nil, 1, 9).check(t); len(r.Findings) > 0 {
		t.Errorf("empty: %s", findings(r))
	}
}

// some returns places to flip in so many bytes: the first, the last, and some between.
func some(n int) []int {
	switch {
	case n == 0:
		return nil
	case n < 4:
		return []int{0, n - 1}
	}
	return []int{0, n / 3, n / 2, n - 1}
}

func TestEveryFlipOfEveryTableIsFound(t *testing.T) {
	t.Parallel()
	w := small(t)
	list := flips(t, w)
	for _, f := range list {
		c := w.clone(t)
		c.tamper(t, f.changes)
		if r := c.check(t); len(r.Findings) == 0 {
			t.Errorf("%s: nothing is found", f.name)
		}
	}
	t.Logf("%d flips", len(list))
}

func (w *world) piece(t testing.TB, key string) string {
	t.Helper()
	db := w.database(t, storeDir)
	v, closer, err := db.Get([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	value := string(v)
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return value
}
