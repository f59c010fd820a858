package store

import (
	"errors"
	"fmt"
)

// Hand gives a copy that has all entries of the store a signed head of all of them, and
// what is published, and freezes it where the store is frozen: the copy is the ledger's own
// from then on. What is published and cannot be read is lost, for the reason that is
// returned; then the head is. So is that the store was frozen.
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
		lost = fmt.Errorf("whether the ledger was frozen (if it was, chirographd freeze does it again): %w", err)
	}
	published, err := r.Published()
	if errors.Is(err, ErrNotFound) {
		return lost, nil
	}
	if err == nil {
		err = to.Continues(published.Checkpoint.Checkpoint)
	}
	if err != nil {
		return errors.Join(lost, err), nil
	}
	return lost, to.setPublished(&published)
}
