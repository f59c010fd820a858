package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A quarrel is a store with a chain of contracts, in which two parties file disputes
// and settle them. Nobody made the signatures.
type quarrel struct {
	testing.TB
	store  *Store
	batch  *Batch
	chain  []*record.Text // of contracts, by depth
	number uint64
}

func newQuarrel(t testing.TB, s *Store, depth int) *quarrel {
	q := &quarrel{TB: t, store: s, batch: s.NewBatch()}
	for range depth {
		text := q.text(record.Contract)
		text.Documents = []record.Document{{Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
		if n := len(q.chain); n > 0 {
			text.Replaces, text.Former = q.chain[n-1].ID(), text.Parties
		}
		q.chain = append(q.chain, text)
		q.add(text)
	}
	return q
}

func (q *quarrel) text(kind record.Kind) *record.Text {
	t := &record.Text{Kind: kind, Ledger: home.Key, SignBy: 1, Parties: []record.Party{
		{Role: "buyer", Threshold: 1, Keys: []note.Key{newSigner("alice.example", 0).Key}},
		{Role: "seller", Threshold: 1, Keys: []note.Key{newSigner("bob.example", 0).Key}},
	}}
	binary.BigEndian.PutUint64(t.Nonce[:], q.number)
	q.number++
	return t
}

// add appends a record to the batch, and returns its index.
func (q *quarrel) add(t *record.Text) uint64 {
	q.Helper()
	n := note.Note{Text: t.Bytes()}
	for _, k := range t.Signers() {
		n.Signatures = append(n.Signatures, k.Signature(make([]byte, 64)))
	}
	r, err := record.Open(n.Bytes(), checkedBefore)
	if err != nil {
		q.Fatal(err)
	}
	index, err := q.batch.Append(1, r)
	if err != nil {
		q.Fatal(err)
	}
	return index
}

func (q *quarrel) commit() {
	q.Helper()
	commit(q, q.batch)
	q.batch = q.store.NewBatch()
}

// dispute files one under the contract of a depth.
func (q *quarrel) dispute(depth int) *record.Text {
	q.Helper()
	t := q.text(record.Statement)
	t.Contract, t.About, t.Parties = q.chain[depth].ID(), rules.AboutDispute, t.Parties[:1]
	q.add(t)
	return t
}

// settle resolves a dispute, under the last contract of the chain.
func (q *quarrel) settle(dispute *record.Text) {
	q.Helper()
	t := q.text(record.Statement)
	t.Contract, t.About, t.Answers = q.chain[len(q.chain)-1].ID(), rules.AboutResolution, dispute.ID()
	q.add(t)
}

// open returns the indexes of what a state says of the contract of a depth.
func (q *quarrel) open(s rules.State, depth, limit int) (list []uint64) {
	q.Helper()
	open, err := s.Disputes(rules.Place{Chain: q.chain[0].ID(), Depth: uint64(depth)}, limit)
	if err != nil {
		q.Fatal(err)
	}
	for _, d := range open {
		list = append(list, d.Index)
	}
	return list
}

func (q *quarrel) close() {
	q.Helper()
	if err := q.batch.Close(); err != nil {
		q.Fatal(err)
	}
	closeStore(q, q.store)
}

func TestTheFirstDisputesAreThoseOfTheFirstContracts(t *testing.T) {
	q := newQuarrel(t, newStore(t, vfs.NewMem()), 3)
	for range 4 { // of depth 2 the entries 3, 6, 9, 12, of 1 the next, of 0 the next but one
		q.dispute(2)
		q.dispute(1)
		q.dispute(0)
	}
	check := func(s rules.State) {
		t.Helper()
		for _, c := range []struct {
			depth, limit int
			want         []uint64
		}{
			{0, 9, []uint64{5, 8, 11, 14}}, {0, 4, []uint64{5, 8, 11, 14}}, {0, 3, []uint64{5, 8, 11}}, {0, 0, nil},
			{1, 9, []uint64{5, 8, 11, 14, 4, 7, 10, 13}}, {1, 5, []uint64{5, 8, 11, 14, 4}},
			{2, 99, []uint64{5, 8, 11, 14, 4, 7, 10, 13, 3, 6, 9, 12}}, {9, 1, []uint64{5}},
		} {
			if got := q.open(s, c.depth, c.limit); !slices.Equal(got, c.want) {
				t.Errorf("of depth %d the first %d are %v, want %v", c.depth, c.limit, got, c.want)
			}
		}
	}
	check(q.batch)
	q.commit()
	check(q.batch)
	check(q.store.State(q.store.Head()))
	q.close()
}

func TestAViewHasWhatWasOpenAtItsSizeWhateverIsSettledLater(t *testing.T) {
	q := newQuarrel(t, newStore(t, vfs.NewMem()), 2)
	var filed []*record.Text
	for i := range 6 {
		filed = append(filed, q.dispute(i%2))
		q.commit()
	}
	type view struct {
		State
		want [2][]uint64 // by depth
	}
	var views []view
	look := func() {
		t.Helper()
		s := q.store.State(q.store.Head())
		views = append(views, view{s, [2][]uint64{q.open(s, 0, 99), q.open(s, 1, 99)}})
		for _, v := range views {
			for depth, want := range v.want {
				for limit := range len(want) + 2 {
					if got := q.open(v, depth, limit); !slices.Equal(got, want[:min(limit, len(want))]) {
						t.Fatalf("at size %d of depth %d the first %d are %v, and were %v", v.size, depth, limit, got, want)
					}
				}
			}
		}
	}
	look()
	for _, i := range []int{3, 0, 5, 2} {
		q.settle(filed[i])
		q.commit()
		look()
	}
	q.settle(q.dispute(0)) // in one batch
	q.dispute(0)
	q.settle(filed[1])
	q.settle(filed[4])
	if got := q.open(q.batch, 1, 99); !slices.Equal(got, []uint64{14}) {
		t.Errorf("in the batch %v are open, want 14", got)
	}
	q.commit()
	look()
	if got := fmt.Sprint(views[0].want, views[1].want, views[4].want, views[5].want); got != "[[2 4 6] [2 4 6 3 5 7]] [[2 4 6] [2 4 6 3 7]] [[6] [6 3]] [[14] [14]]" {
		t.Error(got)
	}
	q.close()
}

// What a reader is told does not depend on when the writer comes in between.
func TestAViewReadWhileDisputesAreSettledHasThemAll(t *testing.T) {
	q := newQuarrel(t, newStore(t, vfs.NewMem()), 1)
	const n = 300
	var filed []*record.Text
	var want []uint64
	for i := range uint64(n) {
		filed, want = append(filed, q.dispute(0)), append(want, i+1)
	}
	q.commit()
	view := q.store.State(q.store.Head())
	started, done := make(chan struct{}), make(chan error)
	go func() {
		for i := 0; ; i++ {
			open, err := view.Disputes(rules.Place{Chain: q.chain[0].ID()}, n+1)
			if err == nil && len(open) != n {
				err = fmt.Errorf("reading %d has %d disputes, want %d", i, len(open), n)
			}
			if i == 0 {
				close(started)
			}
			select {
			case done <- err:
				return
			default:
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	<-started
	for _, d := range filed {
		q.settle(d)
		q.commit()
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := q.open(view, 0, n+1); !slices.Equal(got, want) {
		t.Errorf("afterwards %v", got)
	}
	if got := q.open(q.store.State(q.store.Head()), 0, n); got != nil {
		t.Errorf("%v are still open", got)
	}
	q.close()
}

// BenchmarkDisputes asks the status of a contract, which anybody may ask for, after
// many disputes.
func BenchmarkDisputes(b *testing.B) {
	const many = 100_000
	for _, bench := range []struct {
		name  string
		play  func(q *quarrel)
		depth int // of the contract that is asked about
	}{
		{"none", func(*quarrel) {}, 1},
		{"open", func(q *quarrel) { q.many(many, func() { q.dispute(0) }) }, 1},
		{"open-of-the-amendment", func(q *quarrel) { q.many(many, func() { q.dispute(1) }) }, 0},
		{"settled", func(q *quarrel) { q.many(many, func() { q.settle(q.dispute(0)) }) }, 1},
		{"open-then-settled", func(q *quarrel) {
			var filed []*record.Text
			q.many(many, func() { filed = append(filed, q.dispute(0)) })
			q.many(many, func() { q.settle(filed[0]); filed = filed[1:] })
		}, 1},
	} {
		b.Run(bench.name, func(b *testing.B) {
			cfg := Config{Dir: b.TempDir() + "/store", Key: home.Key}
			if err := Create(cfg, emptyLog()); err != nil {
				b.Fatal(err)
			}
			s, err := Open(cfg)
			if err != nil {
				b.Fatal(err)
			}
			q := newQuarrel(b, s, 2)
			bench.play(q)
			q.commit()
			state := s.State(s.Head())
			contract, err := state.Lookup(q.chain[bench.depth].ID())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rules.StatusWithin(state, contract, epoch, 257); err != nil {
					b.Fatal(err)
				}
			}
			q.close()
		})
	}
}

// many does something often, in batches.
func (q *quarrel) many(n int, f func()) {
	for range n {
		if f(); q.batch.Len() >= 4096 {
			q.commit()
		}
	}
	q.commit()
}
