package audit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// altered answers one path with something else.
func altered(path string, f func(b []byte) []byte) func(string, []byte) []byte {
	return func(asked string, b []byte) []byte {
		if asked != path {
			return b
		}
		return f(b)
	}
}

func flip(b []byte) []byte {
	b[len(b)/2] ^= 1
	return b
}

// relabel changes the time of entry number n of a bundle by a second, which breaks no
// rule.
func relabel(n int) func(b []byte) []byte {
	return func(b []byte) []byte {
		entries := must(tlog.ParseBundle(b, 256))
		e := must(record.ParseEntry(entries[n]))
		e.Registered++
		entries[n] = e.Bytes()
		var out []byte
		for _, e := range entries {
			out = must(tlog.AppendBundle(out, e))
		}
		return out
	}
}

func garble(n int) func(b []byte) []byte {
	return func(b []byte) []byte {
		entries := must(tlog.ParseBundle(b, 256))
		var out []byte
		for i, e := range entries {
			if i == n {
				e = []byte("garbage")
			}
			out = must(tlog.AppendBundle(out, e))
		}
		return out
	}
}

// Nobody can be shown to have signed what was only served. It is found, at its place,
// and no evidence accuses the ledger of it.
func TestWhatWasNotSignedIsFoundWithoutEvidence(t *testing.T) {
	wrong := tlog.LeafHash([]byte("wrong"))
	for _, c := range []struct {
		name   string
		alter  func(path string, b []byte) []byte
		root   *tlog.Hash
		rule   rules.Rule
		index  uint64
		judged uint64
		reason string
	}{
		{"bundle that lies about an entry", altered("tile/entries/001", relabel(7)), nil, Tree, 263, 256, "entry 263 as it is served has the leaf hash"},
		{"bundle that makes an entry garbage", altered("tile/entries/001", garble(255)), nil, Tree, 511, 256, "entry 511 as it is served"},
		{"last bundle", altered("tile/entries/002.p/88", func(b []byte) []byte { b[2] ^= 1; return b }), nil, Tree, 512, 512, "entry 512 as it is served"},
		{"wrong root", nil, &wrong, Tree, 0, 0, "the tiles at the right edge of the tree of 600 entries give the root"},
		{"wrong tile at the edge", altered("tile/1/000.p/2", flip), nil, Tree, 0, 0, "the tiles at the right edge"},
		{"wrong whole tile", altered("tile/0/001", flip), nil, Tree, 256, 600, "tile/0/001 as it is served is not of the tree"},
		{"contract that should be in force", statusOf("replaced"), nil, Status, 0, 600, "the ledger says that it is replaced by"},
		{"contract since another day", func(path string, b []byte) []byte {
			if strings.HasPrefix(path, "contracts/") {
				b = bytes.Replace(b, []byte("2026-0"), []byte("2025-0"), 1)
			}
			return b
		}, nil, Status, 0, 600, "in force since 2025-0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLedger().fill(600)
			l.Alter, l.Root = c.alter, c.root
			r, err := l.audit(t, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			f := r.Finding
			if f == nil || f.Rule != c.rule || !strings.Contains(f.Reason, c.reason) || c.rule == Tree && f.Index != c.index || r.Judged != c.judged {
				t.Fatalf("%d are judged, finding %+v", r.Judged, f)
			}
			if f.Evidence != nil || f.String() != string(c.rule)+": "+f.Reason {
				t.Errorf("%s", f)
			}
		})
	}
}

func statusOf(standing string) func(path string, b []byte) []byte {
	return func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "contracts/") {
			b = bytes.Replace(b, []byte(`"in force"`), []byte(`"`+standing+`"`), 1)
		}
		return b
	}
}

func TestContractThatTheLedgerDeniesIsFound(t *testing.T) {
	l := newLedger().fill(5)
	l.State = new(rules.Memory)
	r, err := l.audit(t, t.TempDir())
	if err != nil || r.Finding == nil || r.Finding.Rule != Status || !strings.Contains(r.Finding.Reason, "the ledger says that it is not registered") {
		t.Error(r.Finding, err)
	}
}

