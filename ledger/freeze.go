package ledger

import (
	"errors"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
)

// ErrFrozen says that a ledger is frozen for good: it registers nothing any more.
var ErrFrozen = store.ErrFrozen

// ErrThawed says that the guard knows that the ledger was frozen, and the store does not.
var ErrThawed = errors.New("the ledger was frozen for good, and the store is of before")

// staysFrozen has the guard know that the ledger is frozen where the store does. The error
// is ErrThawed where the guard alone does.
func (l *Log) staysFrozen() error {
	frozen, err := l.guard.Frozen()
	switch {
	case err != nil || frozen == l.frozen:
		return err
	case frozen:
		return ErrThawed
	}
	return l.guard.Freeze(l.store.Head().Checkpoint.Checkpoint)
}

// Frozen says whether the ledger is frozen for good: it registers nothing, and goes on with
// everything else.
func (l *Log) Frozen() bool { return l.frozen }

// Takes returns ErrFrozen where the ledger is frozen and does not have the record of this
// id, public or not, so that nothing else of it needs to be asked.
func (l *Log) Takes(id record.ID) error {
	if !l.frozen {
		return nil
	}
	taken, err := l.Taken(id)
	if err != nil || taken {
		return err
	}
	return ErrFrozen
}
