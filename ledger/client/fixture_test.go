package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

const now = 1_790_000_000 // POSIX seconds, in 2026

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

func newSigner(name string, typ note.Type) signer {
	seed := sha256.Sum256([]byte("client test " + name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public := must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))
	return signer{must(note.NewKey(name, typ, public)), secret}
}

func (s signer) sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

// A fakeLog is a log in memory that proves whatever it is told to.
type fakeLog struct {
	signer
	witness *signer // cosigns at the time now where there is one
	entries [][]byte
	sizes   []tlog.Tree // by size
	hashes  map[int][]byte
}

func newLog(name string) *fakeLog {
	return &fakeLog{signer: newSigner(name, note.Ed25519), sizes: []tlog.Tree{tlog.NewTree()}, hashes: make(map[int][]byte)}
}

// contract returns a contract of two parties for this log, signed by both.
func (l *fakeLog) contract(n int) *record.Record {
	maker, buyer := newSigner("maker.example", note.Ed25519), newSigner("buyer.example", note.Ed25519)
	r := must(record.New(&record.Text{
		Kind: record.Contract, Ledger: l.Key, Made: now - 60, SignBy: now + 86400, Nonce: [16]byte{15: byte(n), 14: byte(n >> 8)},
		Parties: []record.Party{
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{maker.Key}},
			{Role: "buyer", Threshold: 1, Keys: []note.Key{buyer.Key}},
		},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	}))
	for _, s := range []signer{maker, buyer} {
		r = must(r.Sign(s.Public(), s.sign))
	}
	return r
}

func (l *fakeLog) add(r []byte) uint64 {
	entry := record.Entry{Registered: now, Record: r}.Bytes()
	tree := l.sizes[len(l.sizes)-1]
	tree.Append(tlog.LeafHash(entry), func(level int, _ uint64, h tlog.Hash) {
		l.hashes[level] = append(l.hashes[level], h[:]...)
	})
	l.entries, l.sizes = append(l.entries, entry), append(l.sizes, tree)
	return uint64(len(l.entries) - 1)
}

func (l *fakeLog) size() int { return len(l.entries) }

func (l *fakeLog) tile(t tlog.Tile) ([]byte, error) {
	start := int(t.Index) * tlog.MaxWidth * tlog.HashSize
	return l.hashes[t.Level][start : start+t.Width*tlog.HashSize], nil
}

func (l *fakeLog) checkpoint(size int) tlog.SignedCheckpoint {
	tree := l.sizes[size]
	c := tlog.Checkpoint{Origin: l.Name(), Size: uint64(size), Root: tree.Root()}
	text := c.Text()
	n := note.Note{Text: text, Signatures: []note.Signature{l.Signature(ed25519.Sign(l.secret, text))}}
	if l.witness != nil {
		sig := ed25519.Sign(l.witness.secret, note.CosignatureMessage(text, now))
		n.Signatures = append(n.Signatures, l.witness.Signature(note.CosignatureBytes(now, sig)))
	}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

func (l *fakeLog) proof(index uint64) tlog.Proof {
	size := l.size()
	hashes := must(tlog.InclusionProof(l.tile, index, uint64(size)))
	return tlog.Proof{Extra: l.entries[index], Index: index, Hashes: hashes, Checkpoint: l.checkpoint(size)}
}

func (l *fakeLog) consistency(old int) []byte {
	hashes := must(tlog.ConsistencyProof(l.tile, uint64(old), uint64(l.size())))
	return tlog.Consistency{Old: uint64(old), Hashes: hashes, Checkpoint: l.checkpoint(l.size())}.Bytes()
}

// policy trusts these logs alone.
func policy(logs ...*fakeLog) *verify.Policy {
	var b strings.Builder
	quorum := "none"
	for _, l := range logs {
		fmt.Fprintf(&b, "log %s\n", l.Key)
		if l.witness != nil {
			fmt.Fprintf(&b, "witness %s %s\n", l.witness.Name(), l.witness.Key)
			quorum = l.witness.Name()
		}
	}
	return must(verify.ParsePolicy([]byte(b.String() + "quorum " + quorum + "\n")))
}

// A pipes is a network of its own, without addresses or ports: everything that is
// dialed is one server.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve starts a server, and returns an HTTP client to which every host is it.
func serve(t testing.TB, h http.Handler) *http.Client {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(p)
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &http.Client{Transport: transport}
}

// client returns a client of l, which h plays.
func (l *fakeLog) client(t testing.TB, h http.Handler) *Client {
	t.Helper()
	return must(New(Config{URL: "http://ledger.example/l", Policy: policy(l), HTTP: serve(t, h)}))
}

// body answers everything with a status and bytes.
func body(status int, b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write(b)
	}
}

// recorded answers everything, and keeps the method and path of what was asked.
func recorded(h http.HandlerFunc) (http.HandlerFunc, func() []string) {
	var mu sync.Mutex
	var asked []string
	return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, r.Method+" "+r.URL.RequestURI())
			mu.Unlock()
			h(w, r)
		}, func() []string {
			mu.Lock()
			defer mu.Unlock()
			return asked
		}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func TestFixtureProves(t *testing.T) {
	l := newLog("ledger.example/log")
	for i := range 300 {
		l.add(l.contract(i).Bytes())
	}
	if _, err := verify.Receipt(policy(l), l.proof(257).Bytes()); err != nil {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	body(http.StatusTeapot, []byte("x"))(w, nil)
	if w.Code != http.StatusTeapot || !bytes.Equal(w.Body.Bytes(), []byte("x")) {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
