package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// resume publishes what was published when the ledger ended. Without witnesses that
// is all that the store has, once the guard has it. Where witnesses were asked before, and
// the store does not say what they made public, nothing is.
func (l *Log) resume(witnessed bool) error {
	last, err := l.guard.Last()
	if err != nil {
		return err
	}
	if err := l.store.Continues(last.Checkpoint); err != nil {
		return fmt.Errorf("%w: %w", ErrGuard, err)
	}
	if err := l.torn(last.Checkpoint); err != nil {
		return err
	}
	l.left = last.Checkpoint
	switch {
	case l.asked() == nil:
		err = l.leave()
	case witnessed && !l.store.Held():
		// What the store has at its end may be what no quorum has cosigned.
		l.lost = true
		l.log.Error("the store has lost what was public last: nothing is shown before the witnesses have cosigned all that it has; chirographd check says what else is damaged", "size", l.store.Head().Checkpoint.Size)
	case !l.store.Held() && l.store.Published().Checkpoint.Size > last.Size:
		// Committed without witnesses, and cut short before it left. What witnesses
		// have cosigned is public, also where a crash took it from the guard.
		err = l.storage.Publish(last)
	default:
		// What is public stays so. What comes is, when they agree.
		err = l.store.Hold()
	}
	if err != nil {
		return err
	}
	l.show(l.store.Published())
	return nil
}

// torn returns nil where the guard has both its files, or where a crash can have torn one
// of them: the store commits a tree before the guard writes it, so it has more than last,
// the checkpoint in the other. Else what was in the damaged one may have been more than
// the store has.
func (l *Log) torn(last tlog.Checkpoint) error {
	file, why := l.guard.Damaged()
	if file == "" {
		return nil
	}
	if size := l.store.Head().Checkpoint.Size; size > last.Size {
		l.log.Warn("a file of the guard is damaged, as a crash leaves it: the ledger has what it had", "file", file, "why", why.Error(), "size", size)
		return nil
	}
	return fmt.Errorf("guard: %s is damaged (%w), and it may have had more than the %d entries that the ledger and the other file have: "+
		"chirographd recover writes it anew, when the witnesses, or you by --without-witnesses, say that nothing came after them; "+
		"a node of a log in a bucket begins anew when its store and its guard are moved away", file, why, last.Size)
}

// leave has the guard remember that the stored head leaves, and without witnesses
// makes it the public one.
func (l *Log) leave() error {
	head := l.store.Head().Checkpoint
	if head.Checkpoint != l.left {
		if err := l.guard.Put(head); err != nil {
			return err
		}
		l.left = head.Checkpoint
	}
	if l.asked() != nil {
		return nil
	}
	return l.storage.Publish(head)
}

// finish takes the stored head to its readers: through the guard, by the witnesses.
func (l *Log) finish() error {
	head := l.store.Head()
	l.leaving.Lock()
	err := l.leave()
	l.leaving.Unlock()
	if err != nil {
		return err
	}
	if l.asked() == nil {
		l.show(head)
		return nil
	}
	if err = l.patiently(head); err == nil {
		l.confirmed.Store(true)
	}
	return err
}

// quorumPatience is after how long it is said that there is no quorum.
const quorumPatience = 10 * time.Second

// patiently publishes the head when the witnesses have cosigned it, however long that
// takes, and says so when it takes long.
func (l *Log) patiently(head store.Head) error {
	begun := l.signer.clock()
	l.idle.Store(begun.Unix())
	defer l.idle.Store(0)
	long := time.AfterFunc(quorumPatience, func() {
		l.log.Error("no quorum of witnesses: what is registered waits, and submitters are told to come back", "size", head.Checkpoint.Size)
	})
	err := l.publishCosigned(head)
	if !long.Stop() && err == nil {
		l.log.Info("the witnesses make their quorum again", "size", head.Checkpoint.Size, "after", l.signer.clock().Sub(begun).Round(time.Second))
	}
	return err
}

// confirm has the witnesses confirm the ledger's clock when they have not for a while:
// an entry of a time that none of them shares would never be public. Without them, or
// where the policy is content with the ledger's word, there is nothing to confirm.
func (l *Log) confirm() error {
	seen := l.seen.Load()
	if seen == 0 || l.signer.clock().Unix()-seen <= int64(refreshAfter/time.Second)+rules.Skew {
		return nil
	}
	if err := l.refresh(); err != nil {
		return err
	}
	if l.seen.Load() == seen {
		return fmt.Errorf("%w since %s, so that nothing says that the ledger's clock is right", ErrNoQuorum, record.FormatTime(seen))
	}
	return nil
}

// refresh asks the witnesses again for what is published. That they do not answer is
// no fault yet.
func (l *Log) refresh() error {
	if l.asked() == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(l.ctx, refreshPatience)
	defer cancel()
	// What was cosigned before, played again, renews nothing.
	cosigned, err := l.asked().Cosign(ctx, l.store.Head().Checkpoint, l.signer.clock().Unix())
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.add(cosigned)
}

// add publishes the stored head with cosignatures, if it is of that head. Those that
// come late are of one that is older by now, or add to what is published.
func (l *Log) add(c tlog.SignedCheckpoint) error {
	if c.Checkpoint != l.store.Head().Checkpoint.Checkpoint {
		return nil
	}
	if err := l.storage.Publish(c); err != nil {
		return err
	}
	l.lost = false
	l.show(l.store.Published())
	return nil
}

// Doubt returns an ErrDoubt that names the witnesses as long as they say, without a proof,
// that they have another history; else nil. Reads go on, and so does the log when they
// cosign again.
func (l *Log) Doubt() error {
	w := l.asked()
	if w == nil {
		return nil
	}
	if doubt := w.Doubt(); doubt != nil {
		return fmt.Errorf("%w: %v", ErrDoubt, doubt) // not wrapped: a Conflict ends the log
	}
	return nil
}

// certain returns why nothing is signed: a conflict, or a doubt.
func (l *Log) certain() error {
	w := l.asked()
	if w == nil {
		return nil
	}
	if c := w.Conflict(); c != nil {
		return c
	}
	return l.Doubt()
}

// conflicted returns what is closed when a witness has proved another history, also
// while nobody waits for its cosignature; nil without witnesses.
func (l *Log) conflicted() <-chan struct{} {
	if w := l.asked(); w != nil {
		return w.Conflicted()
	}
	return nil
}

// late returns where cosignatures come from after their quorum; nil without
// witnesses.
func (l *Log) late() <-chan tlog.SignedCheckpoint {
	if w := l.asked(); w != nil {
		return w.Late()
	}
	return nil
}

// show swaps the View that all readers load.
func (l *Log) show(head store.Head) {
	terms := l.terms.Load()
	view := newView(l.store, head, terms.policy)
	// That there is no time is no fault: the policy may be newer than the checkpoint.
	if terms.witnesses != nil {
		view.begun = head.Checkpoint.Size > 0 && !l.lost
		if c, err := terms.policy.Checkpoint(head.Checkpoint); err == nil {
			if t, err := terms.policy.SeenBy(c); err == nil {
				l.seen.Store(max(t, l.seen.Load()))
				view.begun = true
			}
		}
	}
	l.view.Store(view)
	if view.begun {
		l.past.Add(head.Checkpoint)
	}
}
