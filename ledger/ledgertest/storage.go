package ledgertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

// A Stored is a ledger of Home that is kept somewhere, for [Storage]. It is closed when it
// is made, and empty.
type Stored struct {
	// Open opens it. The caller of cfg has set all but Store, Guard and Storage;
	// Witnesses is made by the function where that is not nil.
	Open func(cfg ledger.Config, witnesses func(s *store.Store) (*witness.Witnesses, error)) (*ledger.Log, error)

	// Close closes what Open opened, after the Log.
	Close func() error

	// Freeze freezes it while it is closed.
	Freeze func() error

	// Public returns what readers find under a name of c2sp.org/tlog-tiles; nil where the
	// View of the log is all that they find.
	Public func(name string) ([]byte, error)
}

// wordPolicy is content with the ledger's own word.
var wordPolicy = []byte("log " + Home.Key.String() + "\nquorum none\n")

// storageClock is the time of all that Storage registers.
func storageClock() time.Time { return time.Unix(Begin+1000, 0) }

// A stored is a Stored with its log open.
type stored struct {
	*Stored
	t       *testing.T
	fake    *Fake
	log     *ledger.Log
	batches []int // of how many records each
}

// Storage demands of a ledger, over whatever keeps it, what every ledger has to hold. Make
// returns another one each time.
func Storage(t *testing.T, create func(t *testing.T) *Stored) {
	for name, law := range map[string]func(s *stored){
		"what is registered is public, and proved":         (*stored).registers,
		"a record is registered once":                      (*stored).once,
		"what waits together shares a commit":              (*stored).shares,
		"what the rules refuse leaves nothing":             (*stored).refuses,
		"an end answers all that was taken":                (*stored).ends,
		"a start goes on where the end was":                (*stored).reopens,
		"a frozen ledger registers nothing":                (*stored).freezes,
		"nothing is public before the quorum has cosigned": (*stored).waits,
		"all tiles of every public size are there":         (*stored).crosses,
	} {
		t.Run(name, func(t *testing.T) {
			s := &stored{Stored: create(t), t: t, fake: NewFake(1)}
			s.open(nil, nil)
			law(s)
			CheckLog(t, s.log.View(), Home.Key)
			s.close()
		})
	}
}

