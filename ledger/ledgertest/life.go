package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// A life is a ledger with all that was heard of it.
type life struct {
	*Faulted
	point
	t     testing.TB
	log   *ledger.Log // nil where none is open
	clock time.Time   // of the process

	first, crowd, second []*record.Record // that are registered: one by one, at once, and after an end
	late, last           *record.Record   // one that the rules refuse, and one that comes after all

	acked  map[record.ID]acked
	unsure map[record.ID]bool  // that may be registered
	denied map[record.ID]error // that are said not to be, and why
	seen   map[string][]tlog.Checkpoint
	ended  int // of which process the life ended

	stop atomic.Pointer[stop] // of the clock; nil where it goes on

	mu     sync.Mutex
	signed [][]tlog.Checkpoint // by each process
}

// A stop holds whoever asks for the time, and so a batch when it has begun.
type stop struct {
	first sync.Once
	asked chan struct{} // closed when somebody is held
	over  chan struct{} // closed when nobody is any more
}

func (s *stop) wait() {
	if s != nil {
		s.first.Do(func() { close(s.asked) })
		<-s.over
	}
}

type acked struct {
	index uint64
	entry []byte
}

func newLife(f *Faulted, p point) *life {
	fake := NewFake(1)
	l := &life{
		Faulted: f, point: p, clock: storageClock(),
		acked: make(map[record.ID]acked), unsure: make(map[record.ID]bool), denied: make(map[record.ID]error), seen: make(map[string][]tlog.Checkpoint),
	}
	l.first = []*record.Record{fake.Contract(nil), fake.Contract(nil)}
	l.crowd = []*record.Record{fake.Under(record.Statement, l.first[0], nil, Maker), fake.Contract(nil), fake.Revocation(NewSigner("lost.example", Home.Type())), fake.Contract(nil)}
	l.second = []*record.Record{fake.Under(record.Statement, l.crowd[1], nil, Buyer)}
	l.late = fake.Contract(func(t *record.Text) { t.Made, t.SignBy = Begin-2000, Begin-1000 })
	l.last = fake.Contract(nil)
	return l
}

// all returns what may be registered.
func (l *life) all() []*record.Record {
	return slices.Concat([]*record.Record{l.last}, l.first, l.crowd, l.second)
}

// disturbed says whether the write was made that is disturbed.
func (l *life) disturbed() bool { return l.number > 0 && l.Writes() >= l.number }

// failed says whether there is an error, which has to be one of what is disturbed.
func (l *life) failed(doing string, err error) bool {
	l.t.Helper()
	if err != nil && !l.disturbed() {
		l.t.Fatalf("%s, with nothing disturbed: %v", doing, err)
	}
	return err != nil
}

