package ledgertest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// Begin is when the log of a Fake begins: 2026-03-01T09:00:00Z.
const Begin = 1_772_355_600

var errGone = errors.New("not here")

// A Fake is a ledger in memory that serves whatever it is told to have, and asks no rule.
// It holds its lock while it answers; whoever changes it meanwhile takes the lock.
type Fake struct {
	sync.Mutex
	Signer                // Home, unless a test takes another
	Pace    int64         // seconds from one entry that Register makes to the next
	Entries [][]byte      // that Add took
	State   *rules.Memory // of those that can be folded
	Last    int64         // time of the last of these
	Now     *int64        // the clock of its statuses, and of its twins'; never before Last
	Number  byte          // of the last text, so that no two are alike

	Shown int                                // size of the checkpoint that is served
	Root  *tlog.Hash                         // instead of the true one of that size
	Alter func(path string, b []byte) []byte // of an answer; nil for 404
	Fails func(path string) bool             // answers 503
	Home  func() []byte                      // the JSON of what it says of itself; nil, or where it returns nil, for 404

	trees    []tlog.Tree // by size
	hashes   map[int][]byte
	cosigned map[int][]cosigner // by size

	asked []string // paths
}

type cosigner struct {
	Signer
	at int64
}

// NewFake returns an empty one of Home.
func NewFake(pace int64) *Fake {
	return &Fake{
		Signer: Home, Pace: pace, State: new(rules.Memory), Last: Begin, Now: new(int64),
		trees: make([]tlog.Tree, 1), hashes: make(map[int][]byte), cosigned: make(map[int][]cosigner),
	}
}

// Twin returns one of the same key and clock with the same entries, which goes its own
// way: the texts that it makes are others.
func (f *Fake) Twin() *Fake {
	t := NewFake(f.Pace)
	for _, e := range f.Entries {
		t.Add(e)
	}
	t.Number, t.Now = f.Number+100, f.Now
	return t
}

// Add appends an entry, whatever it is, and shows it.
func (f *Fake) Add(entry []byte) {
	tree := f.trees[len(f.trees)-1]
	tree.Append(tlog.LeafHash(entry), func(level int, _ uint64, h tlog.Hash) {
		f.hashes[level] = append(f.hashes[level], h[:]...)
	})
	index := uint64(len(f.Entries))
	f.Entries, f.trees, f.Shown = append(f.Entries, entry), append(f.trees, tree), len(f.Entries)+1
	if registered, r := open(entry); r != nil {
		_ = f.State.Add(index, registered, r)
		f.Last = registered
	}
}

// RegisterAt appends the bytes of a record, whatever they are.
func (f *Fake) RegisterAt(t int64, r []byte) { f.Add(record.Entry{Registered: t, Record: r}.Bytes()) }

// Register appends a record at the pace of the log, and returns it.
func (f *Fake) Register(r *record.Record) *record.Record {
	f.RegisterAt(f.Last+f.Pace, r.Bytes())
	return r
}

// Fill registers contracts until the log has size entries.
func (f *Fake) Fill(size int) {
	for len(f.Entries) < size {
		f.Register(f.Contract(nil))
	}
}

// Seen has witnesses cosign what is shown, instead of what they did at this size before.
func (f *Fake) Seen(at int64, by ...Signer) {
	for _, w := range by {
		lines := slices.DeleteFunc(f.cosigned[f.Shown], func(c cosigner) bool { return c.Key == w.Key })
		f.cosigned[f.Shown] = append(lines, cosigner{w, at})
	}
}

// ForgetCosignatures has nobody have cosigned anything.
func (f *Fake) ForgetCosignatures() { clear(f.cosigned) }

// Checkpoint returns the one of that size, signed and cosigned.
func (f *Fake) Checkpoint(size int) tlog.SignedCheckpoint {
	root := f.trees[size].Root()
	if f.Root != nil && size == f.Shown {
		root = *f.Root
	}
	c := tlog.Checkpoint{Origin: f.Name(), Size: uint64(size), Root: root}
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{f.Signature(must(f.Sign(c.Text())))}}
	for _, w := range f.cosigned[size] {
		n.Signatures = append(n.Signatures, w.Cosign(c.Text(), w.at))
	}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

// Tile returns a tile of hashes.
func (f *Fake) Tile(t tlog.Tile) ([]byte, error) {
	start := int(t.Index) * tlog.MaxWidth * tlog.HashSize
	end := start + t.Width*tlog.HashSize
	if end > len(f.hashes[t.Level]) {
		return nil, errGone
	}
	return f.hashes[t.Level][start:end], nil
}

// Asked returns how often a path with this prefix was asked for, since Forget.
func (f *Fake) Asked(prefix string) (n int) {
	f.Lock()
	defer f.Unlock()
	for _, path := range f.asked {
		if strings.HasPrefix(path, prefix) {
			n++
		}
	}
	return n
}

// Forget forgets what was asked for.
func (f *Fake) Forget() {
	f.Lock()
	defer f.Unlock()
	f.asked = nil
}

// ServeHTTP answers one request after the other.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	status, b := f.serve(path)
	if status != http.StatusOK {
		w.WriteHeader(status)
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

func (f *Fake) serve(path string) (status int, b []byte) {
	f.Lock()
	defer f.Unlock()
	f.asked = append(f.asked, path)
	if f.Fails != nil && f.Fails(path) {
		return http.StatusServiceUnavailable, nil
	}
	b, err := f.answer(path)
	if err == nil && f.Alter != nil {
		b = f.Alter(path, bytes.Clone(b))
	}
	if err != nil || b == nil {
		return http.StatusNotFound, nil
	}
	return http.StatusOK, b
}

func (f *Fake) answer(path string) ([]byte, error) {
	var old uint64
	if path == "checkpoint" {
		return f.Checkpoint(f.Shown).Bytes(), nil
	}
	if n, _ := fmt.Sscanf(path, "consistency/%d", &old); n == 1 {
		hashes, err := tlog.ConsistencyProof(f.Tile, old, uint64(f.Shown))
		return tlog.Consistency{Old: old, Hashes: hashes, Checkpoint: f.Checkpoint(f.Shown)}.Bytes(), err
	}
	if path == "index.json" && f.Home != nil {
		return f.Home(), nil
	}
	if id, ok := strings.CutPrefix(path, "contracts/"); ok {
		return f.status(id)
	}
	t, err := tlog.ParseTilePath(path)
	switch {
	case err != nil:
		return nil, err
	case t.Level >= 0:
		return f.Tile(t)
	case tlog.TileWidth(-1, t.Index, uint64(len(f.Entries))) < t.Width:
		return nil, errGone
	}
	var b []byte
	for _, e := range f.Entries[t.Index*tlog.MaxWidth:][:t.Width] {
		b = must(tlog.AppendBundle(b, e))
	}
	return b, nil
}

func (f *Fake) status(id string) ([]byte, error) {
	state, now := f.stateAt(f.Shown), max(*f.Now, f.Last)
	e, err := state.Lookup(must(record.ParseID(id)))
	if err != nil || e == nil {
		return nil, errGone
	}
	st := must(rules.StatusAt(state, e, now))
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
	return json.Marshal(map[string]any{"id": id, "size": f.Shown, "time": record.FormatTime(now), "status": answer})
}

// stateAt returns the state of the first entries.
func (f *Fake) stateAt(size int) *rules.Memory {
	if size == len(f.Entries) {
		return f.State
	}
	state := new(rules.Memory)
	for i, entry := range f.Entries[:size] {
		if registered, r := open(entry); r != nil {
			_ = state.Add(uint64(i), registered, r)
		}
	}
	return state
}
