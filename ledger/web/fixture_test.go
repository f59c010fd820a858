package web

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const epoch = 1_790_000_000 // when every test begins, POSIX seconds: in September 2026

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A signer is a key with its secret, made from its name and nothing else.
type signer struct {
	note.Key
	secret ed25519.PrivateKey
}

func newSigner(name string) signer {
	seed := sha256.Sum256([]byte("web test " + name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public := must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))
	return signer{must(note.NewKey(name, note.Ed25519, public)), secret}
}

func (s signer) sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

var (
	home   = newSigner("ledger.example/log")
	maker  = newSigner("maker.example")
	buyer  = newSigner("buyer.example")
	deputy = newSigner("deputy.example")
	policy = []byte("log " + home.String() + "\nquorum none\n")
)

func draft(n uint64, change func(t *record.Text)) *record.Record {
	text := &record.Text{
		Kind: record.Contract, Ledger: home.Key, Made: epoch - 60, SignBy: epoch + 86400,
		Parties: []record.Party{
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{maker.Key}},
			{Role: "buyer", Threshold: 1, Keys: []note.Key{buyer.Key, deputy.Key}},
		},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	}
	binary.BigEndian.PutUint64(text.Nonce[8:], n)
	if change != nil {
		change(text)
	}
	return must(record.New(text))
}

func sealed(r *record.Record, signers ...signer) *record.Record {
	for _, s := range signers {
		r = must(r.Sign(s.Public(), s.sign))
	}
	return r
}

// contract returns contract number n, complete.
func contract(n uint64) *record.Record { return sealed(draft(n, nil), maker, buyer) }

func revocation(s signer) *record.Record {
	text := &record.Text{Kind: record.Revocation, Ledger: home.Key, Made: epoch - 60, Key: s.Key, Reason: "lost"}
	return sealed(must(record.New(text)), s)
}

// A world is a ledger with its HTTP interface, in memory.
type world struct {
	t     testing.TB
	clock func() time.Time
	unix  atomic.Int64 // its clock
	log   *ledger.Log
	h     *Handler
	lines *logged
}

