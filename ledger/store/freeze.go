package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
)

// ErrFrozen says that a ledger is frozen for good: it registers nothing any more.
var ErrFrozen = errors.New("the ledger is frozen for good, and registers nothing any more")

// Freeze has the store of a ledger take no entry any more, for ever, and returns when that
// is on disk. What it has may still be published. It is for the goroutine that writes.
func (s *Store) Freeze() error {
	if err := s.is(!copied); err != nil || s.frozen {
		return err
	}
	if err := s.write(func() error { return s.db.Set(frozenKey, s.head.Checkpoint.Text(), pebble.Sync) }); err != nil {
		return err
	}
	s.frozen = true
	return nil
}

// Frozen says whether the store is frozen. It is for the goroutine that writes.
func (s *Store) Frozen() bool { return s.frozen }

// guardFrozen is the file of a guard that says that the ledger is frozen.
const guardFrozen = "frozen"

// Freeze has the guard remember that the ledger is frozen, with this tree, and returns when
// that is on disk: a store of before, put back, does not know it.
func (g *Guard) Freeze(c tlog.Checkpoint) error {
	return WriteFile(g.fs, g.fs.PathJoin(g.dir, guardFrozen), c.Text())
}

// Frozen says whether [Guard.Freeze] was called.
func (g *Guard) Frozen() (bool, error) {
	_, err := g.fs.Stat(g.fs.PathJoin(g.dir, guardFrozen))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// loadFrozen reads whether the store is frozen, and proves that it is with all that it
// has, and no more.
func (s *Store) loadFrozen() error {
	value, err := s.get(frozenKey)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("whether the ledger is frozen: %w", err)
	}
	s.frozen = true
	return errors.Join(s.is(!copied), checkFrozen(value, s.head))
}

func checkFrozen(value []byte, head Head) error {
	if text := head.Checkpoint.Text(); !bytes.Equal(value, text) {
		return fmt.Errorf("the ledger was frozen as %.500q, the head is %q", value, text)
	}
	return nil
}

// Frozen says whether there is a mark in the store that it is frozen, whatever its form; the
// error says that it cannot be read, or is not that of this head.
func (r *Raw) Frozen(head Head) (bool, error) {
	value, err := r.store.get(frozenKey)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, asDamage(err)
	}
	return true, checkFrozen(value, head)
}
