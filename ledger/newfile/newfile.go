// Package newfile writes files that are not there yet: whole or not at all, on disk when
// it returns, and never over another one, whoever else writes at the same moment.
package newfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Write writes what content gives to a new file at path, with these permissions. Where
// there is one already, whatever it is, it stays, and the error is an [fs.ErrExist].
// After any other error there is none, unless only the last step failed: then it is
// whole, and after a crash of the machine it may be gone.
func Write(path string, mode fs.FileMode, content io.Reader) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".chirograph-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(temp, content)
	if err == nil {
		err = temp.Chmod(mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if err := Name(temp.Name(), path); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return SyncFolder(filepath.Dir(path))
}

// Name gives the file temp, which is closed, the name path instead of its own. Where
// there is a file of that name, both stay as they are, and the error is an
// [fs.ErrExist].
//
// A second link is refused by the system where the name is taken. Where there are no
// links (FAT, some network folders) the name is first taken by an empty file, which
// only one can make, and temp replaces that: a crash between the two leaves it there.
func Name(temp, path string) error {
	err := os.Link(temp, path)
	switch {
	case err == nil:
		return os.Remove(temp)
	case !errors.Is(err, fs.ErrExist):
		return nameWithoutLinks(temp, path)
	case linked(temp, path):
		return os.Remove(temp) // the server did it, and its answer was lost: NFS asks again
	}
	return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
}

// linked says whether the two names are of one file.
func linked(a, b string) bool {
	infoA, errA := os.Lstat(a)
	infoB, errB := os.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func nameWithoutLinks(temp, path string) error {
	if _, err := os.Lstat(temp); err != nil {
		return err
	}
	taken, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = taken.Close(); err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		return nil
	}
	if _, left := os.Lstat(temp); errors.Is(left, fs.ErrNotExist) {
		return nil // the server did it, too
	}
	return errors.Join(err, os.Remove(path))
}

// SyncFolder makes a change of names in the folder durable where the system has such a
// thing.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return errors.Join(err, folder.Close())
}
