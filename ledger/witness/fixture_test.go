package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/mldsa"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A signer is a key with its secret, made from a name and nothing else.
type signer struct {
	note.Key
	sign func(message []byte) []byte
}

func newSigner(name string, typ note.Type) signer { return newSignerOf(name, name, typ) }

// newSignerOf is the key under a name whose secret is made from a label.
func newSignerOf(name, label string, typ note.Type) signer {
	seed := sha256.Sum256([]byte("witness test " + label))
	if typ == note.MLDSA44 {
		secret := must(mldsa.NewPrivateKey(mldsa.MLDSA44(), seed[:]))
		key := must(note.NewMLDSA44Key(name, secret.PublicKey().Bytes()))
		return signer{key, func(message []byte) []byte { return must(secret.SignDeterministic(message, nil)) }}
	}
	secret := ed25519.NewKeyFromSeed(seed[:])
	key := must(note.NewKey(name, typ, must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))))
	return signer{key, func(message []byte) []byte { return ed25519.Sign(secret, message) }}
}

// cosign returns the signer's line under the checkpoint of this text.
func (s signer) cosign(text []byte, at int64) note.Signature {
	return s.Signature(note.CosignatureBytes(at, s.sign(must(s.CosignatureMessage(text, at)))))
}

// A fakeLog is a log in memory.
type fakeLog struct {
	signer
	trees  []tlog.Tree // by size
	hashes map[int][]byte
}

const home = "ledger.example"

// newLog returns a log of that many leaves, which has the first same of them with every
// other log.
func newLog(size, same int, name string) *fakeLog {
	l := &fakeLog{newSigner(home, note.Ed25519), []tlog.Tree{tlog.NewTree()}, make(map[int][]byte)}
	for i := range size {
		tree := l.trees[i]
		leaf := fmt.Sprintf("leaf %d", i)
		if i >= same {
			leaf += " of " + name
		}
		tree.Append(tlog.LeafHash([]byte(leaf)), func(level int, _ uint64, h tlog.Hash) {
			l.hashes[level] = append(l.hashes[level], h[:]...)
		})
		l.trees = append(l.trees, tree)
	}
	return l
}

func (l *fakeLog) tile(t tlog.Tile) ([]byte, error) {
	start := int(t.Index) * tlog.MaxWidth * tlog.HashSize
	return l.hashes[t.Level][start : start+t.Width*tlog.HashSize], nil
}

func (l *fakeLog) prove(old, size uint64) ([]tlog.Hash, error) {
	return tlog.ConsistencyProof(l.tile, old, size)
}

// checkpoint returns a checkpoint with the log's line, and lines of others.
func (l *fakeLog) checkpoint(size int, others ...note.Signature) tlog.SignedCheckpoint {
	tree := l.trees[size]
	c := tlog.Checkpoint{Origin: l.Name(), Size: uint64(size), Root: tree.Root()}
	text := c.Text()
	lines := append([]note.Signature{l.Signature(l.sign(text))}, others...)
	return tlog.SignedCheckpoint{Checkpoint: c, Note: note.Note{Text: text, Signatures: lines}}
}

// A network has hosts, reached by pipes in memory, so that a bubble of synctest holds
// all of it.
type network struct {
	transport *http.Transport
	mu        sync.Mutex
	hosts     map[string]chan net.Conn
	stop      []func()
}

func newNetwork() *network {
	n := &network{hosts: make(map[string]chan net.Conn)}
	n.transport = &http.Transport{DialContext: n.dial}
	return n
}

func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	accept, ok := n.hosts[host]
	n.mu.Unlock()
	if !ok {
		return nil, errors.New("nobody listens")
	}
	near, far := net.Pipe()
	select {
	case accept <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A listener hands out what was dialled.
type listener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// serve lets h answer for a host.
func (n *network) serve(host string, h http.Handler) {
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = l.conns
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(l)
	}()
	n.stop = append(n.stop, func() { server.Close(); <-ended })
}