func TestStatusOfAllKindsIsCompared(t *testing.T) {
	l := newLedger()
	c := l.Register(l.Contract(nil))
	l.Register(l.Under(record.Statement, c, func(t *record.Text) { t.About = rules.AboutDispute }, maker))
	replaced := l.Register(l.Contract(nil))
	l.Register(signed(l.Amendment(replaced), maker, buyer))
	ended := l.Register(l.Contract(nil))
	l.Register(l.Under(record.Termination, ended, nil, maker, buyer))
	l.Register(l.Revocation(other))
	if r := l.clean(t, t.TempDir()); r.Contracts != 4 {
		t.Errorf("%d contracts are compared", r.Contracts)
	}
	l.Alter = func(path string, b []byte) []byte {
		return bytes.Replace(b, []byte(`"disputes":["`), []byte(`"disputes":[],"hidden":["`), 1)
	}
	r, err := l.audit(t, t.TempDir())
	if err != nil || r.Finding == nil || r.Finding.ID != c.ID() || !strings.Contains(r.Finding.Reason, "by its log it is in force since 2026-03-01, with 1 open disputes") {
		t.Error(r.Finding, err)
	}
}

// rewritten returns a ledger with the same key whose entries from index on are others.
func rewritten(from, size int) *ledger {
	l := newLedger().fill(from)
	l.Last++
	return l.fill(size)
}

func TestForkIsProvedByTwoCheckpoints(t *testing.T) {
	for _, c := range []struct {
		name              string
		before, from, now int
	}{
		{"of the same size", 300, 299, 300},
		{"that went on", 300, 20, 700},
		{"by one", 300, 299, 301},
		{"that went back", 300, 100, 200},
		{"from the first entry on", 3, 0, 3},
		{"of which one entry is left", 3, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			newLedger().fill(c.before).clean(t, dir)
			r, err := rewritten(c.from, c.now).audit(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			if r.Finding == nil || r.Finding.Rule != verify.Fork || r.Judged != uint64(c.before) || r.Finding.Index != uint64(min(c.before, c.now)) {
				t.Fatalf("finding %+v", r.Finding)
			}
			checkEvidence(t, r.Finding, false)
			// And the old history is still the one that is kept.
			newLedger().fill(c.before+1).clean(t, dir)
		})
	}
}

// An old checkpoint is signed for ever, and proves nothing to others.
func TestOldCheckpointIsNoFork(t *testing.T) {
	dir := t.TempDir()
	l := newLedger().fill(300)
	l.clean(t, dir)
	l.Shown = 200
	r, err := l.audit(t, dir)
	if err != nil || r.Finding == nil || r.Finding.Rule != Behind || r.Finding.Evidence != nil || r.Judged != 300 ||
		!strings.Contains(r.Finding.String(), "behind: the ledger shows a checkpoint of 200 entries, and has signed one of 300 before") {
		t.Error(r.Finding, err)
	}
}

// Where the first audit was cut short, the copy cannot say what the ledger signed.
func TestForkIsProvedAlsoAfterAnInterruptedAudit(t *testing.T) {
	dir := t.TempDir()
	l := newLedger().fill(600)
	l.Fails = func(path string) bool { return path == "tile/entries/001" }
	ctx, cancel := context.WithCancel(t.Context())
	cfg := l.config(t, dir)
	cfg.Progress = func(Progress) { cancel() }
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	l.Fails = nil
	l.Shown = 500
	if r, err := l.audit(t, dir); err != nil || r.Finding == nil || r.Finding.Rule != Behind {
		t.Error(r.Finding, err)
	}
	r, err := rewritten(400, 500).audit(t, dir)
	if r.Finding != nil || err == nil || !strings.Contains(err.Error(), "whether it is an old one cannot be said") {
		t.Error(r.Finding, err)
	}
	r, err = rewritten(400, 700).audit(t, dir)
	if err != nil || r.Finding == nil || r.Finding.Rule != verify.Fork {
		t.Fatal(r.Finding, err)
	}
	checkEvidence(t, r.Finding, false)
}

