package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// epoch is when the records of benchmarks are made, POSIX seconds.
const epoch = 1_800_000_000

// A town is a store on the machine's disk in which contracts stand between a
// thousand makers and as many buyers. Of sixteen, one is amended, one disputed and
// settled, one terminated. Nobody made the signatures.
type town struct {
	store   *Store
	makers  []note.Key
	buyers  []note.Key
	records uint64
}

// text returns the head of a record about contract number n, which is number serial
// of those.
func (w *town) text(kind record.Kind, n, serial uint64) *record.Text {
	t := &record.Text{Kind: kind, Ledger: home.Key, Made: epoch, SignBy: epoch + 86400, Parties: []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: []note.Key{w.makers[n%uint64(len(w.makers))]}},
		{Role: "buyer", Threshold: 1, Keys: []note.Key{w.buyers[n*7919%uint64(len(w.buyers))]}},
	}}
	binary.BigEndian.PutUint64(t.Nonce[:], n)
	t.Nonce[8] = byte(serial)
	switch kind {
	case record.Contract:
		t.Documents = []record.Document{{Size: 8192, Salted: true, Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}}
		binary.BigEndian.PutUint64(t.Documents[0].Hash[:], n)
	default:
		t.Contract = w.text(record.Contract, n, 0).ID()
	}
	return t
}

func (w *town) amendment(n, serial uint64) *record.Text {
	t := w.text(record.Contract, n, serial)
	t.Replaces, t.Former = w.text(record.Contract, n, 0).ID(), t.Parties
	return t
}

func (w *town) statement(n, serial uint64, about string, answers record.ID) *record.Text {
	t := w.text(record.Statement, n, serial)
	t.About, t.Answers = about, answers
	return t
}

