package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

func (l *ledger) hashes(t testing.TB, dir string) (*Result, error) {
	t.Helper()
	return Hashes(t.Context(), l.config(t, dir))
}

// hashed demands that nothing is found.
func (l *ledger) hashed(t testing.TB, dir string) *Result {
	t.Helper()
	r, err := l.hashes(t, dir)
	if err != nil || r.Finding != nil || r.Hashed != uint64(l.Shown) || r.Judged != 0 || r.Known != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	return r
}

func TestAnHonestTreeOfAnySizeIsHashed(t *testing.T) {
	l := newLedger().fill(600)
	for _, size := range []int{0, 1, 2, 255, 256, 257, 512, 600} {
		l.Shown = size
		l.hashed(t, "")
	}
}

// tilePaths returns all tiles and bundles of a tree.
func tilePaths(size uint64) (paths []string) {
	for level := -1; level < 0 || size>>(8*level) > 0; level++ {
		for n := uint64(0); tlog.TileWidth(level, n, size) > 0; n++ {
			paths = append(paths, tlog.Tile{Level: level, Index: n, Width: tlog.TileWidth(level, n, size)}.Path())
		}
	}
	return paths
}

// A bit that was changed in any bundle or tile is found, and what an audit finds by
// hashes is found as the same thing at the same place.
func TestEachTamperedBundleAndTileIsFoundByHashes(t *testing.T) {
	l := newLedger().fill(600)
	paths := tilePaths(600)
	if len(paths) != 7 {
		t.Fatalf("%q", paths)
	}
	for _, path := range paths {
		for name, tamper := range map[string]func(b []byte) []byte{
			"first byte after a length": func(b []byte) []byte { b[2] ^= 1; return b },
			"middle":                    flip,
			"last byte":                 func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b },
		} {
			l.Alter = altered(path, func(b []byte) []byte { return tamper(bytes.Clone(b)) })
			r, err := l.hashes(t, "")
			full, fullErr := l.audit(t, t.TempDir())
			switch {
			case err != nil: // the length of an entry was changed
				if fullErr == nil || err.Error() != fullErr.Error() || !strings.Contains(err.Error(), path+": bundle") {
					t.Errorf("%s, %s: %v, and an audit says %v", path, name, err, fullErr)
				}
			case fullErr != nil || r.Finding == nil || r.Finding.Rule != Tree || r.Finding.Evidence != nil:
				t.Errorf("%s, %s: %+v, %v", path, name, r, fullErr)
			case full.Finding == nil: // tiles of leaves, of which an audit compares a few
			case strings.Contains(full.Finding.Reason, "as it is served is not of the tree"):
			case full.Finding.String() != r.Finding.String():
				t.Errorf("%s, %s: %s, and an audit finds %s", path, name, r.Finding, full.Finding)
			}
		}
	}
}

func TestEachTamperedRootIsFoundByHashes(t *testing.T) {
	l := newLedger().fill(600)
	for _, size := range []int{0, 1, 256, 600} {
		l.Shown, l.Root = size, nil
		l.hashed(t, "")
		wrong := tlog.LeafHash([]byte("wrong"))
		l.Root = &wrong
		r, err := l.hashes(t, "")
		if size == 0 && err != nil { // out of form already
			continue
		}
		if err != nil || r.Finding == nil || r.Finding.Rule != Tree || r.Hashed != 0 {
			t.Errorf("size %d: %+v, %v", size, r, err)
		}
	}
}