func TestInterruptedAuditGoesOnWhereItStopped(t *testing.T) {
	l := newLedger().fill(1300)
	for bundles := 1; bundles <= 5; bundles++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cfg := l.config(t, dir)
		n := 0
		cfg.Progress = func(p Progress) {
			if n++; n == bundles {
				cancel()
			}
			if p.First != 0 || p.Done != uint64(n*256) || p.Size != 1300 {
				t.Errorf("progress %+v after %d bundles", p, n)
			}
		}
		r, err := Run(ctx, cfg)
		if !errors.Is(err, context.Canceled) || r.Judged != uint64(bundles*256) {
			t.Fatalf("%d bundles: %d judged, %v", bundles, r.Judged, err)
		}
		judged := r.Judged
		l.Forget()
		if r = l.clean(t, dir); r.Known != judged {
			t.Errorf("%d were judged, and the second audit began at %d", judged, r.Known)
		}
		if got, want := l.Asked("tile/entries/"), 6-int(judged/256); got != want {
			t.Errorf("after %d entries %d bundles are fetched, want %d", judged, got, want)
		}
	}
}

func TestLaterAuditFetchesOnlyWhatIsNew(t *testing.T) {
	l := newLedger().fill(700)
	dir := t.TempDir()
	for _, c := range []struct{ size, bundles int }{{700, 3}, {700, 0}, {701, 1}, {768, 1}, {768, 0}, {769, 1}, {1300, 3}} {
		l.fill(c.size)
		l.Forget()
		l.clean(t, dir)
		if n := l.Asked("tile/entries/"); n != c.bundles {
			t.Errorf("at size %d %d bundles are fetched, want %d", c.size, n, c.bundles)
		}
	}
}

func TestEmptyLedgerIsAudited(t *testing.T) {
	l := newLedger()
	if r := l.clean(t, t.TempDir()); r.Judged != 0 || r.Finding != nil {
		t.Error(r)
	}
	wrong := tlog.LeafHash(nil)
	l.Root = &wrong
	if r, err := l.audit(t, t.TempDir()); err == nil && (r.Finding == nil || r.Finding.Rule != Tree) {
		t.Error(r.Finding, err)
	}
}

// Whatever a server does, an audit ends, and says that it could not judge.
func TestServerThatGivesNoAnswerIsGivenUp(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(l *ledger) http.HandlerFunc
		want  string
	}{
		{"nothing works", func(l *ledger) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		}, "502 Bad Gateway"},
		{"bundles that never end", onBundles(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}), "more than the 16777472 bytes that are allowed"},
		{"bundles that come byte by byte", onBundles(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte("a"))
				w.(http.Flusher).Flush()
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
				}
			}
		}), "no answer in 6 tries"},
		{"bundles that are errors", onBundles(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }), "no answer in 6 tries"},
		{"bundles that are none", onBundles(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>welcome</html>") }), "bundle ends within entry 0"},
		{"bundles that are not there", onBundles(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }), "404 Not Found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			l := newLedger().fill(300)
			synctest.Test(t, func(t *testing.T) {
				cfg := l.config(t, dir)
				cfg.Client = serve(t, c.serve(l))
				r, err := Run(t.Context(), cfg)
				if err == nil || r.Finding != nil || r.Judged != 0 || !strings.Contains(err.Error(), c.want) {
					t.Errorf("finding %v, error %v; want %q", r.Finding, err, c.want)
				}
			})
		})
	}
}

func onBundles(h http.HandlerFunc) func(l *ledger) http.HandlerFunc {
	return func(l *ledger) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/tile/entries/") {
				h(w, r)
				return
			}
			l.ServeHTTP(w, r)
		}
	}
}

// c2sp.org/tlog-tiles: a partial tile may be gone once the whole is there.
func TestPartialTilesMayBeGone(t *testing.T) {
	l := newLedger().fill(900)
	l.Shown = 600
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "tile/0/002.p/") || strings.Contains(r.URL.Path, "entries/002.p/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		l.ServeHTTP(w, r)
	}))
	cfg := l.config(t, t.TempDir())
	cfg.Client = c
	if r, err := Run(t.Context(), cfg); err != nil || r.Finding != nil || r.Judged != 600 {
		t.Error(r, err)
	}
}

// One try that fails is not the end.
func TestAnswerIsAskedForAgain(t *testing.T) {
	l := newLedger().fill(300)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var failed sync.Map
		l.Fails = func(path string) bool {
			_, again := failed.LoadOrStore(path, true)
			return strings.HasPrefix(path, "tile/") && !again
		}
		cfg := l.config(t, dir)
		if r, err := Run(t.Context(), cfg); err != nil || r.Judged != 300 {
			t.Error(r, err)
		}
	})
}
