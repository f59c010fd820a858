package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// A request is a record that waits for its place in the log.
type request struct {
	record *record.Record
	size   int         // bytes of the record
	answer chan answer // has room for the one answer, so that nobody waits for who left
}

type answer struct {
	index      uint64
	registered int64 // where new
	new        bool
	view       *View
	err        error
}

// run is the sequencer.
func (l *Log) run() {
	defer close(l.done)
	for {
		select {
		case q, ok := <-l.queue:
			if !ok {
				return
			}
			l.sequence(l.gather(q))
		case <-l.store.Failed():
		}
		if err := l.store.Err(); err != nil {
			l.stop(err)
			return
		}
	}
}

// stop answers all that still waits, and ends the log.
func (l *Log) stop(err error) {
	l.log.Error("ledger stopped", "err", err)
	l.err = fmt.Errorf("%w: %w", ErrStopped, err)
	l.close(l.err)
	for q := range l.queue {
		q.answer <- answer{err: l.err}
	}
}

// gather returns the first request and those that wait behind it, as many as a batch
// takes.
func (l *Log) gather(first *request) []*request {
	batch, bytes := []*request{first}, first.size
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

// sequence takes requests through the steps of a batch, and answers each.
func (l *Log) sequence(requests []*request) {
	answers, err := l.commit(requests)
	view := l.View()
	for i, q := range requests {
		if err != nil {
			q.answer <- answer{err: err}
			continue
		}
		answers[i].view = view
		q.answer <- answers[i]
	}
}

// commit decides on requests, and writes and publishes what it admits. The answers
// hold if it returns no error.
func (l *Log) commit(requests []*request) ([]answer, error) {
	start := l.clock()
	batch := l.store.NewBatch()
	t, err := l.time(batch.LastTime())
	if err != nil {
		return nil, errors.Join(err, batch.Close())
	}
	answers := make([]answer, len(requests))
	for i, q := range requests {
		answers[i] = l.admit(batch, t, q.record)
	}
	if batch.Len() == 0 {
		return answers, batch.Close()
	}
	unsigned, err := batch.Checkpoint()
	if err != nil {
		return nil, errors.Join(err, batch.Close())
	}
	checkpoint, err := signCheckpoint(unsigned, l.Key(), l.sign)
	if err != nil {
		return nil, errors.Join(err, batch.Close())
	}
	if err := batch.Commit(checkpoint); err != nil {
		if l.store.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrStopped, err)
		}
		return nil, err
	}
	l.publish(l.store.Head())
	l.log.Debug("registered", "records", batch.Len(), "size", checkpoint.Size, "took", l.clock().Sub(start).Round(time.Microsecond))
	return answers, nil
}

// admit adds the record to the batch if the rules admit it.
func (l *Log) admit(batch *store.Batch, t int64, r *record.Record) answer {
	err := rules.Admit(batch, l.Key(), t, r)
	var refusal *rules.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Rule == rules.Once:
		return answer{index: refusal.Index}
	case err != nil:
		return answer{err: err}
	}
	index, err := batch.Append(t, r)
	return answer{index: index, registered: t, new: true, err: err}
}

// publish shows a stored head to all readers. It stands between what is stored and
// what is answered: who has to see a checkpoint before the public does, is asked
// here.
func (l *Log) publish(head store.Head) {
	l.view.Store(newView(l.store, head, l.View().policy))
}

// signCheckpoint returns the checkpoint with the signature that sign makes. Whether it
// is one of the key, the store asks before it takes it.
func signCheckpoint(c tlog.Checkpoint, key note.Key, sign func([]byte) ([]byte, error)) (tlog.SignedCheckpoint, error) {
	text := c.Text()
	sig, err := sign(text)
	if err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("signing the checkpoint of size %d: %w", c.Size, err)
	}
	n := note.Note{Text: text, Signatures: []note.Signature{key.Signature(sig)}}
	signed, err := tlog.ParseSignedCheckpoint(n.Bytes())
	if err != nil {
		return tlog.SignedCheckpoint{}, fmt.Errorf("signing the checkpoint of size %d: %w", c.Size, err)
	}
	return signed, nil
}