// open starts a process, and says whether it is there.
func (l *life) open() bool {
	l.t.Helper()
	l.clock = l.clock.Add(time.Minute) // so that what is registered again is another entry
	now := l.clock
	l.mu.Lock()
	process := len(l.signed)
	l.signed = append(l.signed, nil)
	l.mu.Unlock()
	log, err := l.Open(ledger.Config{
		Clock: func() time.Time { l.stop.Load().wait(); return now }, Policy: wordPolicy,
		Sign: func(message []byte) ([]byte, error) {
			c, err := tlog.ParseCheckpoint(message)
			if err != nil {
				return nil, err
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.signed[process] = append(l.signed[process], c)
			return Home.Sign(message)
		},
	}, nil)
	if l.failed("a start", err) {
		return false
	}
	l.log = log
	l.look()
	return !l.Cut()
}

// close ends the process, and says whether it ended well.
func (l *life) close() bool {
	l.t.Helper()
	var err error
	if l.log != nil {
		err = l.log.Close()
	}
	l.log = nil
	failed := l.failed("an end", errors.Join(err, l.Close()))
	l.look()
	return !failed && !l.Cut()
}

// look keeps what is public.
func (l *life) look() {
	l.t.Helper()
	if l.log != nil {
		if c := l.log.View().Checkpoint(); !l.Cut() {
			l.shows("the log", c.Checkpoint)
		}
	}
	if l.Public == nil {
		return
	}
	b, err := l.Public("checkpoint")
	if err != nil {
		if len(l.seen["the public checkpoint"]) > 0 {
			l.t.Fatalf("what was public is not there any more: %v", err)
		}
		return // before the first
	}
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil {
		l.t.Fatal(err)
	}
	l.shows("the public checkpoint", c.Checkpoint)
}

// shows keeps what somebody was shown, who is shown no less than before.
func (l *life) shows(where string, c tlog.Checkpoint) {
	l.t.Helper()
	if list := l.seen[where]; len(list) > 0 && list[len(list)-1].Size > c.Size {
		l.t.Fatalf("%s went back from %d to %d entries", where, list[len(list)-1].Size, c.Size)
	}
	l.seen[where] = append(l.seen[where], c)
}

// lives is two processes, one after the other, as far as it comes.
func (l *life) lives() {
	l.t.Helper()
	one := func(r *record.Record) []*record.Record { return []*record.Record{r} }
	for process, work := range [][][]*record.Record{
		{one(l.first[0]), one(l.first[1]), l.crowd, one(l.first[0]), one(l.late)},
		{l.second, one(l.crowd[0])},
	} {
		goes := l.open()
		for _, records := range work {
			goes = goes && l.registers(records)
		}
		l.ended = process
		if !l.close() || !goes {
			return
		}
	}
}

// registers asks for records, and says whether the process goes on. The first has a batch of
// its own, and the others share the next: so each life has the same writes.
func (l *life) registers(records []*record.Record) bool {
	l.t.Helper()
	goes := true
	taken := make([]*ledger.Pending, len(records))
	s := &stop{asked: make(chan struct{}), over: make(chan struct{})}
	l.stop.Store(s)
	for i, r := range records {
		var err error
		if taken[i], _, err = l.log.Submit(r); err != nil {
			goes = l.answered(r, ledger.Registration{}, err) && goes
		}
		select {
		case <-s.asked:
		case <-l.log.Done():
		}
	}
	close(s.over)
	l.stop.Store(nil)
	for i, p := range taken {
		if p != nil {
			reg, err := p.Wait(context.Background())
			goes = l.answered(records[i], reg, err) && goes
		}
	}
	l.look()
	return goes
}

// answered keeps what is said of a record, and says whether the process goes on.
func (l *life) answered(r *record.Record, reg ledger.Registration, err error) bool {
	l.t.Helper()
	var refusal *rules.Refusal
	refused := errors.As(err, &refusal)
	switch {
	case l.Cut():
		l.unsure[r.ID()] = true
		return false
	case err == nil:
		l.acknowledged(r, reg)
	case errors.Is(err, ledger.ErrStopped), errors.Is(err, ledger.ErrUnconfirmed):
		l.failed("a record", err)
		l.unsure[r.ID()] = true
		return !errors.Is(err, ledger.ErrStopped)
	case refused && r != l.late:
		l.t.Fatalf("record %s: %v", r.ID(), err)
	default:
		if !refused {
			l.failed("a record", err)
		}
		l.denied[r.ID()] = err
	}
	return true
}

// acknowledged keeps that a record is registered, and proves it, if the process still can.
func (l *life) acknowledged(r *record.Record, reg ledger.Registration) {
	l.t.Helper()
	was, again := l.acked[r.ID()]
	entry := record.Entry{Registered: reg.Registered, Record: r.Bytes()}.Bytes()
	switch {
	case again && (reg.New || reg.Index != was.index || !bytes.Equal(entry, was.entry)):
		l.t.Fatalf("record %s was entry %d, and now it is %d of %d, new: %v", r.ID(), was.index, reg.Index, reg.Registered, reg.New)
	case !again && !reg.New && !l.unsure[r.ID()]:
		l.t.Fatalf("record %s, which is new, was entry %d before", r.ID(), reg.Index)
	}
	l.acked[r.ID()] = acked{reg.Index, entry}
	delete(l.unsure, r.ID())
	delete(l.denied, r.ID())
	if b, err := reg.Receipt(); !l.failed("a receipt", err) {
		l.proved(r, b)
	}
}

// proved demands of a receipt that it is of the record where it was acknowledged.
func (l *life) proved(r *record.Record, receipt []byte) {
	l.t.Helper()
	a := l.acked[r.ID()]
	reg, err := verify.Receipt(must(verify.ParsePolicy(wordPolicy)), receipt)
	if err != nil || reg.Index != a.index || reg.Record.ID() != r.ID() {
		l.t.Fatalf("receipt of entry %d, record %s: %+v, %v", a.index, r.ID(), reg, err)
	}
	proof, err := tlog.ParseProof(receipt)
	if err != nil || !bytes.Equal(proof.Extra, a.entry) {
		l.t.Fatalf("receipt of entry %d has another entry (%v)", a.index, err)
	}
	l.seen["a receipt"] = append(l.seen["a receipt"], proof.Checkpoint.Checkpoint)
}

// after demands of what is left that it starts, has all that was said, and goes on.
func (l *life) after() {
	l.t.Helper()
	l.open()
	l.check()
	for _, r := range l.all() {
		v := l.log.View()
		want, there, err := v.Index(r.ID())
		if err != nil {
			l.t.Fatal(err)
		}
		if !there {
			want = v.Size()
		}
		if l.registers([]*record.Record{r}); l.acked[r.ID()].index != want {
			l.t.Fatalf("record %s is entry %d, it should be %d", r.ID(), l.acked[r.ID()].index, want)
		}
	}
	l.close()
	l.open()
	l.check()
	l.close()
}

// check compares all that was heard with the log.
func (l *life) check() {
	l.t.Helper()
	v := l.log.View()
	roots, tree := []tlog.Hash{tlog.EmptyRoot()}, tlog.NewTree()
	for _, leaf := range CheckLog(l.t, v, Home.Key) {
		tree.Append(leaf, nil)
		roots = append(roots, tree.Root())
	}
	begins := func(c tlog.Checkpoint) bool {
		return c.Origin == Home.Name() && c.Size < uint64(len(roots)) && c.Root == roots[c.Size]
	}
	for where, list := range l.seen {
		for _, c := range list {
			if !begins(c) {
				l.t.Fatalf("%s was of %d entries and root %s, the log of %d does not begin so", where, c.Size, c.Root, v.Size())
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for process, list := range l.signed {
		for i, c := range list {
			if lost := l.SignsFirst && process == l.ended && i == len(list)-1; !lost && !begins(c) {
				l.t.Fatalf("process %d signed %d entries and root %s, the log of %d does not begin so", process, c.Size, c.Root, v.Size())
			}
		}
	}
	l.checkRecords(v)
}

// checkRecords demands that what was acknowledged is there, and else what may be.
func (l *life) checkRecords(v *ledger.View) {
	l.t.Helper()
	there := uint64(0)
	for _, r := range l.all() {
		index, ok, err := v.Index(r.ID())
		if err != nil {
			l.t.Fatal(err)
		}
		if ok {
			there++
		}
		if why := l.denied[r.ID()]; ok && why != nil {
			l.t.Fatalf("record %s is entry %d, and it was said that it is not: %v", r.ID(), index, why)
		}
		a, was := l.acked[r.ID()]
		if !was {
			continue
		}
		if !ok || index != a.index {
			l.t.Fatalf("record %s was acknowledged as entry %d: it is %d, %v", r.ID(), a.index, index, ok)
		}
		if b, err := v.Entry(index); err != nil || !bytes.Equal(b, a.entry) {
			l.t.Fatalf("entry %d is %q, %v; acknowledged was %q", index, b, err, a.entry)
		}
		b, err := v.Receipt(index)
		if err != nil {
			l.t.Fatal(err)
		}
		l.proved(r, b)
	}
	if there != v.Size() {
		l.t.Fatalf("of %d entries %d may be there", v.Size(), there)
	}
}
