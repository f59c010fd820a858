package store

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
)

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
