//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package dossier

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lock locks an open file, against every other time that it is opened, until it is
// closed. Without wait it fails where another has it.
func lock(f *os.File, wait bool) error {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}

// hold has everybody else who saves at path wait, or find another file there, until it
// is released. The lock is that of the file that is there: it is left behind with the file
// that is replaced, and nothing is left by a command that is killed. Where there is no
// file there is nothing to hold, because a new one replaces none.
//
// A folder without locks is no reason not to save: see [Dossier.Save].
func hold(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0) // NFS locks nothing that is only read
	if err != nil {
		f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	_ = lock(f, true)
	return func() { f.Close() }, nil
}

// removeUnlocked removes a file that nobody has locked.
func removeUnlocked(name string) {
	f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if lock(f, false) == nil {
		os.Remove(name)
	}
}