// Of whatever is wrong the first is found, on any number of cores, however the answers
// come in.
func TestTheFirstBreachInTheLogIsTheOneThatIsFound(t *testing.T) {
	l := newLedger().fill(256 * 5)
	bad := l.Contract(nil).Bytes()
	bad[len(bad)-10] ^= 1 // of a signature
	l.RegisterAt(l.Last+60, bad)
	l.fill(256 * 8)
	later := func(path string, b []byte) []byte {
		for _, n := range []int{3, 4, 6, 7} {
			if path == fmt.Sprintf("tile/entries/%03d", n) {
				return relabel(9)(b)
			}
		}
		return b
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	// A run that ends leaves requests behind, which are still being answered.
	var alter atomic.Pointer[func(string, []byte) []byte]
	l.Alter = func(path string, b []byte) []byte { return (*alter.Load())(path, b) }
	for _, c := range []struct {
		name  string
		alter func(string, []byte) []byte
		run   func(*ledger) (*Result, error)
		rule  rules.Rule
		index uint64
	}{
		{"bundles, by hashes", later, func(l *ledger) (*Result, error) { return l.hashes(t, "") }, Tree, 3*256 + 9},
		{"bundles", later, func(l *ledger) (*Result, error) { return l.audit(t, t.TempDir()) }, Tree, 3*256 + 9},
		{"a signature before a bundle", altered("tile/entries/006", relabel(9)), func(l *ledger) (*Result, error) { return l.audit(t, t.TempDir()) }, rules.Signed, 5 * 256},
	} {
		for cores := 1; cores <= 4; cores++ {
			runtime.GOMAXPROCS(cores)
			alter.Store(&c.alter)
			r, err := c.run(l)
			if err != nil || r.Finding == nil || r.Finding.Rule != c.rule || r.Finding.Index != c.index {
				t.Errorf("%s on %d cores: %+v, %v", c.name, cores, r, err)
			}
		}
	}
}

// second returns the second bundle or tile as it should be.
func (l *ledger) second(path string) (b []byte) {
	if strings.HasPrefix(path, "/tile/0/") {
		return bytes.Clone(must(l.Tile(tlog.Tile{Level: 0, Index: 1, Width: 256})))
	}
	for _, e := range l.Entries[256:512] {
		b = must(tlog.AppendBundle(b, e))
	}
	return b
}

// zeros is an answer without an end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Whatever a server sends instead, it gets an error or a finding, in bounded time and
// memory, and nothing is taken for compared.
func TestALyingServerGetsAnError(t *testing.T) {
	for _, c := range []struct {
		name, path string
		answer     func(w http.ResponseWriter, r *http.Request, honest []byte)
		says       string
	}{
		{"short bundle", "/tile/entries/001", func(w http.ResponseWriter, _ *http.Request, b []byte) { w.Write(b[:len(b)/2]) }, "bundle ends within entry"},
		{"long bundle", "/tile/entries/001", func(w http.ResponseWriter, _ *http.Request, b []byte) { w.Write(append(b, 0)) }, "1 bytes after its 256 entries"},
		{"empty bundle", "/tile/entries/001", func(http.ResponseWriter, *http.Request, []byte) {}, "bundle ends within entry 0"},
		{"short tile", "/tile/0/001", func(w http.ResponseWriter, _ *http.Request, b []byte) { w.Write(b[1:]) }, "8191 bytes, not 8192"},
		{"other bytes", "/tile/entries/001", func(w http.ResponseWriter, _ *http.Request, b []byte) {
			w.Write(bytes.Repeat([]byte("<html>\n"), 1000))
		}, "tile/entries/001: bundle"},
		{"endless bundle", "/tile/entries/001", func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.Copy(w, zeros{}) }, "more than the"},
		{"endless tile", "/tile/0/001", func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.Copy(w, zeros{}) }, "more than the"},
		{"endless edge", "/tile/1/000.p/2", func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.Copy(w, zeros{}) }, "more than the"},
		{"huge length, slow", "/tile/entries/001", func(w http.ResponseWriter, r *http.Request, _ []byte) {
			w.Header().Set("Content-Length", "99999999999")
			drip(w, r)
		}, "no answer"},
		{"slow bundle", "/tile/entries/001", func(w http.ResponseWriter, r *http.Request, _ []byte) { drip(w, r) }, "no answer"},
		{"slow tile", "/tile/0/001", func(w http.ResponseWriter, r *http.Request, _ []byte) { drip(w, r) }, "no answer"},
	} {
		for name, do := range map[string]func(*testing.T, Config) (*Result, error){
			"hashes": func(t *testing.T, cfg Config) (*Result, error) { return Hashes(t.Context(), cfg) },
			"audit":  func(t *testing.T, cfg Config) (*Result, error) { return Run(t.Context(), cfg) },
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					l := newLedger().fill(600)
					cfg := l.config(t, dir)
					cfg.Client = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path != c.path {
							l.ServeHTTP(w, r)
							return
						}
						c.answer(w, r, l.second(c.path))
					}))
					begun := time.Now()
					r, err := do(t, cfg)
					took := time.Since(begun)
					onlyHashes := strings.HasPrefix(c.path, "/tile/0/") && name == "audit"
					if onlyHashes && err == nil { // an audit computes this tile, and may not ask for it
						return
					}
					if err == nil || !strings.Contains(err.Error(), c.says) || r.Hashed > 256 || took > 10*time.Minute {
						t.Errorf("after %s %+v, %v", took, r, err)
					}
				})
			})
		}
	}
}

