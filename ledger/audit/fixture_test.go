package audit

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
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

// now is when the first entry is registered: 2026-03-01T09:00:00Z. Every other comes a
// minute after the one before.
const (
	now = 1_772_355_600
	day = 24 * 60 * 60
)

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

func newSigner(name string) signer { return signerAs(name, name) }

func signerAs(name, seed string) signer {
	sum := sha256.Sum256([]byte(seed))
	secret := ed25519.NewKeyFromSeed(sum[:])
	public := must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))
	return signer{must(note.NewKey(name, note.Ed25519, public)), secret}
}

func (s signer) sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

var (
	home   = newSigner("ledger.example")
	trust  = must(verify.ParsePolicy([]byte("log " + home.String() + "\nquorum none\n")))
	errBad = errors.New("bad")
)

// A ledger is one that serves whatever it is told to have.
type ledger struct {
	signer
	entries [][]byte
	sizes   []tlog.Tree // by size
	hashes  map[int][]byte
	state   rules.Memory // of what can be folded
	last    int64
	number  byte

	shown int                                   // size of the checkpoint that is served
	root  *tlog.Hash                            // instead of the true one
	alter func(path string, body []byte) []byte // of an answer; nil for an error of the server

	mu    sync.Mutex
	asked []string // paths
}

func newLedger() *ledger {
	return &ledger{signer: home, sizes: make([]tlog.Tree, 1), hashes: make(map[int][]byte), last: now}
}

// add appends an entry, whatever it is.
func (l *ledger) add(entry []byte) {
	tree := l.sizes[len(l.sizes)-1]
	tree.Append(tlog.LeafHash(entry), func(level int, _ uint64, h tlog.Hash) {
		l.hashes[level] = append(l.hashes[level], h[:]...)
	})
	index := uint64(len(l.entries))
	l.entries, l.sizes, l.shown = append(l.entries, entry), append(l.sizes, tree), len(l.entries)+1
	if e := verify.OpenEntry(entry); e.Record != nil {
		_ = l.state.Add(index, e.Registered, e.Record)
		l.last = e.Registered
	}
}

// register appends a record a minute after the last, and asks no rule.
func (l *ledger) register(r *record.Record) *record.Record {
	l.registerAt(l.last+60, r.Bytes())
	return r
}

func (l *ledger) registerAt(t int64, r []byte) {
	l.add(record.Entry{Registered: t, Record: r}.Bytes())
}

func (l *ledger) tile(t tlog.Tile) ([]byte, error) {
	start := int(t.Index) * tlog.MaxWidth * tlog.HashSize
	end := start + t.Width*tlog.HashSize
	if end > len(l.hashes[t.Level]) {
		return nil, errBad
	}
	return l.hashes[t.Level][start:end], nil
}

func (l *ledger) checkpoint(size int) tlog.SignedCheckpoint {
	root := l.sizes[size].Root()
	if l.root != nil && size == l.shown {
		root = *l.root
	}
	c := tlog.Checkpoint{Origin: l.Name(), Size: uint64(size), Root: root}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{l.Signature(ed25519.Sign(l.secret, c.Text()))}}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

func (l *ledger) answer(path string) ([]byte, error) {
	if path == "checkpoint" {
		return l.checkpoint(l.shown).Bytes(), nil
	}
	if id, ok := strings.CutPrefix(path, "contracts/"); ok {
		return l.contract(id)
	}
	t, err := tlog.ParseTilePath(path)
	switch {
	case err != nil:
		return nil, err
	case t.Level >= 0:
		return l.tile(t)
	case tlog.TileWidth(-1, t.Index, uint64(len(l.entries))) < t.Width:
		return nil, errBad
	}
	var b []byte
	for _, e := range l.entries[t.Index*tlog.MaxWidth:][:t.Width] {
		b = must(tlog.AppendBundle(b, e))
	}
	return b, nil
}

func (l *ledger) contract(id string) ([]byte, error) {
	state := l.stateAt(l.shown)
	e, err := state.Lookup(must(record.ParseID(id)))
	if err != nil || e == nil {
		return nil, errBad
	}
	st := must(rules.StatusAt(state, e, l.last))
	answer := map[string]any{"standing": st.Standing, "since": st.Since.String()}
	if st.Ends != (rules.Ending{}) {
		answer["ends"] = st.Ends
	}
	if st.Recorded != 0 {
		answer["recorded"] = st.Recorded.String()
	}
	if st.By != (record.ID{}) {
		answer["by"] = st.By.String()
	}
	var disputes []string
	for _, d := range st.Disputes {
		disputes = append(disputes, d.ID.String())
	}
	answer["disputes"] = disputes
	return json.Marshal(map[string]any{"id": id, "size": l.shown, "time": record.FormatTime(l.last), "status": answer})
}