// logged keeps what a logger writes.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newWorld makes a ledger in a directory of fs, nil for the disk.
func newWorld(t testing.TB, change func(cfg *ledger.Config), dir string, fs vfs.FS) *world {
	t.Helper()
	w := &world{t: t, lines: new(logged)}
	w.unix.Store(epoch)
	w.clock = func() time.Time { return time.Unix(w.unix.Load(), 0) }
	cfg := ledger.Config{Sign: home.sign, Policy: policy, Clock: w.clock}
	sc, gc := store.Config{Dir: dir, FS: fs, Key: home.Key}, store.GuardConfig{Dir: dir + "-guard", FS: fs, Key: home.Key}
	if err := ledger.Create(sc, gc, cfg); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(sc)
	if err != nil {
		t.Fatal(err)
	}
	g, err := store.OpenGuard(gc)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store, cfg.Guard = s, g
	if change != nil {
		change(&cfg)
	}
	if w.log, err = ledger.Open(cfg); err != nil {
		t.Fatal(err)
	}
	w.h, err = New(Config{Key: home.Key, View: w.log.View, Log: w.log, Clock: w.clock, Checks: 2, Policy: policy, URL: "https://ledger.example/",
		Logger: slog.New(slog.NewTextHandler(w.lines, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.log.Close()
		_ = g.Close()
		_ = s.Close()
	})
	return w
}

func open(t testing.TB) *world {
	t.Helper()
	return newWorld(t, nil, "ledger", vfs.NewMem())
}

// add registers records without HTTP.
func (w *world) add(records ...*record.Record) *world {
	w.t.Helper()
	var wg sync.WaitGroup
	for _, r := range records {
		// All at once: a batch for each would have each wait for its own sync.
		wg.Go(func() {
			if _, err := w.log.Append(w.t.Context(), r); err != nil {
				w.t.Error(err)
			}
		})
	}
	wg.Wait()
	return w
}

func contracts(n int) []*record.Record {
	list := make([]*record.Record, n)
	for i := range list {
		list[i] = contract(uint64(i))
	}
	return list
}

func (w *world) do(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	return rec.Result()
}

// get asks for a path as it is written, and header fields in pairs.
func (w *world) get(method, path string, header ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return w.do(r)
}

func (w *world) post(b []byte) *http.Response {
	r := httptest.NewRequest("POST", "/records", bytes.NewReader(b))
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	return w.do(r)
}

func read(t testing.TB, resp *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := resp.Header.Get("Content-Length"); n != fmt.Sprint(len(b)) {
		t.Errorf("Content-Length %s, the body has %d", n, len(b))
	}
	return b
}

// wantProblem says whether an answer is a problem of that status and rule, with
// nothing of the header of what it stands for.
func wantProblem(t testing.TB, resp *http.Response, status int, rule, detail string) {
	t.Helper()
	wantProblemOf(t, "about:blank", resp, status, rule, detail)
}

// wantProblemOf says the same of a problem of that type.
func wantProblemOf(t testing.TB, typ string, resp *http.Response, status int, rule, detail string) {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Type, Title, Detail, Rule string
		Status                    int
	}
	h := resp.Header
	if err := json.Unmarshal(b, &p); err != nil || resp.StatusCode != status {
		t.Fatalf("status %d, want %d: %s, %v", resp.StatusCode, status, b, err)
	}
	if p.Type != typ || p.Title != http.StatusText(status) || p.Status != status || p.Rule != rule || !strings.Contains(p.Detail, detail) {
		t.Errorf("problem %+v, want %d, rule %q, %q", p, status, rule, detail)
	}
	if h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("status %d has the header %v", status, h)
	}
	for _, name := range []string{"Content-Encoding", "Vary", "Location", "Etag", "Expires", "Last-Modified"} {
		if h.Get(name) != "" {
			t.Errorf("status %d has the header %v", status, h)
		}
	}
	if unavailable := status == 429 || status == 503; unavailable != (h.Get("Retry-After") != "") {
		t.Errorf("status %d has Retry-After %q", status, h.Get("Retry-After"))
	}
	if (status == 405) != (h.Get("Allow") != "") {
		t.Errorf("status %d has Allow %q", status, h.Get("Allow"))
	}
}

// wantReceipt says whether an answer is a receipt that holds, for this record.
func wantReceipt(t testing.TB, resp *http.Response, status int, id record.ID) *verify.Registration {
	t.Helper()
	b := must(io.ReadAll(resp.Body))
	if resp.StatusCode != status || resp.Header.Get("Location") != "/records/"+id.String() || resp.Header.Get("Content-Type") != plainText {
		t.Fatalf("status %d, want %d: %v %s", resp.StatusCode, status, resp.Header, b)
	}
	reg, err := verify.Receipt(must(verify.ParsePolicy(policy)), b)
	if err != nil || reg.Record.ID() != id {
		t.Fatalf("receipt: %v", err)
	}
	return reg
}

// checkLog reads the whole log back over HTTP, and computes its root again.
func (w *world) checkLog() [][]byte {
	w.t.Helper()
	c := must(tlog.ParseSignedCheckpoint(read(w.t, w.get("GET", "/checkpoint"))))
	if _, err := must(verify.ParsePolicy(policy)).Checkpoint(c); err != nil {
		w.t.Fatal(err)
	}
	tree := tlog.NewTree()
	var entries [][]byte
	for i := uint64(0); i*tlog.MaxWidth < c.Size; i++ {
		width := tlog.TileWidth(-1, i, c.Size)
		b := read(w.t, w.get("GET", "/"+tlog.Tile{Level: -1, Index: i, Width: width}.Path()))
		for _, e := range must(tlog.ParseBundle(b, width)) {
			tree.Append(tlog.LeafHash(e), nil)
			entries = append(entries, e)
		}
	}
	if tree.Size() != c.Size || tree.Root() != c.Root {
		w.t.Fatalf("checkpoint of size %d: root %s, the entries give %s", c.Size, c.Root, tree.Root())
	}
	return entries
}
