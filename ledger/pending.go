package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
)

// maxForms is how many forms of one record, the same text with other signature lines,
// wait at once: the parties have a few, and whoever has many valid lines makes thousands
// of them by leaving some out, of which one at most is registered. It also bounds what a
// look for one form costs.
const maxForms = 4

// A Pending is a record that was taken and waits for its place in the log. Any number
// may wait for it; that one of them goes concerns nobody else.
type Pending struct {
	record *record.Record
	form   form
	absent Absence       // where the record was not when somebody looked
	size   int           // bytes of the record
	begun  atomic.Bool   // it is in a batch, which may be on its way to the disk
	done   chan struct{} // closed when answer is set
	answer answer
}

// A form is the SHA-256 of a record's bytes, its signature lines among them. Forms are
// told apart by it: they share the whole of their text, so that to compare them would be
// to read it again with each.
type form [sha256.Size]byte

func formOf(b []byte) form { return sha256.Sum256(b) }

// Submit puts a record into the queue, and does not wait. A record that waits already,
// the same to the byte, is that one, and shared: it takes no second place. The error is
// ErrFrozen, ErrBusy, also where maxForms others of its id wait, ErrClosed, ErrStopped or
// ErrDoubt.
func (l *Log) Submit(r *record.Record) (p *Pending, shared bool, err error) {
	return l.SubmitAbsent(r, Absence{})
}

// An Absence is a View's answer that it does not have a record: View.Absence makes it.
type Absence = store.Absence

// SubmitAbsent is Submit for whoever has asked a View for the record: the sequencer asks
// the database no second time. The zero Absence is that of nobody.
func (l *Log) SubmitAbsent(r *record.Record, absent Absence) (p *Pending, shared bool, err error) {
	if err := cmp.Or(l.Takes(r.ID()), l.unsure(r.ID())); err != nil {
		return nil, false, err
	}
	b := r.Append(make([]byte, 0, 2048)) // on the stack, and enough for most
	p = &Pending{record: r, form: formOf(b), absent: absent, size: len(b), done: make(chan struct{})}
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	if same := l.waiting(r.ID(), p.form); same != nil {
		return same, true, nil
	}
	if n := len(l.pending[r.ID()]); n >= maxForms {
		return nil, false, fmt.Errorf("%w: %d of them are this one with other signature lines, at most %d may be", ErrBusy, n, maxForms)
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
	f := formOf(b) // before the lock, for which all wait
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	return l.waiting(id, f)
}

// waiting returns the record of this form that waits: with other signature lines the
// rules may say another thing. It is for who has pendingMu.
func (l *Log) waiting(id record.ID, f form) *Pending {
	for _, p := range l.pending[id] {
		if p.form == f {
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
// true at one moment of the call, which waits for the Storage, until ctx ends.
func (l *Log) Fate(ctx context.Context, id record.ID, b []byte) (Fate, error) {
	// In this order: what has its answer at the first look is stored at the second.
	fate := l.inLine(id, formOf(b))
	taken, err := l.Taken(id)
	switch {
	case err != nil:
		return Unsure, err
	case taken:
		return Stored, nil
	case l.storage.Err() != nil:
		return Unsure, nil // what a write that failed left on disk
	case fate != Unsure && l.confirmation(ctx) != nil:
		return Unsure, nil // what another may have registered
	}
	return fate, nil
}

func (l *Log) inLine(id record.ID, f form) Fate {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	fate := Absent
	for _, p := range l.pending[id] {
		if p.begun.Load() || p.form != f {
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
	return Registration{a.index, a.registered, true, a.view, p.record}, nil
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

// settle gives each record its answer, the one at its index, and all at once: whoever
// looks for a record waits for the same lock.
func (l *Log) settle(records []*Pending, answers []answer) {
	l.pendingMu.Lock()
	defer l.pendingMu.Unlock()
	for i, p := range records {
		id := p.record.ID()
		if forms := l.pending[id]; len(forms) == 1 && forms[0] == p {
			delete(l.pending, id)
		} else if len(forms) > 0 {
			l.pending[id] = slices.DeleteFunc(forms, func(q *Pending) bool { return q == p })
		}
		p.answer = answers[i]
		close(p.done)
	}
}