func (n *network) close() {
	n.transport.CloseIdleConnections()
	for _, stop := range n.stop {
		stop()
	}
}

// A world is a ledger's log, its witnesses, and what was logged, in a bubble.
type world struct {
	*testing.T
	*network
	log    *fakeLog
	policy *verify.Policy
	start  time.Time
	lines  lines
}

// lines are what a logger wrote.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.b.String(), "\n"), "\n")[min(1, max(0, 1-l.b.Len())):]
}

// inWorld runs a test with a log of twenty entries, and with real time for no one. No
// goroutine may be left at its end: synctest sees to that.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, network: newNetwork(), log: newLog(20, 20, ""), start: time.Now()}
		w.policy = &verify.Policy{Logs: []verify.Log{{Key: w.log.Key}}, Quorum: verify.NoQuorum}
		defer w.network.close()
		test(t, w)
	})
}

// add adds a witness to the policy, at a host of its name.
func (w *world) add(name string, key note.Key, h http.Handler) {
	w.policy.Witnesses = append(w.policy.Witnesses, verify.Witness{Name: name, Key: key, URL: "http://" + key.Name() + "/witness/"})
	if h != nil {
		w.serve(key.Name(), http.StripPrefix("/witness", h))
	}
}

// honest adds a witness that does as it should.
func (w *world) honest(name string, typ note.Type) *honest {
	h := &honest{keys: []signer{newSigner(name+".example", typ)}, ledger: w.log.Key}
	w.add(name, h.keys[0].Key, h)
	return h
}

// want sets the quorum to k of all witnesses.
func (w *world) want(k int) {
	g := verify.Group{Name: "most", K: k}
	for _, x := range w.policy.Witnesses {
		g.Members = append(g.Members, x.Name)
	}
	w.policy.Groups, w.policy.Quorum = []verify.Group{g}, g.Name
}

func (w *world) config() Config {
	return Config{
		Ledger: w.log.Key, Policy: w.policy, Transport: w.transport, Clock: time.Now, Prove: w.log.prove,
		Logger: slog.New(slog.NewTextHandler(&w.lines, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
}

func (w *world) open() *Witnesses { return must(New(w.config())) }

func now() int64 { return time.Now().Unix() }

// cosign asks for the checkpoint of that size, and fails the test unless it comes back
// with lines of just these keys, which all verify.
func (w *world) cosign(ws *Witnesses, size int, by ...string) tlog.SignedCheckpoint {
	w.Helper()
	c, err := ws.Cosign(w.Context(), w.log.checkpoint(size), now())
	if err != nil {
		w.Fatalf("size %d: %v", size, err)
	}
	w.hasLines(c, size, by...)
	return c
}

func (w *world) hasLines(c tlog.SignedCheckpoint, size int, by ...string) {
	w.Helper()
	if want := w.log.checkpoint(size).Checkpoint; c.Checkpoint != want {
		w.Fatalf("checkpoint is of size %d, want %d", c.Size, want.Size)
	}
	var names []string
	for _, s := range c.Note.Signatures {
		names = append(names, strings.TrimSuffix(s.Name, ".example"))
	}
	if got, want := strings.Join(names, " "), strings.Join(append([]string{"ledger"}, by...), " "); got != want {
		w.Errorf("lines are of %s, want %s", got, want)
	}
	again := must(tlog.ParseSignedCheckpoint(c.Bytes()))
	if _, err := w.policy.Checkpoint(again); err != nil {
		w.Error(err)
	}
}

// logged fails the test unless just these lines were logged, each with its parts.
func (w *world) logged(want ...[]string) {
	w.Helper()
	synctest.Wait()
	got := w.lines.all()
	if len(got) != len(want) {
		w.Fatalf("%d lines were logged, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, parts := range want {
		for _, part := range parts {
			if !strings.Contains(got[i], part) {
				w.Errorf("line %d is\n%s\nwithout %q", i, got[i], part)
			}
		}
	}
}

// passed returns how much time has passed in the world.
func (w *world) passed() time.Duration { return time.Since(w.start) }
