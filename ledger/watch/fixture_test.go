package watch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// begin is when the clock of a test starts: 2026-03-01T09:00:00Z.
const begin = 1_772_355_600

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
	sum := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(sum[:])
	return signer{must(note.NewKey(name, typ, must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey))))), secret}
}

func (s signer) sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

// cosign returns the line of a witness.
func (s signer) cosign(text []byte, at int64) note.Signature {
	return s.Signature(note.CosignatureBytes(at, ed25519.Sign(s.secret, note.CosignatureMessage(text, at))))
}

var (
	home  = newSigner("ledger.example", note.Ed25519)
	w1    = newSigner("w1.example", note.Cosignature)
	w2    = newSigner("w2.example", note.Cosignature)
	w3    = newSigner("w3.example", note.Cosignature)
	maker = newSigner("maker.example", note.Ed25519)
	buyer = newSigner("buyer.example", note.Ed25519)
	other = newSigner("other.example", note.Ed25519)

	alone = must(verify.ParsePolicy([]byte("log " + home.String() + "\nquorum none\n")))
	three = must(verify.ParsePolicy([]byte("log " + home.String() + "\n" +
		"witness w1 " + w1.String() + " http://w1.example\nwitness w2 " + w2.String() + " http://w2.example\n" +
		"witness w3 " + w3.String() + "\ngroup g 2 w1 w2 w3\nquorum g\n")))
)

var errGone = errors.New("not here")

// A ledger serves whatever it is told to have. The fields change between turns.
type ledger struct {
	signer
	entries [][]byte
	trees   []tlog.Tree // by size
	hashes  map[int][]byte
	state   rules.Memory // of what can be folded
	last    int64        // time of the last entry
	number  byte
	now     *int64 // the clock's, of all twins

	shown    int                                // size of the checkpoint that is served
	cosigned map[int]map[*signer]int64          // lines under the checkpoint of a size
	root     *tlog.Hash                         // instead of that of the size that is served
	down     bool                               // answers 503
	alter    func(path string, b []byte) []byte // of an answer; nil for 404

	mu    sync.Mutex
	asked map[string]int // requests, by the first part of the path
}

func newLedger() *ledger {
	return &ledger{signer: home, trees: make([]tlog.Tree, 1), hashes: make(map[int][]byte), last: begin, now: new(int64),
		cosigned: make(map[int]map[*signer]int64), asked: make(map[string]int)}
}

// add appends an entry, whatever it is, and shows it.
func (l *ledger) add(entry []byte) {
	tree := l.trees[len(l.trees)-1]
	tree.Append(tlog.LeafHash(entry), func(level int, _ uint64, h tlog.Hash) {
		l.hashes[level] = append(l.hashes[level], h[:]...)
	})
	index := uint64(len(l.entries))
	l.entries, l.trees, l.shown = append(l.entries, entry), append(l.trees, tree), len(l.entries)+1
	if e := verify.OpenEntry(entry); e.Record != nil {
		_ = l.state.Add(index, e.Registered, e.Record)
		l.last = e.Registered
	}
}

func (l *ledger) registerAt(t int64, r *record.Record) *record.Record {
	l.add(record.Entry{Registered: t, Record: r.Bytes()}.Bytes())
	return r
}

// register appends a record a second after the last.
func (l *ledger) register(r *record.Record) *record.Record { return l.registerAt(l.last+1, r) }

// fill registers contracts until the log has size entries.
func (l *ledger) fill(size int) *ledger {
	for len(l.entries) < size {
		l.register(l.contract(nil))
	}
	return l
}

// twin returns a ledger of the same key with the same entries, which goes its own way.
func (l *ledger) twin() *ledger {
	t := newLedger()
	for _, e := range l.entries {
		t.add(e)
	}
	t.number, t.now = l.number+100, l.now
	return t
}

// seen has witnesses cosign what is shown.
func (l *ledger) seen(at int64, by ...*signer) *ledger {
	if l.cosigned[l.shown] == nil {
		l.cosigned[l.shown] = make(map[*signer]int64)
	}
	for _, w := range by {
		l.cosigned[l.shown][w] = at
	}
	return l
}

func (l *ledger) checkpoint(size int) tlog.SignedCheckpoint {
	root := l.trees[size].Root()
	if l.root != nil && size == l.shown {
		root = *l.root
	}
	c := tlog.Checkpoint{Origin: l.Name(), Size: uint64(size), Root: root}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{l.Signature(ed25519.Sign(l.secret, c.Text()))}}
	for _, w := range []*signer{&w1, &w2, &w3} {
		if at, ok := l.cosigned[size][w]; ok {
			n.Signatures = append(n.Signatures, w.cosign(c.Text(), at))
		}
	}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

func (l *ledger) tile(t tlog.Tile) ([]byte, error) {
	start := int(t.Index) * tlog.MaxWidth * tlog.HashSize
	end := start + t.Width*tlog.HashSize
	if t.Level > 0 && len(l.hashes[t.Level]) == 0 || end > len(l.hashes[t.Level]) {
		return nil, errGone
	}
	return l.hashes[t.Level][start:end], nil
}

