package ledger

import (
	"bytes"
	"context"

	"github.com/chirograph/chirograph/ledger/record"
)

// A Pending is a record that was taken and waits for its place in the log. Any number
// may wait for it; that one of them goes concerns nobody else.
type Pending struct {
	record *record.Record
	size   int           // bytes of the record
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
	first, ok := l.pending[r.ID()]
	if ok && first.is(r.Bytes()) {
		return first, true, nil
	}
	if err := l.send(p); err != nil {
		return nil, false, err
	}
	if !ok {
		l.pending[r.ID()] = p
	}
	return p, false, nil
}

// Pending returns the record of that id that waits, if it is b to the byte; else nil.
// Whoever sends b again has none of its signatures checked again.
func (l *Log) Pending(id record.ID, b []byte) *Pending {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	if p, ok := l.pending[id]; ok && p.is(b) {
		return p
	}
	return nil
}

// is says whether p is the record of these bytes: with other signature lines the rules
// may say another thing.
func (p *Pending) is(b []byte) bool { return bytes.Equal(p.record.Bytes(), b) }

// Done returns a channel that is closed when the record has its answer.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Wait returns where the record is, as [Log.Append] does. When ctx ends, only this
// waiting does.
func (p *Pending) Wait(ctx context.Context) (Registration, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		return Registration{}, ctx.Err()
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
	if l.pending[p.record.ID()] == p {
		delete(l.pending, p.record.ID())
	}
	l.pendingMu.Unlock()
	p.answer = a
	close(p.done)
}
