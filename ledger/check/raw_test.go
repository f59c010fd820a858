package check_test

import (
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// contents returns a file.
func (w *world) contents(t testing.TB, name string) []byte {
	t.Helper()
	f, err := w.fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// flipFile changes a bit of a file.
func (w *world) flipFile(t testing.TB, name string, at int) {
	t.Helper()
	b := flipped(string(w.contents(t, name)), at)
	f, err := w.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A filePlace is a byte of a file.
type filePlace struct {
	name string
	kind string // of the file
	at   int
}

// places returns bytes of every file of the store and the guard: the first and the last
// few, and n others.
func (w *world) places(t testing.TB, n int) (list []filePlace) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 0))
	kinds := make(map[string]bool)
	for _, dir := range []string{storeDir, guardDir} {
		names, err := w.fs.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			kind := name[strings.LastIndexByte(name, '.')+1:]
			kind, _, _ = strings.Cut(kind, "-")
			kinds[kind] = true
			name = w.fs.PathJoin(dir, name)
			size := len(w.contents(t, name))
			for i := range min(size, n+6) {
				at := random.IntN(size)
				if i < 3 {
					at = i
				} else if i < 6 {
					at = size - i + 2
				}
				list = append(list, filePlace{name, dir + kind, at})
			}
		}
	}
	for _, kind := range []string{"sst", "log", "MANIFEST", "OPTIONS", "0", "1"} {
		if !kinds[kind] {
			t.Errorf("there is no file of the kind %s: %v", kind, kinds)
		}
	}
	return thinned(t, list, func(p filePlace) string { return p.kind })
}

// reopened returns a world whose database has tables and a log of writes.
func reopened(t testing.TB, log int) *world {
	t.Helper()
	entries := history(t, 1003, 300)
	w := newWorld(t, entries[:log], 7, 1<<30)
	w.log = entries[:log+2]
	r, err := w.start()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries[log : log+2] {
		if a := r.ask("POST", "/records", e.Record.Bytes()); a.Code != 201 {
			t.Fatal(a.Code, a.Body)
		}
	}
	r.stop(t)
	return w
}

func TestAFlippedBitOfAnyFileIsFoundOrChangesNothing(t *testing.T) {
	t.Parallel()
	w := reopened(t, 40)
	want := w.dump(t, storeDir)
	found, same := 0, make(map[string]int)
	for _, p := range w.places(t, 40) {
		c := w.clone(t)
		c.flipFile(t, p.name, p.at)
		known, err := store.ReadGuard(c.guard())
		if err != nil {
			t.Fatal(err)
		}
		r, err := check.Run(t.Context(), check.Config{Store: c.store(), Known: known, State: stateDir})
		if err != nil || len(r.Findings) > 0 {
			found++
			continue
		}
		kind := p.name[:strings.IndexByte(p.name, '/')+4]
		if same[kind]++; !maps.Equal(c.dump(t, storeDir), want) || strings.HasSuffix(p.name, ".sst") || strings.HasPrefix(p.name, guardDir) {
			t.Errorf("%s, byte %d: nothing is found", p.name, p.at)
		}
	}
	t.Logf("%d flips are found; of no consequence: %v", found, same)
}

func TestWithAFlippedBitOfAnyFileNothingWrongIsServed(t *testing.T) {
	t.Parallel()
	w := reopened(t, 40)
	right := questions(t, w)
	refused, stopped, served := 0, 0, 0
	for i, p := range w.places(t, 24) {
		c := w.clone(t)
		c.flipFile(t, p.name, p.at)
		r, err := c.start()
		if err != nil {
			if refused++; err.Error() == "" {
				t.Errorf("%s, byte %d: %v", p.name, p.at, err)
			}
			continue
		}
		for j, q := range right {
			if (i+j)%ask != 0 {
				continue
			}
			if wrong := r.wrong(q); wrong != "" {
				t.Errorf("%s, byte %d: %s", p.name, p.at, wrong)
			}
		}
		// Whoever merges files reads them whole, and a ledger whose files cannot be
		// merged ends, with the file's name.
		if err := r.store.Err(); err != nil {
			if stopped++; !strings.Contains(err.Error(), strings.TrimSuffix(path.Base(p.name), ".sst")) {
				t.Errorf("%s, byte %d: the store failed: %v", p.name, p.at, err)
			}
			if err := errors.Join(r.log.Close(), r.guard.Close(), r.store.Close()); !errors.Is(err, r.store.Err()) {
				t.Errorf("%s, byte %d: closed with %v", p.name, p.at, err)
			}
			continue
		}
		served++
		r.stop(t)
	}
	t.Logf("%d flips with which nothing starts, %d that end the ledger when files are merged, %d with which nothing wrong is served", refused, stopped, served)
}
