package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Hold holds a file for this process, which it makes and leaves there, until it is
// closed: for what is to be done by one process alone with more than a store. The error is
// [ErrHeld] where another process has it.
func Hold(name string) (io.Closer, error) {
	lock, err := vfs.Default.Lock(name)
	var path *fs.PathError
	switch {
	case errors.As(err, &path): // the file itself
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%s: %w (%w)", name, ErrHeld, err)
	}
	return lock, nil
}

// WriteFile writes a small file beside a store, in the place of what has the name, whole
// or not at all, and returns when file and name are on disk. What a crash left of an earlier
// call, under the name with ".tmp", is written over. The file system is nil for the disk.
func WriteFile(files vfs.FS, name string, b []byte) error {
	if files == nil {
		files = vfs.Default
	}
	temp := name + ".tmp"
	f, err := files.Create(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Clone(b)) // a file may change what it is given
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, files.Remove(temp))
	}
	if err := files.Rename(temp, name); err != nil {
		return errors.Join(err, files.Remove(temp))
	}
	dir, err := files.OpenDir(files.PathDir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