// drip sends a byte in ten seconds for as long as somebody reads.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte{0}); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select { // of synctest
		case <-time.After(10 * time.Second):
		case <-r.Context().Done():
		}
	}
}

// Memory is that of the bundles on their way, which are few, whatever the log has: nobody
// asks for more before one of them was used.
func TestBundlesOnTheirWayAreBounded(t *testing.T) {
	for name, do := range map[string]func(*testing.T, Config) (*Result, error){
		"hashes": func(t *testing.T, cfg Config) (*Result, error) { return Hashes(t.Context(), cfg) },
		"audit":  func(t *testing.T, cfg Config) (*Result, error) { return Run(t.Context(), cfg) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger().fill(256 * 30)
				cfg := l.config(t, dir)
				most := 0
				cfg.Progress = func(p Progress) {
					if p.Done%2048 == 0 { // a while in which others fetch whatever they may
						time.Sleep(time.Minute)
					}
					most = max(most, l.Asked("tile/entries/")-int(p.Done/256))
				}
				if r, err := do(t, cfg); err != nil || r.Finding != nil {
					t.Fatal(r, err)
				}
				if most > window || most < 2 {
					t.Errorf("%d bundles are on their way, at most %d may be", most, window)
				}
			})
		})
	}
}

// What is kept by hashes alone is the checkpoint: a full audit judges every entry after
// it, and one history is held to.
func TestHashesKeepTheCheckpointAlone(t *testing.T) {
	l := newLedger().fill(300)
	dir := t.TempDir()
	l.hashed(t, dir)
	l.fill(400)
	l.hashed(t, dir)
	s := must(store.OpenCopy(store.Config{Dir: dir, Key: home.Key}))
	if kept, err := s.Kept(); err != nil || kept.Size != 400 || s.Head().Checkpoint.Size != 0 {
		t.Errorf("kept are %d, copied %d: %v", kept.Size, s.Head().Checkpoint.Size, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// An entry that breaks a rule passes, as it should, and a full audit finds it.
	l.Add(l.Entries[7])
	l.hashed(t, dir)
	r, err := l.audit(t, dir)
	if err != nil || r.Known != 0 || r.Judged != 400 || r.Finding == nil || r.Finding.Rule != rules.Once || r.Finding.Index != 400 {
		t.Errorf("%+v, %v", r, err)
	}
	// After it nothing that it has judged is judged again, or lost.
	l.hashed(t, dir)
	if r, err = l.audit(t, dir); err != nil || r.Known != 400 || r.Finding == nil || r.Finding.Index != 400 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestHashesFindASecondHistory(t *testing.T) {
	dir := t.TempDir()
	newLedger().fill(300).hashed(t, dir)
	r, err := rewritten(299, 500).hashes(t, dir)
	if err != nil || r.Finding == nil || r.Finding.Rule != verify.Fork || r.Hashed != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	checkEvidence(t, r.Finding, false)
	l := newLedger().fill(301)
	l.Shown = 200
	if r, err = l.hashes(t, dir); err != nil || r.Finding == nil || r.Finding.Rule != Behind {
		t.Fatalf("%+v, %v", r, err)
	}
	// Where nobody has the tiles any more, it cannot be said which of the two it is.
	if r, err = newLedger().fill(200).hashes(t, dir); err == nil || r.Finding != nil || !strings.Contains(err.Error(), "cannot be said") {
		t.Fatalf("%+v, %v", r, err)
	}
	l.Shown = 301
	l.hashed(t, dir)
}

func TestHashesIntoAFolderThatIsNoStateAreRefused(t *testing.T) {
	l := newLedger().fill(5)
	dir := t.TempDir()
	s := must(store.OpenCopy(store.Config{Dir: dir, Key: home.Key}))
	if r, err := l.hashes(t, dir); r != nil || !errors.Is(err, ErrHeld) {
		t.Errorf("%+v, %v", r, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkHashes compares a whole log by its hashes, from the server in this process.
func BenchmarkHashes(b *testing.B) {
	l := newLedger().fill(benchEntries)
	cfg := l.config(b, "")
	for b.Loop() {
		if r, err := Hashes(b.Context(), cfg); err != nil || r.Finding != nil || r.Hashed != benchEntries {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(benchEntries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