func (l *ledger) answer(path string) ([]byte, error) {
	var old uint64
	if path == "checkpoint" {
		return l.checkpoint(l.shown).Bytes(), nil
	}
	if n, _ := fmt.Sscanf(path, "consistency/%d", &old); n == 1 {
		hashes, err := tlog.ConsistencyProof(l.tile, old, uint64(l.shown))
		return tlog.Consistency{Old: old, Hashes: hashes, Checkpoint: l.checkpoint(l.shown)}.Bytes(), err
	}
	if id, ok := strings.CutPrefix(path, "contracts/"); ok {
		return l.status(id)
	}
	t, err := tlog.ParseTilePath(path)
	switch {
	case err != nil:
		return nil, err
	case t.Level >= 0:
		return l.tile(t)
	case tlog.TileWidth(-1, t.Index, uint64(len(l.entries))) < t.Width:
		return nil, errGone
	}
	var b []byte
	for _, e := range l.entries[t.Index*tlog.MaxWidth:][:t.Width] {
		b = must(tlog.AppendBundle(b, e))
	}
	return b, nil
}

func (l *ledger) status(id string) ([]byte, error) {
	e, err := l.state.Lookup(must(record.ParseID(id)))
	if err != nil || e == nil {
		return nil, errGone
	}
	st := must(rules.StatusAt(&l.state, e, max(*l.now, l.last)))
	answer := map[string]any{"standing": st.Standing, "since": st.Since.String()}
	if st.By != (record.ID{}) {
		answer["by"] = st.By.String()
	}
	var disputes []string
	for _, d := range st.Disputes {
		disputes = append(disputes, d.ID.String())
	}
	answer["disputes"] = disputes
	return json.Marshal(map[string]any{"id": id, "size": l.shown, "time": record.FormatTime(max(*l.now, l.last)), "status": answer})
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[strings.Split(path, "/")[0]]++
	if l.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	b, err := l.answer(path)
	if err == nil && l.alter != nil {
		b = l.alter(path, bytes.Clone(b))
	}
	if err != nil || b == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if strings.HasPrefix(path, "tile/entries/") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(b)
		z.Close()
		return
	}
	w.Write(b)
}

// A monitor is the page of a witness for those who watch.
type monitor struct{ c *tlog.SignedCheckpoint }

func (m *monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(home.Name()))
	if m.c == nil || r.URL.Path != "/"+hex.EncodeToString(sum[:])+"/checkpoint" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Write(m.c.Bytes())
}

// A network reaches servers by the names of their hosts. Whoever is not there does not
// answer.
type network map[string]http.Handler

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h, ok := n[r.URL.Host]
	if !ok {
		return nil, errors.New("no route to host")
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z := must(gzip.NewReader(resp.Body))
		resp.Body, resp.Uncompressed = struct {
			*gzip.Reader
		}{z}, true
		resp.Header.Del("Content-Encoding")
	}
	return resp, nil
}

// A hang is a server that never answers.
type hang struct{}

func (hang) ServeHTTP(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// dice is a source of chance that is the same every time.
type dice struct{ *rand.Rand }

func (d dice) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(d.Uint32())
	}
	return len(b), nil
}

// A bench is a watcher with its world: a clock, a network, and what was told.
type bench struct {
	*Watcher
	t      testing.TB
	cfg    Config
	net    network
	now    int64
	clock  *int64 // the ledger's
	events []Event
	unseen bool // whether turn counts that a witness shows nothing, which most here never do
}

// newBench watches a ledger at http://ledger.example.
func newBench(t testing.TB, l *ledger, p *verify.Policy, change func(cfg *Config)) *bench {
	t.Helper()
	b := &bench{t: t, net: network{"ledger.example": l}, now: begin + 3600, clock: l.now}
	b.cfg = Config{
		Policy: p, Ledger: home.Key, URL: "http://ledger.example", Dir: t.TempDir(),
		HTTP: &http.Client{Transport: b.net}, Transport: b.net, Fresh: 24 * time.Hour,
		Clock: func() time.Time { return time.Unix(b.now, 0) }, Random: dice{rand.New(rand.NewPCG(1, 2))},
		Report: func(e Event) error {
			b.events = append(b.events, e)
			return nil
		},
	}
	if change != nil {
		change(&b.cfg)
	}
	b.Watcher = must(Open(b.cfg))
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// restart ends the watcher and opens it again.
func (b *bench) restart() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.Watcher = must(Open(b.cfg))
}

// turn makes a turn a minute later, and demands that just these kinds were told, with an
// exclamation mark for an alarm. It returns what was told.
func (b *bench) turn(want ...string) []Event {
	b.t.Helper()
	b.now += 60
	*b.clock, b.events = b.now, nil
	if _, err := b.Turn(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	var got []string
	if !b.unseen {
		b.events = slices.DeleteFunc(b.events, func(e Event) bool { return strings.Contains(e.Text, " shows nothing to compare with: ") })
	}
	for _, e := range b.events {
		if e.Ledger != home.String() || e.Time != record.FormatTime(b.now) || e.Text == "" {
			b.t.Errorf("event %+v", e)
		}
		got = append(got, e.Kind+map[Severity]string{Alarm: "!"}[e.Severity])
	}
	if !slices.Equal(got, want) {
		b.t.Fatalf("told %q, want %q:\n%s", got, want, b.events)
	}
	return b.events
}

// stands demands how many promises are broken and how much was not looked at.
func (b *bench) stands(broken, unlooked int) {
	b.t.Helper()
	if o := b.state.outcome(); len(o.Broken) != broken || len(o.Unlooked) != unlooked {
		b.t.Errorf("outcome %+v, want %d and %d", o, broken, unlooked)
	}
}
