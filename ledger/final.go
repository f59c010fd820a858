package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/rules"
)

// ErrUnconfirmed says that the ledger does not know whether somebody else has registered what it
// does not have: its [Storage] gave no answer.
var ErrUnconfirmed = errors.New("nothing confirms that the ledger has all that is registered")

// confirmation returns nil where nobody else had registered anything at a moment after the call
// began, and else ErrUnconfirmed, or why the Storage has ended.
func (l *Log) confirmation(ctx context.Context) error {
	err := l.storage.Confirm(ctx)
	if err == nil {
		return nil
	}
	if ended := l.storage.Err(); ended != nil {
		return ended
	}
	return fmt.Errorf("%w: %v", ErrUnconfirmed, err) // not wrapped: the end of a request to it is not that of the caller's
}

// final returns what the rules say of a record by the ledger's state, as a final word. Who has not
// all of the log would refuse for what another has registered, and it is no refusal then.
func (l *Log) final(ctx context.Context, err error) error {
	if !rests(err) {
		return err
	}
	doubt := l.confirmation(ctx)
	switch {
	case doubt == nil:
		return err
	case l.storage.Err() != nil:
		return l.stopped(doubt)
	}
	return doubt
}

// finalAll is final of the answers of a batch of which nothing is committed, which share one
// confirmation. (A commit confirms those that are beside what it admits.)
func (l *Log) finalAll(answers []answer) error {
	for _, a := range answers {
		if rests(a.err) {
			return l.confirmation(l.ctx)
		}
	}
	return nil
}

// rests says whether an error is a refusal that would be another answer if there were more in the
// log. Any would but one of its form, if it had the record itself.
func rests(err error) bool {
	var refusal *rules.Refusal
	return errors.As(err, &refusal) && refusal.Rule != rules.Form && refusal.Rule != rules.Once
}
