package replica

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

// begin is when the first entry is registered: 2026-03-01T09:00:00Z. Every other comes a
// minute after the one before.
const begin = 1_772_355_600

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A signer is a key with its secret, made from its name and a number.
type signer struct {
	note.Key
	secret ed25519.PrivateKey
}

func newSigner(name string, n uint64) signer {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name), n))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public := must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))
	return signer{must(note.NewKey(name, note.Ed25519, public)), secret}
}

var (
	home  = newSigner("ledger.example", 0)
	seer  = must(witnesstest.New("w.example", home.Key, time.Now)) // its Cosign takes any time
	trust = must(verify.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum none\n", home)))
	seen  = must(verify.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness w %s\nquorum w\n", home, seer.Key)))
)

// revocation returns a record of its own for each number.
func revocation(n uint64) *record.Record {
	k := newSigner("key.example", n)
	r := must(record.New(&record.Text{Kind: record.Revocation, Ledger: home.Key, Made: begin, Key: k.Key, Reason: "lost"}))
	return must(r.Sign(k.Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(k.secret, m), nil }))
}

// A liar is a ledger that serves whatever it is told to have. It is the transport of
// its clients, so that there is no network.
type liar struct {
	entries [][]byte
	sizes   []tlog.Tree // by size
	hashes  map[int][]byte
	last    int64
	shown   int                         // size of the checkpoint that is served
	at      int64                       // when the witness cosigns what is served; 0 for never
	answer  func(path string) *response // nil for what it has; nothing else is asked then
	mu      sync.Mutex
	asked   map[string]int
	extra   []byte // lines beneath its checkpoint
}

type response struct {
	status int
	body   io.Reader
}

func newLiar(size int) *liar {
	l := &liar{sizes: make([]tlog.Tree, 1), hashes: make(map[int][]byte), last: begin, asked: make(map[string]int)}
	return l.grow(size)
}

// twin returns another that has the same first entries.
func (l *liar) twin(size int) *liar {
	t := newLiar(0)
	for _, e := range l.entries[:size] {
		t.add(e)
	}
	t.last = l.last
	return t
}

// add appends an entry, whatever it is.
func (l *liar) add(entry []byte) {
	tree := l.sizes[len(l.sizes)-1]
	tree.Append(tlog.LeafHash(entry), func(level int, _ uint64, h tlog.Hash) { l.hashes[level] = append(l.hashes[level], h[:]...) })
	l.entries, l.sizes, l.shown = append(l.entries, entry), append(l.sizes, tree), len(l.entries)+1
}

func (l *liar) register(r *record.Record) {
	l.last += 60
	l.add(record.Entry{Registered: l.last, Record: r.Bytes()}.Bytes())
}

func (l *liar) grow(size int) *liar {
	for len(l.entries) < size {
		l.register(revocation(uint64(len(l.entries))))
	}
	return l
}

func (l *liar) checkpoint(size int) []byte {
	c := tlog.Checkpoint{Origin: home.Name(), Size: uint64(size), Root: l.sizes[size].Root()}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{home.Signature(ed25519.Sign(home.secret, c.Text()))}}
	b := n.Bytes()
	if l.at != 0 {
		b = append(b, seer.Cosign(c, time.Unix(l.at, 0))...)
	}
	return append(b, l.extra...)
}

func (l *liar) has(path string) []byte {
	if path == "checkpoint" {
		return l.checkpoint(l.shown)
	}
	t, err := tlog.ParseTilePath(path)
	if err != nil || tlog.TileWidth(max(t.Level, -1), t.Index, uint64(len(l.entries))) < t.Width {
		return nil
	}
	if t.Level >= 0 {
		return l.hashes[t.Level][t.Index*tlog.MaxWidth*tlog.HashSize:][:t.Width*tlog.HashSize]
	}
	var b []byte
	for _, e := range l.entries[t.Index*tlog.MaxWidth:][:t.Width] {
		b = must(tlog.AppendBundle(b, e))
	}
	return b
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[path]++
	var a *response
	if l.answer != nil {
		a = l.answer(path)
	}
	if a == nil {
		b := l.has(path)
		a = &response{http.StatusOK, bytes.NewReader(b)}
		if b == nil {
			a.status = http.StatusNotFound
		}
	}
	return &http.Response{StatusCode: a.status, Header: make(http.Header), Body: io.NopCloser(a.body), Request: r}, nil
}

// A bench is a copy, with what it said.
type bench struct {
	*Replica
	store *store.Store
	dir   string
	log   *bytes.Buffer

	closed bool
}

// copyDir is where the copy is: beside the evidence, or in a file system of its own.
func copyDir(files vfs.FS, dir string) string {
	if files == vfs.Default {
		return filepath.Join(dir, "store")
	}
	return "copy"
}

// follow opens a copy of what l shows, in files.
func follow(t testing.TB, l http.RoundTripper, p *verify.Policy, files vfs.FS, dir string) *bench {
	t.Helper()
	s, err := store.OpenCopy(store.Config{Dir: copyDir(files, dir), FS: files, Key: home.Key})
	if err != nil {
		t.Fatal(err)
	}
	c := must(client.New(client.Config{URL: "http://ledger.example", Policy: p, HTTP: &http.Client{Transport: l}}))
	b := &bench{store: s, dir: dir, log: new(bytes.Buffer)}
	if b.Replica, err = Open(Config{
		Client: c, Policy: p, Store: s, Dir: dir, Clock: time.Now, Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.close(t) })
	return b
}

func (b *bench) close(t testing.TB) {
	t.Helper()
	if b.closed {
		return
	}
	b.closed = true
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
}

// shows demands that the copy shows what l showed at a size, to the byte, and that all
// of it is there.
func (b *bench) shows(t testing.TB, l *liar, size int) {
	t.Helper()
	v := b.View()
	if v == nil {
		t.Fatal("the copy shows nothing")
	}
	if got, want := v.Checkpoint().Bytes(), l.checkpoint(size); !bytes.Equal(got, want) {
		t.Fatalf("the copy shows\n%s\nwant\n%s", got, want)
	}
	if past := b.Past().Checkpoints(); len(past) == 0 || !bytes.Equal(past[0].Bytes(), v.Checkpoint().Bytes()) {
		t.Fatalf("the copy remembers that it showed %v", past)
	}
	tree := tlog.NewTree()
	for i := range size {
		e, err := v.Entry(uint64(i))
		if err != nil || !bytes.Equal(e, l.entries[i]) {
			t.Fatalf("entry %d: %q, %v", i, e, err)
		}
		tree.Append(tlog.LeafHash(e), nil)
	}
	root, err := tlog.Root(v.Tile, uint64(size))
	if err != nil || root != tree.Root() {
		t.Fatalf("root %s, want %s: %v", root, tree.Root(), err)
	}
	if size > 0 {
		if _, err := v.Receipt(uint64(size - 1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Entry(uint64(size)); err == nil {
		t.Fatalf("entry %d is shown", size)
	}
}

// turn makes one that has to go well.
func (b *bench) turn(t testing.TB) {
	t.Helper()
	if err := b.Turn(context.Background()); err != nil {
		t.Fatal(err)
	}
}
