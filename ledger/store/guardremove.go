package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// RemoveGuard removes from the disk what [CreateGuard] made of the guard of a ledger that did
// not come to be; the directory stays. A guard that another process holds, or that has a
// checkpoint of another ledger or one with entries, is not that one: it stays too, and that is
// no error.
func RemoveGuard(cfg GuardConfig) error {
	// Asked before it is held: whose guard it is may want to open it now.
	if !begunBy(cfg) {
		return nil
	}
	name := filepath.Join(cfg.Dir, guardLock)
	lock, err := HoldExisting(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	if !begunBy(cfg) {
		return lock.Close()
	}
	for _, slot := range guardSlots {
		if e := os.Remove(filepath.Join(cfg.Dir, slot)); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, Drop(lock, name))
}

// begunBy says that the files of a guard have nothing but what a ledger of that key begins with,
// or what was cut short.
func begunBy(cfg GuardConfig) bool {
	for _, slot := range guardSlots {
		c, err := readSlot(vfs.Default, filepath.Join(cfg.Dir, slot))
		if err == nil && (c.Size > 0 || CheckSigner(cfg.Key, c) != nil || c.Root != tlog.EmptyRoot()) {
			return false
		}
	}
	return true
}
