package ledger

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"

	"github.com/chirograph/chirograph/ledger/record"
)

// A Pending is a record that was taken and waits for its place in the log. Any number
// may wait for it; that one of them goes concerns nobody else.
type Pending struct {
	record *record.Record
	size   int           // bytes of the record
	begun  atomic.Bool   // it is in a batch, which may be on its way to the disk
	done   chan struct{} // closed when answer is set
	answer answer
}

// Submit puts a record into the queue, and does not wait. A record that waits already,
// the same to the byte, is that one, and shared: it takes no second place. The error is
// ErrBusy, ErrClosed, ErrStopped or ErrDoubt.
func (l *Log) Submit(r *record.Record) (p *Pending, shared bool, err error) {
	if err := l.unsure(r.ID()); err != nil {
		return nil, false, err
	}
	p = &Pending{record: r, size: len(r.Bytes()), done: make(chan struct{})}
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	if same := l.waiting(r.ID(), r.Bytes()); same != nil {
		return same, true, nil
	}
	if err := l.send(p); err != nil {
		return nil, false, err
	}
	l.pending[r.ID()] = append(l.pending[r.ID()], p)
	return p, false, nil
}

// Pending returns the record of that id that waits, if it is b to the byte; else nil.
// Whoever sends b again has none of its signatures checked again.
func (l *Log) Pending(id record.ID, b []byte) *Pending {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	return l.waiting(id, b)
}

// waiting returns the record of these bytes that waits: with other signature lines the
// rules may say another thing. It is for who has pendingMu.
func (l *Log) waiting(id record.ID, b []byte) *Pending {
	for _, p := range l.pending[id] {
		if bytes.Equal(p.record.Bytes(), b) {
			return p
		}
	}
	return nil
}

// A Fate is what is known of the record of an id, whatever its signature lines.
type Fate int

const (
	Absent Fate = iota // it is not in the log, and does not wait
	InLine             // it is not in the log, and waits for its turn with these lines
	Unsure             // it may be on its way into the log, or waits with other lines
	Stored             // it is on disk, published or not
)

// Fate says what is known of the record of an id, to somebody who sent these bytes and
// has no answer: that one form of a record is not stored says nothing of the others. It was
// true at one moment of the call.
func (l *Log) Fate(id record.ID, b []byte) (Fate, error) {
	// In this order: what has its answer at the first look is stored at the second.
	fate := l.inLine(id, b)
	taken, err := l.Taken(id)
	switch {
	case err != nil:
		return Unsure, err
	case taken:
		return Stored, nil
	case l.store.Err() != nil:
		return Unsure, nil // what a write that failed left on disk
	}
	return fate, nil
}

func (l *Log) inLine(id record.ID, b []byte) Fate {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	fate := Absent
	for _, p := range l.pending[id] {
		if p.begun.Load() || !bytes.Equal(p.record.Bytes(), b) {
			return Unsure
		}
		fate = InLine
	}
	return fate
}

// Done returns a channel that is closed when the record has its answer.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Wait returns where the record is, as [Log.Append] does. When ctx ends, only this
// waiting does.
func (p *Pending) Wait(ctx context.Context) (Registration, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		select {
		case <-p.done: // both at once: what is known is told
		default:
			return Registration{}, ctx.Err()
		}
	}
	a := p.answer
	switch {
	case a.err != nil:
		return Registration{}, a.err
	case !a.new:
		return a.view.registration(a.index)
	}
	return Registration{a.index, a.registered, true, a.view}, nil
}

// send puts a record into the queue, or says why not.
func (l *Log) send(p *Pending) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.shut != nil {
		return l.shut
	}
	select {
	case l.queue <- p:
		return nil
	default:
		return ErrBusy
	}
}

// settle gives a record its answer.
func (l *Log) settle(p *Pending, a answer) {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	id := p.record.ID()
	l.pending[id] = slices.DeleteFunc(l.pending[id], func(q *Pending) bool { return q == p })
	if len(l.pending[id]) == 0 {
		delete(l.pending, id)
	}
	p.answer = a
	close(p.done)
}