func (s *stored) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// open opens the ledger, by a policy of its own word where none is given.
func (s *stored) open(change func(*ledger.Config), witnesses func(*store.Store) (*witness.Witnesses, error)) {
	s.t.Helper()
	s.batches = nil
	cfg := ledger.Config{
		Sign: Home.Sign, Clock: storageClock, Policy: wordPolicy,
		Batch: func(records int, _ time.Duration) { s.batches = append(s.batches, records) },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	s.log, err = s.Open(cfg, witnesses)
	s.must(err)
}

func (s *stored) close() {
	s.t.Helper()
	s.must(errors.Join(s.log.Close(), s.Close()))
}

// append registers a record that is new.
func (s *stored) append(r *record.Record) ledger.Registration {
	s.t.Helper()
	reg, err := s.log.Append(context.Background(), r)
	if err != nil || !reg.New {
		s.t.Fatalf("a new record: %+v, %v", reg, err)
	}
	return reg
}

// public demands that readers find the tree of a View, and each tile that it needs.
func (s *stored) public(v *ledger.View) {
	s.t.Helper()
	if s.Public == nil {
		return
	}
	if b, err := s.Public("checkpoint"); err != nil || !bytes.Equal(b, v.Checkpoint().Bytes()) {
		s.t.Fatalf("of size %d readers find %q, %v", v.Size(), b, err)
	}
	size := v.Size()
	for level := -1; size>>(8*max(level, 0)) > 0; level++ {
		for i := uint64(0); tlog.TileWidth(level, i, size) > 0; i++ {
			tile := tlog.Tile{Level: level, Index: i, Width: tlog.TileWidth(level, i, size)}
			read := v.Tile
			if level < 0 {
				read = v.Bundle
			}
			want, err := read(tile)
			s.must(err)
			if b, err := s.Public(tile.Path()); err != nil || !bytes.Equal(b, want) {
				s.t.Fatalf("of size %d readers find %d bytes of %s, %v", size, len(b), tile.Path(), err)
			}
		}
	}
}

func (s *stored) registers() {
	policy := must(verify.ParsePolicy(wordPolicy))
	for i := range uint64(3) {
		reg := s.append(s.fake.Contract(nil))
		if reg.Index != i || s.log.View().Size() != i+1 {
			s.t.Fatalf("record %d is entry %d of %d", i, reg.Index, s.log.View().Size())
		}
		s.public(s.log.View())
		b, err := reg.Receipt()
		s.must(err)
		if got, err := verify.Receipt(policy, b); err != nil || got.Index != i {
			s.t.Fatalf("receipt of entry %d: %+v, %v", i, got, err)
		}
	}
}

func (s *stored) once() {
	first := s.fake.Contract(nil)
	s.append(first)
	s.append(s.fake.Contract(nil))
	for range 2 {
		if reg, err := s.log.Append(context.Background(), first); err != nil || reg.New || reg.Index != 0 {
			s.t.Fatalf("again: %+v, %v", reg, err)
		}
		s.close()
		s.open(nil, nil)
	}
}

// shares holds the ledger's key while records come.
func (s *stored) shares() {
	s.close()
	var first sync.Once
	held, held2 := make(chan struct{}), make(chan struct{})
	armed := false
	s.open(func(cfg *ledger.Config) {
		cfg.Sign = func(m []byte) ([]byte, error) {
			if armed {
				first.Do(func() { close(held); <-held2 })
			}
			return Home.Sign(m)
		}
	}, nil)
	armed = true
	list := []*ledger.Pending{s.submit(s.fake.Contract(nil))}
	<-held
	for range 20 {
		list = append(list, s.submit(s.fake.Contract(nil)))
	}
	close(held2)
	for i, p := range list {
		if reg, err := p.Wait(context.Background()); err != nil || reg.Index != uint64(i) {
			s.t.Fatalf("record %d: %+v, %v", i, reg, err)
		}
	}
	if fmt.Sprint(s.batches) != "[1 20]" {
		s.t.Errorf("batches of %v records, want 1 and 20", s.batches)
	}
	s.public(s.log.View())
}

func (s *stored) submit(r *record.Record) *ledger.Pending {
	s.t.Helper()
	p, _, err := s.log.Submit(r)
	s.must(err)
	return p
}

func (s *stored) refuses() {
	s.append(s.fake.Contract(nil))
	v := s.log.View()
	late := s.fake.Contract(func(t *record.Text) { t.Made, t.SignBy = Begin-2000, Begin-1000 })
	var refusal *rules.Refusal
	if _, err := s.log.Append(context.Background(), late); !errors.As(err, &refusal) {
		s.t.Fatalf("a contract whose time is over: %v", err)
	}
	if s.log.View() != v {
		s.t.Error("what was refused is public")
	}
	if reg := s.append(s.fake.Contract(nil)); reg.Index != 1 {
		s.t.Errorf("after a refusal: %+v", reg)
	}
}

func (s *stored) ends() {
	var list []*ledger.Pending
	for range 30 {
		list = append(list, s.submit(s.fake.Contract(nil)))
	}
	s.must(s.log.Close())
	for i, p := range list {
		if reg, err := p.Wait(context.Background()); err != nil || reg.Index != uint64(i) {
			s.t.Fatalf("record %d: %+v, %v", i, reg, err)
		}
	}
	if _, err := s.log.Append(context.Background(), s.fake.Contract(nil)); !errors.Is(err, ledger.ErrClosed) {
		s.t.Errorf("after the end: %v", err)
	}
	s.public(s.log.View())
}

func (s *stored) reopens() {
	first := s.fake.Contract(nil)
	s.append(first)
	before := s.log.View().Checkpoint()
	s.close()
	s.open(nil, nil)
	if c := s.log.View().Checkpoint(); !bytes.Equal(c.Bytes(), before.Bytes()) {
		s.t.Fatalf("public was %q, and is %q", before.Bytes(), c.Bytes())
	}
	under := s.fake.Under(record.Statement, first, nil, Maker)
	if reg := s.append(under); reg.Index != 1 {
		s.t.Fatalf("a statement under what is there: %+v", reg)
	}
	s.public(s.log.View())
}

func (s *stored) freezes() {
	first := s.fake.Contract(nil)
	s.append(first)
	s.close()
	s.must(s.Freeze())
	for range 2 {
		s.open(nil, nil)
		if _, err := s.log.Append(context.Background(), s.fake.Contract(nil)); !errors.Is(err, ledger.ErrFrozen) {
			s.t.Fatalf("a new record: %v", err)
		}
		if reg, err := s.log.Append(context.Background(), first); err != nil || reg.New || reg.Index != 0 {
			s.t.Fatalf("one that is there: %+v, %v", reg, err)
		}
		s.close()
	}
	s.open(nil, nil)
}

// A gate is a way to witnesses that is shut.
type gate struct {
	http.RoundTripper
	asked chan struct{} // closed by the first request
	first sync.Once
	open  chan struct{}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.first.Do(func() { close(g.asked) })
	select {
	case <-g.open:
		return g.RoundTripper.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (s *stored) waits() {
	s.append(s.fake.Contract(nil))
	s.close()
	w := must(witnesstest.New("w1.example", Home.Key, storageClock))
	text := fmt.Appendf(nil, "log %s\nwitness w1 %s http://w1.example\nquorum w1\n", Home.Key, w.Key)
	g := &gate{RoundTripper: witnesstest.Network{"w1.example": w}, asked: make(chan struct{}), open: make(chan struct{})}
	var asked *witness.Witnesses
	witnesses := func(st *store.Store) (_ *witness.Witnesses, err error) {
		asked, err = witness.New(witness.Config{
			Ledger: Home.Key, Policy: must(verify.ParsePolicy(text)), Transport: g, Clock: storageClock,
			Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(st.Tile, old, size) },
		})
		return asked, err
	}
	change := func(cfg *ledger.Config) { cfg.Policy = text }
	s.open(change, witnesses)
	before := s.log.View()
	p := s.submit(s.fake.Contract(nil))
	<-g.asked
	if v := s.log.View(); v != before || v.Size() != 1 {
		s.t.Fatalf("%d entries are public without a quorum", v.Size())
	}
	select {
	case <-p.Done():
		s.t.Fatal("an answer without a quorum")
	default:
	}
	s.public(before)
	close(g.open)
	reg, err := p.Wait(context.Background())
	if err != nil || reg.Index != 1 || len(reg.View.Checkpoint().Note.Signatures) != 2 {
		s.t.Fatalf("with a quorum: %+v, %v", reg, err)
	}
	s.public(s.log.View())
	s.must(s.log.Close())
	asked.Close()
	s.must(s.Close())
	s.open(func(cfg *ledger.Config) { change(cfg); cfg.Witnessed = true }, witnesses)
	s.t.Cleanup(func() { asked.Close() })
	if n := s.log.View().Size(); n != 2 {
		s.t.Fatalf("%d entries are public after a start", n)
	}
}

// crosses has 300 records come in batches of many widths.
func (s *stored) crosses() {
	for n := 0; n < 300; {
		count := min(300-n, 1+n%23)
		list := make([]*ledger.Pending, count)
		for i := range list {
			list[i] = s.submit(s.revocation(uint64(n + i)))
		}
		for i, p := range list {
			if reg, err := p.Wait(context.Background()); err != nil || reg.Index != uint64(n+i) {
				s.t.Fatalf("record %d: %+v, %v", n+i, reg, err)
			}
		}
		n += count
		s.public(s.log.View())
	}
}

// revocation returns the revocation of a key of that number.
func (s *stored) revocation(n uint64) *record.Record {
	by := NewSigner(fmt.Sprintf("key%d.example", n), Home.Type())
	t := s.fake.Text(record.Revocation)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	t.Nonce, t.Key, t.Reason, t.SignBy = [16]byte(sum[:]), by.Key, "lost", 0
	return Signed(t, by)
}
