package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/verify"
)

// Terms are whom a running Log asks from now on, and by what it judges receipts.
type Terms struct {
	Policy    []byte             // as in Config
	Witnesses *witness.Witnesses // of that policy, whom nobody has asked yet; not nil

	// Keep has the next start ask them. It is called when their quorum has cosigned, and
	// before anything is public by it.
	Keep func() error
}

// terms do not change: others take their place.
type terms struct {
	policy    *verify.Policy
	witnesses *witness.Witnesses // nil for none
}

// A change is for the sequencer, which answers it once.
type change struct {
	ctx  context.Context // of who asks for it, until the witnesses have cosigned
	to   *terms
	keep func() error
	done chan error // has room for the answer

	unheard []witness.Claim // set before done
}

// asked returns the witnesses; nil for none.
func (l *Log) asked() *witness.Witnesses { return l.terms.Load().witnesses }

// readPolicy reads a policy, which has to list the ledger.
func readPolicy(text []byte, key note.Key) (*verify.Policy, error) {
	p, err := verify.ParsePolicy(text)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if _, ok := p.Log(key); !ok {
		return nil, fmt.Errorf("policy: the ledger %s is no log of it", key)
	}
	return p, nil
}

// Reload goes on with other witnesses, or with another quorum of the same. They are asked
// for the newest tree that has left, between two batches, or in the place of those of
// before where these have not cosigned it; and when their quorum has, what Keep does is
// done, the tree is public with their cosignatures, and those of before are closed. Records
// wait meanwhile, for no longer than it takes to renew cosignatures.
//
// With an error nothing has changed, or the log has stopped, and the new ones are the
// caller's to close: it is ErrNoQuorum, that of ctx, of Keep, ErrClosed or ErrStopped, or a
// [*witness.Conflict] of the new ones, whose word weighs as at a start. One with a proof
// stops the log, whoever has it, as ever.
//
// Unheard is what witnesses that are asked no more said without a proof until then.
func (l *Log) Reload(ctx context.Context, t Terms) (unheard []witness.Claim, err error) {
	policy, err := readPolicy(t.Policy, l.Key())
	if err != nil {
		return nil, err
	}
	ch := &change{ctx: ctx, to: &terms{policy, t.Witnesses}, keep: t.Keep, done: make(chan error, 1)}
	select {
	case l.changes <- ch:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.done:
		return nil, cmp.Or(l.err, ErrClosed)
	}
	err = <-ch.done
	return ch.unheard, err
}

// publishCosigned publishes the head when the witnesses have cosigned it, or those of a
// change that comes meanwhile.
func (l *Log) publishCosigned(head store.Head) error {
	for {
		cosigned, ch, err := l.cosign(head)
		if err == nil {
			err = l.add(cosigned)
		}
		if ch == nil {
			return err
		}
		waits := errors.Is(err, context.Canceled) && l.ctx.Err() == nil
		if err != nil && !waits {
			ch.done <- l.stopped(err)
			return err
		}
		if changed, end := l.change(ch); changed || end != nil || !waits {
			return end
		}
	}
}

// cosign has the witnesses cosign the head, however long that takes, unless a change comes.
// That is returned, and the error then is context.Canceled, or what there was at once with it.
func (l *Log) cosign(head store.Head) (tlog.SignedCheckpoint, *change, error) {
	ctx, cancel := context.WithCancel(l.ctx)
	came := make(chan *change, 1)
	go func() {
		defer cancel()
		select {
		case ch := <-l.changes:
			came <- ch
		case <-ctx.Done():
			came <- nil
		}
	}()
	c, err := l.asked().Cosign(ctx, head.Checkpoint, head.Time)
	cancel()
	return c, <-came, err
}

// change asks the witnesses of a change for the stored head, which has left, and goes on
// with them when it is public by their quorum. The error is one after which the log may not
// go on.
//
// It is the sequencer's, so that nobody else is asked for a newer tree meanwhile: a witness
// of both policies would have that, and show it as the proof of another history.
func (l *Log) change(ch *change) (changed bool, end error) {
	cosigned, err := l.tried(ch)
	var conflict *witness.Conflict
	switch {
	case errors.As(err, &conflict) && conflict.Seen != nil:
		end = conflict
	case err == nil:
		if changed, err = l.exchange(ch, cosigned); changed {
			end = err
		}
	}
	end = cmp.Or(l.storage.Err(), end)
	if end != nil {
		err = l.stopped(end)
	}
	ch.done <- err
	return changed, end
}

// tried returns the stored head with cosignatures that make the quorum of a change.
func (l *Log) tried(ch *change) (tlog.SignedCheckpoint, error) {
	ctx, cancel := context.WithTimeout(l.ctx, refreshPatience)
	defer cancel()
	defer context.AfterFunc(ch.ctx, cancel)()
	head := l.store.Head()
	c, err := ch.to.witnesses.Cosign(ctx, head.Checkpoint, head.Time)
	switch {
	case err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()):
	case ch.ctx.Err() != nil:
		err = ch.ctx.Err()
	case l.ctx.Err() != nil:
		err = ErrClosed
	default:
		err = fmt.Errorf("%w, of the new policy and within %v", ErrNoQuorum, refreshPatience)
	}
	return c, err
}

// exchange goes on by other terms, whose quorum has cosigned the stored head. An error
// after the change is one after which the log may not go on.
func (l *Log) exchange(ch *change, cosigned tlog.SignedCheckpoint) (changed bool, err error) {
	before := l.asked()
	if before == nil {
		err = l.store.Hold() // on disk before it is that witnesses are asked: see resume
	} else if c := before.Conflict(); c != nil {
		err = c
	}
	if err != nil {
		return false, err
	}
	if err := ch.keep(); err != nil {
		return false, err
	}
	l.terms.Store(ch.to)
	l.past.follow(ch.to.policy)
	l.seen.Store(0) // what the quorum of before had seen, another may never renew
	if err := l.add(cosigned); err != nil {
		return true, err
	}
	l.confirmed.Store(true)
	if before == nil {
		return true, nil
	}
	before.Close()
	if c := before.Conflict(); c != nil {
		return true, c
	}
	ch.unheard = slices.DeleteFunc(before.Claims(), func(c witness.Claim) bool {
		return slices.ContainsFunc(ch.to.policy.Witnesses, func(w verify.Witness) bool { return w.Key == c.Witness.Key })
	})
	return true, nil
}
