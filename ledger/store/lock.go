package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// errLocked says that a process has a lock, perhaps this one.
var errLocked = errors.New("its lock is taken")

// locks is a file system of the disk with our way to lock a file. Pebble's follows a link
// and empties what it finds, and who may write where the lock is, as the user of a ledger
// whose store root looks at, says by it what is emptied.
type locks struct{ vfs.FS }

func (l locks) Unwrap() vfs.FS { return l.FS }

// Lock makes a file where there is none and holds it for this process, until it is closed.
// The file is the one of that name, regular, and of no other name; nothing in it changes.
func (locks) Lock(name string) (io.Closer, error) { return lockFile(name, true) }

// lockable returns the file system on which a file is locked: the disk, also for nil, with
// our way to do that.
func lockable(files vfs.FS) vfs.FS {
	if files == nil || files == vfs.Default {
		return locks{vfs.Default}
	}
	return files
}

// Hold holds a file for this process, which it makes and leaves there, until it is
// closed: for what is to be done by one process alone with more than a store. The error is
// [ErrHeld] where another process has it.
func Hold(name string) (io.Closer, error) { return hold(name, true) }

// HoldExisting is [Hold] of a file that is there, and makes none: the error is
// [fs.ErrNotExist] where there is none.
func HoldExisting(name string) (io.Closer, error) { return hold(name, false) }

func hold(name string, create bool) (io.Closer, error) {
	lock, err := lockFile(name, create)
	if err != nil {
		return nil, notHeld(name, err)
	}
	return lock, nil
}

// Drop gives up a file that [Hold] holds, and removes it. The name goes first, where a file can go
// that is open: nobody else gets to hold what is about to go.
func Drop(held io.Closer, name string) error {
	early := os.Remove(name)
	err := held.Close()
	if early != nil {
		if late := os.Remove(name); !errors.Is(late, fs.ErrNotExist) {
			err = errors.Join(err, late)
		}
	}
	return err
}

// notHeld returns why a file could not be locked: that another process has it, or what is
// wrong with the file itself.
func notHeld(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%s: %w (%w)", name, ErrHeld, err)
}

// mustLock demands that a file, which is to be locked, is regular and not another's too.
func mustLock(name string, info fs.FileInfo) error {
	var err error
	switch names := namesOf(info); {
	case !info.Mode().IsRegular():
		err = fmt.Errorf("it is %v, and a lock is a regular file: remove it where no process uses it", info.Mode())
	case names > 1:
		err = fmt.Errorf("the file has %d names, and a lock has one: remove it where no process uses it", names)
	default:
		return nil
	}
	return &fs.PathError{Op: "lock", Path: name, Err: err}
}