// signed returns the record with the lines of all who may sign.
func (w *town) signed(b *testing.B, t *record.Text) *record.Record {
	n := note.Note{Text: t.Bytes()}
	for _, k := range t.Signers() {
		sig := make([]byte, 64)
		id := t.ID()
		copy(sig, id[:])
		n.Signatures = append(n.Signatures, k.Signature(sig))
	}
	r, err := record.Open(n.Bytes(), checkedBefore)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// life returns what is registered about contract number n.
func (w *town) life(n uint64) []*record.Text {
	list := []*record.Text{w.text(record.Contract, n, 0)}
	switch n % 16 {
	case 1:
		list = append(list, w.amendment(n, 1))
	case 2:
		dispute := w.statement(n, 1, rules.AboutDispute, record.ID{})
		list = append(list, dispute, w.statement(n, 2, rules.AboutResolution, dispute.ID()))
	case 3:
		list = append(list, w.text(record.Termination, n, 1))
	}
	return list
}

// build makes a town of so many contracts.
func build(b *testing.B, contracts uint64) *town {
	w := new(town)
	for n := range uint64(1000) {
		w.makers = append(w.makers, newSigner("maker.example", n).Key)
		w.buyers = append(w.buyers, newSigner("buyer.example", n).Key)
	}
	cfg := Config{Dir: filepath.Join(b.TempDir(), "store"), Key: home.Key}
	if err := Create(cfg, emptyLog()); err != nil {
		b.Fatal(err)
	}
	s, err := Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	batch := s.NewBatch()
	for n := range contracts {
		for _, t := range w.life(n) {
			if _, err := batch.Append(epoch, w.signed(b, t)); err != nil {
				b.Fatal(err)
			}
		}
		if batch.Len() >= 4096 || n == contracts-1 {
			commit(b, batch)
			batch = s.NewBatch()
		}
	}
	w.records = s.Head().Checkpoint.Size
	// Opened again it has tables instead of the log of writes.
	if err := errors.Join(batch.Close(), s.Close()); err != nil {
		b.Fatal(err)
	}
	if w.store, err = Open(cfg); err != nil {
		b.Fatal(err)
	}
	return w
}

// bytes returns how many bytes the keys and values of these tables have.
func (w *town) bytes(b *testing.B, tables string) float64 {
	sum := 0
	for _, table := range []byte(tables) {
		err := w.store.each([]byte{table, 0}, []byte{table + 1}, func(key, value []byte) error {
			if string(key) != string(headKey) {
				sum += len(key) + len(value)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return float64(sum)
}

// disk returns how many bytes the tables of the store have. It asks the database: a
// list of the files is out of date as soon as a compaction removes one.
func (w *town) disk() float64 {
	total := w.store.db.Metrics().Total()
	return float64(total.TablesSize)
}

// BenchmarkRules asks the rules and the status of contracts anywhere in a store. The
// small one is for every day; the large one takes minutes to build, and is not built
// with -short.
func BenchmarkRules(b *testing.B) {
	sizes := []uint64{1_000, 1_000_000}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, contracts := range sizes {
		b.Run(fmt.Sprintf("contracts=%d", contracts), func(b *testing.B) {
			w := build(b, contracts)
			w.measure(b, contracts)
			if err := w.store.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func (w *town) measure(b *testing.B, contracts uint64) {
	const places = 1000
	// Somewhere, in a life of this sort, and the same at every run.
	somewhere := func(i, sort uint64) uint64 { return (i*7_919_993%(contracts/16))*16 + sort }
	for _, c := range []struct {
		name string
		text func(i uint64) *record.Text
		want rules.Rule
	}{
		{"contract", func(i uint64) *record.Text { return w.text(record.Contract, i, 9) }, ""},
		{"amendment", func(i uint64) *record.Text { return w.amendment(somewhere(i, 0), 9) }, ""},
		{"lost-amendment", func(i uint64) *record.Text { return w.amendment(somewhere(i, 1), 9) }, rules.Replaces},
		{"statement", func(i uint64) *record.Text {
			n := somewhere(i, 2)
			return w.statement(n, 9, "acceptance", w.life(n)[1].ID())
		}, ""},
		{"termination", func(i uint64) *record.Text { return w.text(record.Termination, somewhere(i, 2), 9) }, ""},
	} {
		records := make([]*record.Record, places)
		for i := range records {
			records[i] = w.signed(b, c.text(uint64(i)))
		}
		b.Run("admit="+c.name, func(b *testing.B) {
			batch := w.store.NewBatch()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				err := rules.Admit(batch, home.Key, epoch, records[i%places])
				if refusal := new(rules.Refusal); err != nil && (!errors.As(err, &refusal) || refusal.Rule != c.want) || err == nil && c.want != "" {
					b.Fatal(err)
				}
			}
			if err := batch.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
	state := w.store.State(w.store.Head())
	for sort, name := range []string{"plain", "amended", "disputed", "terminated"} {
		ids := make([]record.ID, places)
		for i := range ids {
			ids[i] = w.text(record.Contract, somewhere(uint64(i), uint64(sort)), 0).ID()
		}
		b.Run("status="+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				contract, err := state.Lookup(ids[i%places])
				if err != nil {
					b.Fatal(err)
				}
				if _, err := rules.StatusAt(state, contract, epoch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, makers := range []string{"known", "forgotten", "new"} {
		b.Run("names="+makers, func(b *testing.B) { w.names(b, makers) })
	}
	b.Run("bytes", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(w.bytes(b, "cxdos")/float64(w.records), "rules-B/record")
			b.ReportMetric(w.bytes(b, "rv")/float64(w.records), "ids-B/record")
			b.ReportMetric(w.bytes(b, "kh")/float64(w.records), "lists-B/record")
			b.ReportMetric(w.bytes(b, "a")/float64(w.records), "names-B/record")
			b.ReportMetric(w.bytes(b, "e")/float64(w.records), "entry-B/record")
			b.ReportMetric(w.disk()/float64(w.records), "disk-B/record")
		}
	})
}

// names asks for the names of the two who sign a contract: of makers that memory knows,
// that it has forgotten, or that never signed.
func (w *town) names(b *testing.B, makers string) {
	prefix := ""
	if makers == "new" {
		prefix = "new."
	}
	var pairs [1000][]note.Key
	for i := range pairs {
		for _, k := range []note.Key{w.makers[i], w.buyers[i]} {
			named, err := note.NewKey(prefix+k.Name(), note.Ed25519, k.Public())
			if err != nil {
				b.Fatal(err)
			}
			pairs[i] = append(pairs[i], named)
		}
	}
	batch := w.store.NewBatch()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if makers != "known" && i%len(pairs) == 0 {
			w.store.named = lately[naming]{}
		}
		list, err := batch.newNamings(pairs[i%len(pairs)])
		if err != nil || len(list) > 0 != (makers == "new") {
			b.Fatal(list, err)
		}
	}
	if err := batch.Close(); err != nil {
		b.Fatal(err)
	}
}
