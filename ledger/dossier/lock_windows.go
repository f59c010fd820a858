package dossier

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	fileFlagDeleteOnClose = 0x0400_0000
	errSharingViolation   = syscall.Errno(32)
)

// lock does nothing: a file that is open can be neither replaced nor removed.
func lock(*os.File, bool) error { return nil }

// hold keeps everybody else from saving at path until it is released: they find that
// the file changes. A file that is open has to be closed before it is replaced, so it is
// another one, beside it, that only one can have open, and that the system removes when
// it is closed, or its process ends.
func hold(path string) (release func(), err error) {
	name := besideName(path) + "lock"
	p, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(p, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_HIDDEN|fileFlagDeleteOnClose, 0)
	switch err {
	case nil:
		return func() { syscall.CloseHandle(h) }, nil
	case errSharingViolation, syscall.ERROR_ACCESS_DENIED: // another has it, or is just leaving it
		return nil, ErrChanged
	}
	return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
}

// removeUnlocked removes a file that nobody has open.
func removeUnlocked(name string) { os.Remove(name) }
