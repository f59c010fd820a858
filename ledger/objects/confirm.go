package objects

import (
	"context"
	"errors"
	"sync"
	"time"
)

// confirmTime is for how long one look at the head is waited for that confirms it: who asks waits
// for two at most, and hears sooner than a proxy gives up that nobody knows.
const confirmTime = 5 * time.Second

// errDark says that the bucket did not answer in time.
var errDark = errors.New("the bucket does not say whose head it has")

// questions are the calls of Confirm: all that come while one look is under way share the next.
type questions struct {
	mu   sync.Mutex
	next *question // whose look has not begun; nil for none
	runs bool      // a look is under way, or begins
	dark bool      // the last one found nothing out: it is tried again, and nobody waits for that
}

type question struct {
	done chan struct{} // closed when err is set
	err  error
}

func (a *questions) darkens(dark bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dark = dark
}

// Confirm returns nil where the head was this leader's at a moment after the call began, and else
// why that is not known; where it is another's by now, the leader ends. It waits for one look
// that is under way, and one more, until ctx ends.
func (l *Leader) Confirm(ctx context.Context) error {
	if err := l.Err(); err != nil {
		return err
	}
	q, dark := l.ask()
	if dark {
		return errDark
	}
	late := time.NewTimer(2 * confirmTime)
	defer late.Stop()
	select {
	case <-q.done:
		return q.err
	case <-late.C:
		l.asked.darkens(true)
		return errDark
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask has somebody look, and says whether that is not worth waiting for.
func (l *Leader) ask() (q *question, dark bool) {
	a := &l.asked
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == nil {
		a.next = &question{done: make(chan struct{})}
	}
	if !a.runs {
		a.runs = true
		go l.answer()
	}
	return a.next, a.dark
}

// answer looks as long as anybody asks.
func (l *Leader) answer() {
	a := &l.asked
	for {
		a.mu.Lock()
		q := a.next
		a.next, a.runs = nil, q != nil
		a.mu.Unlock()
		if q == nil {
			return
		}
		q.err = l.own()
		a.darkens(q.err != nil)
		close(q.done)
	}
}

// own looks once whether the head is this leader's.
func (l *Leader) own() error {
	mine := *l.nonce.Load()
	ctx, cancel := context.WithTimeout(l.ctx, confirmTime)
	defer cancel()
	h, _, err := l.register.Peek(ctx)
	if err != nil || h.Nonce == mine {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Err(); err != nil || h.Nonce == l.head.Nonce {
		return err // this leader has changed it meanwhile
	}
	return l.swap(l.bare()) // which finds out whose it is
}
