package store

import (
	"errors"
	"fmt"
)

// OpenReadOnly opens the store of a ledger as Open does, to be looked at: nothing of it
// changes, also where it is behind its guard, and what would write fails.
func OpenReadOnly(cfg Config) (*Store, error) { return openReadOnly(cfg, !copied) }

// OpenReadOnlyCopy opens a copy of a log as OpenReadOnly opens a ledger's own store.
func OpenReadOnlyCopy(cfg Config) (*Store, error) { return openReadOnly(cfg, copied) }

func openReadOnly(cfg Config, isCopy bool) (*Store, error) {
	s := &Store{dir: cfg.Dir, key: cfg.Key, copy: isCopy, readOnly: true, failed: make(chan struct{})}
	if err := s.open(cfg, false); err != nil {
		return nil, fmt.Errorf("store %s: %w", cfg.Dir, asDamage(err))
	}
	if err := s.call(s.load); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", s.dir, err), s.Close())
	}
	return s, nil
}

// notBehind looks whether the store has what its guard knows of, before anything is
// written: a database that opens to be written ends its log of writes where it can read
// no further. Where a bit of it is wrong, that is in the midst of what was acknowledged,
// and what comes after would be gone. Whether the two agree is seen later.
func notBehind(cfg Config) error {
	if cfg.Guard == "" {
		return nil
	}
	left, err := leftBy(GuardConfig{Dir: cfg.Guard, FS: cfg.FS, Key: cfg.Key})
	if err != nil || left == 0 {
		return err
	}
	r, err := OpenRaw(cfg)
	if err != nil {
		return err
	}
	var head Head
	number, key, err := r.Format()
	if err == nil && number == r.WantFormat() && key == cfg.Key.String() {
		head, err = r.Head()
	} else {
		left = 0 // Open says what it is
	}
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("store %s: %w", cfg.Dir, err)
	}
	if have := head.Checkpoint.Size; have < left {
		return fmt.Errorf("store %s: %w, and nothing of it was changed: the tree has %d entries, a checkpoint of size %d has left", cfg.Dir, ErrBehind, have, left)
	}
	return nil
}

// leftBy returns the size of the largest tree that a guard knows of; 0 where there is
// none, or none that can be read, of which others say more.
func leftBy(cfg GuardConfig) (size uint64, err error) {
	list, err := ReadGuard(cfg)
	if errors.Is(err, ErrNoGuard) {
		return 0, nil
	}
	for _, f := range list {
		if f.Err == nil {
			size = max(size, f.Checkpoint.Size)
		}
	}
	return size, err
}
