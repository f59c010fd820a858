package store

import (
	"errors"
	"fmt"
)

// Hand gives a copy that has all entries of the store a signed head of all of them, and
// what is published, and freezes it where the store is frozen: the copy is the ledger's own
// from then on. What cannot be read is lost, as the first error says: what is published, so
// that the head is, and that the store was frozen.
func (r *Raw) Hand(head Head, to *Store) (lost, err error) {
	if to.head.Time != head.Time {
		return nil, fmt.Errorf("the head has the time %d, the last entry %d", head.Time, to.head.Time)
	}
	if err := to.Promote(head.Checkpoint); err != nil {
		return nil, err
	}
	if frozen, err := r.Frozen(head); frozen {
		if err := to.Freeze(); err != nil {
			return nil, err
		}
	} else if err != nil {
		lost = fmt.Errorf("whether the ledger was frozen cannot be read, and it is not; if it was, freeze it again: %w", err)
	}
	published, err := r.Published()
	if errors.Is(err, ErrNotFound) {
		return lost, nil
	}
	if err == nil {
		err = to.Continues(published.Checkpoint.Checkpoint)
	}
	if err != nil {
		return errors.Join(lost, fmt.Errorf("what was public cannot be read, so that all entries are: %w", err)), nil
	}
	return lost, to.setPublished(&published)
}