// stateAt returns the state of the first entries.
func (l *ledger) stateAt(size int) *rules.Memory {
	if size == len(l.entries) {
		return &l.state
	}
	state := new(rules.Memory)
	for i, entry := range l.entries[:size] {
		if e := verify.OpenEntry(entry); e.Record != nil {
			_ = state.Add(uint64(i), e.Registered, e.Record)
		}
	}
	return state
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	l.mu.Lock()
	l.asked = append(l.asked, path)
	b, err := l.answer(path)
	alter := l.alter
	l.mu.Unlock()
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if alter != nil {
		if b = alter(path, b); b == nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
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

// count returns how often a path with this prefix was asked for, and forgets.
func (l *ledger) count(prefix string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, path := range l.asked {
		if strings.HasPrefix(path, prefix) {
			n++
		}
	}
	l.asked = nil
	return n
}

// dice is a source of chance that is the same every time.
type dice struct{ *rand.Rand }

func (d dice) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(d.Uint32())
	}
	return len(b), nil
}

func (l *ledger) config(t testing.TB, dir string) Config {
	t.Helper()
	return Config{
		Client: serve(t, l), Policy: trust, Dir: dir, Random: dice{rand.New(rand.NewPCG(1, 2))},
		Clock: func() time.Time { return time.Unix(l.last, 0) },
	}
}

func (l *ledger) audit(t testing.TB, dir string) (*Result, error) {
	t.Helper()
	return Run(t.Context(), l.config(t, dir))
}

// clean audits a ledger at which nothing is to be found.
func (l *ledger) clean(t testing.TB, dir string) *Result {
	t.Helper()
	r, err := l.audit(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Finding != nil {
		t.Fatal(r.Finding)
	}
	if want := uint64(l.shown); r.Judged != want {
		t.Fatalf("%d of %d entries are judged", r.Judged, want)
	}
	return r
}

var (
	maker = newSigner("maker.example")
	buyer = newSigner("buyer.example")
	other = newSigner("other.example")
)

func party(role string, keys ...signer) record.Party {
	p := record.Party{Role: role, Threshold: len(keys)}
	for _, k := range keys {
		p.Keys = append(p.Keys, k.Key)
	}
	return p
}

// text returns a text of this kind, to be filled in.
func (l *ledger) text(kind record.Kind) *record.Text {
	l.number++
	t := &record.Text{Kind: kind, Ledger: home.Key, Made: now, SignBy: now + 300*day, Nonce: [16]byte{15: l.number, 14: byte(len(l.entries) >> 8), 13: byte(len(l.entries))}}
	if kind == record.Contract {
		t.Parties = []record.Party{party("manufacturer", maker), party("buyer", buyer)}
		t.Documents = []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
	}
	return t
}

func signed(t *record.Text, by ...signer) *record.Record {
	r := must(record.New(t))
	for _, s := range by {
		r = must(r.Sign(s.Public(), s.sign))
	}
	return r
}

// signedContract returns a contract that both have signed.
func (l *ledger) signedContract(change func(t *record.Text)) *record.Record {
	t := l.text(record.Contract)
	if change != nil {
		change(t)
	}
	return signed(t, maker, buyer)
}

func (l *ledger) under(kind record.Kind, c *record.Record, change func(t *record.Text), by ...signer) *record.Record {
	t := l.text(kind)
	t.Contract = c.ID()
	if kind == record.Statement {
		t.About = "delivery"
	}
	for _, p := range c.Text().Parties {
		for _, s := range by {
			if p.Keys[0] == s.Key {
				t.Parties = append(t.Parties, p)
			}
		}
	}
	if change != nil {
		change(t)
	}
	return signed(t, by...)
}

func (l *ledger) amendment(c *record.Record) *record.Text {
	t := l.text(record.Contract)
	t.Replaces, t.Former = c.ID(), c.Text().Parties
	return t
}

func (l *ledger) revocation(s signer) *record.Record {
	t := l.text(record.Revocation)
	t.SignBy, t.Key, t.Reason = 0, s.Key, "lost"
	return signed(t, s)
}

// fill registers contracts until the log has size entries.
func (l *ledger) fill(size int) *ledger {
	for len(l.entries) < size {
		l.register(l.signedContract(nil))
	}
	return l
}

func TestFixtureServesWhatItHas(t *testing.T) {
	l := newLedger().fill(300)
	c := l.checkpoint(300)
	if root := must(tlog.Root(l.tile, 300)); root != c.Root || len(must(tlog.ParseBundle(must(l.answer("tile/entries/001.p/44")), 44))) != 44 {
		t.Error(root)
	}
	if !bytes.Contains(must(l.answer("contracts/"+must(record.Open(must(record.ParseEntry(l.entries[0])).Record, note.PublicKey.Verify)).ID().String())), []byte(`"in force"`)) {
		t.Error("no status")
	}
}
