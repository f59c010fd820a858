package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

type answer struct {
	index      uint64
	registered int64 // where new
	new        bool
	view       *View
	err        error
}

// errLeft says that a tree is not to be signed.
var errLeft = errors.New("not shown to go on from what has left the ledger")

// refreshAfter is how old cosignatures may be while nothing is registered: whoever
// watches sees from their times that the ledger hides nothing newer.
const (
	refreshAfter    = time.Hour
	refreshPatience = 30 * time.Second // for the quorum, while records may be coming
)

// run is the sequencer.
func (l *Log) run() {
	defer close(l.done)
	defer l.cancel()
	stale := time.NewTimer(refreshAfter)
	defer stale.Stop()
	var err error
	if l.asked() != nil {
		err = l.finish()
	}
	for err == nil {
		stale.Reset(refreshAfter)
		select {
		case q, ok := <-l.queue:
			if !ok {
				return
			}
			err = l.sequence(l.gather(q))
		case c := <-l.late():
			err = l.add(c)
		case <-stale.C:
			err = l.refresh()
		case <-l.conflicted():
			err = l.asked().Conflict()
		case ch := <-l.changes:
			_, err = l.change(ch)
		case <-l.storage.Failed():
		}
		err = cmp.Or(l.storage.Err(), err)
	}
	l.stop(err)
}

// stop answers all that still waits, and ends the log.
func (l *Log) stop(err error) {
	err = l.stopped(err)
	if !errors.Is(err, ErrClosed) {
		level := slog.LevelError
		if _, alone := l.storage.(embedded); !alone && l.storage.Err() != nil {
			level = slog.LevelInfo // that another node took over is no fault; whether it is one, who opened it knows
		}
		l.log.Log(context.Background(), level, "ledger stopped: nothing is registered any more; who opened it says why")
		l.err = err
	}
	l.close(err)
	var left []*Pending
	for q := range l.queue {
		left = append(left, q)
	}
	l.settle(left, slices.Repeat([]answer{{err: err}}, len(left)))
}

// stopped returns the error of which those who wait are told. A log that is closed
// while it waits for witnesses has not failed.
func (l *Log) stopped(err error) error {
	if l.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", ErrStopped, err)
}

// gather returns the first request and those that wait behind it, as many as a batch
// takes.
func (l *Log) gather(first *Pending) []*Pending {
	batch, bytes := []*Pending{first}, first.size
	for len(batch) < l.maxBatch && bytes < maxBatchBytes {
		select {
		case q, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch, bytes = append(batch, q), bytes+q.size
		default:
			return batch
		}
	}
	return batch
}

// sequence takes requests through the steps of a batch, and answers each. The error
// is one after which the log may not go on.
func (l *Log) sequence(requests []*Pending) error {
	for _, q := range requests {
		q.begun.Store(true)
	}
	var answers []answer
	err := l.certain()
	if err == nil {
		err = l.confirm()
	}
	var end error
	if err == nil {
		answers, end, err = l.commitAndLeave(requests)
	}
	var conflict *witness.Conflict
	switch {
	case end != nil:
	case errors.As(err, &conflict):
		end = err
	case err == nil && l.store.Head().Checkpoint.Size > l.View().Size():
		end = l.finish()
	case errors.Is(err, errLeft) || l.storage.Err() != nil:
		end = err
	}
	if end != nil {
		err = l.stopped(end)
	}
	if err != nil {
		answers = slices.Repeat([]answer{{err: err}}, len(requests))
	}
	view := l.View()
	for i := range answers {
		answers[i].view = view
	}
	l.settle(requests, answers)
	return end
}

// commitAndLeave decides on requests, writes what it admits, and has the guard remember
// it. No backup is made in between. The error end is one after which the log may not go on.
func (l *Log) commitAndLeave(requests []*Pending) (answers []answer, end, err error) {
	l.leaving.Lock()
	defer l.leaving.Unlock()
	if answers, err = l.commit(requests); err != nil {
		return nil, nil, err
	}
	return answers, l.leave(), nil
}

// commit decides on requests, and writes what it admits. The answers hold if it
// returns no error, and when the new head is published.
func (l *Log) commit(requests []*Pending) ([]answer, error) {
	start := l.signer.clock()
	batch := l.store.NewBatch()
	t, err := l.time(batch.LastTime())
	if err != nil {
		return nil, errors.Join(err, batch.Close())
	}
	answers := make([]answer, len(requests))
	for i, q := range requests {
		answers[i] = l.admit(batch, t, q)
	}
	records := batch.Len()
	if records == 0 {
		return answers, cmp.Or(batch.Close(), l.finalAll(answers))
	}
	checkpoint, err := l.continues(batch)
	if err != nil {
		return nil, errors.Join(err, batch.Close())
	}
	err = l.storage.Commit(batch, func() (tlog.SignedCheckpoint, error) { return l.signer.checkpoint(checkpoint) })
	if err != nil {
		return nil, err
	}
	l.sure()
	took := l.signer.clock().Sub(start)
	if l.batch != nil {
		l.batch(records, took)
	}
	l.log.Debug("registered", "records", records, "size", checkpoint.Size, "took", took.Round(time.Microsecond))
	return answers, nil
}

// continues returns the checkpoint of the batch, which may be signed: it has proved that its
// tree goes on from what the guard has, and no witnesses say that there is another.
func (l *Log) continues(batch *store.Batch) (tlog.Checkpoint, error) {
	c, err := batch.Checkpoint()
	if err != nil {
		return tlog.Checkpoint{}, err
	}
	last, err := l.guard.Last()
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("%w: %w", errLeft, err)
	}
	if err := batch.Continues(last.Checkpoint); err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("%w: %w", errLeft, err)
	}
	return c, l.certain()
}

// admit adds the record to the batch if the rules admit it.
func (l *Log) admit(batch *store.Batch, t int64, q *Pending) answer {
	err := rules.Admit(batch.Knowing(q.absent), l.Key(), t, q.record)
	var refusal *rules.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Rule == rules.Once:
		return answer{index: refusal.Index}
	case err != nil:
		return answer{err: err}
	}
	index, err := batch.Append(t, q.record)
	return answer{index: index, registered: t, new: true, err: err}
}
