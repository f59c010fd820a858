package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// backupParts are the names in a backup, in the order in which they get there. What has
// no checkpoint is no backup.
var backupParts = []string{storeDir, policyFile, witnessFile, checkpointFile}

// checkState is in a draft while it is read back.
const checkState = "check"

// A draft is a directory in which a backup is made, until it gets its name.
type draft struct {
	temp, to string
	within   bool // temp is in to, which was there before, and may be a mount point
}

// newDraft makes a directory for the backup that is to be in to, a path without links.
func newDraft(to string) (*draft, error) {
	d := &draft{to: to}
	place := filepath.Dir(to)
	switch _, err := os.Lstat(to); {
	case err == nil:
		d.within, place = true, to
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	var err error
	d.temp, err = os.MkdirTemp(place, "."+filepath.Base(to)+".*.tmp")
	return d, err
}

// finish gives the draft its name. A directory that was there stays the one it was, and gets the
// parts one by one, the checkpoint last, when the others are on disk.
func (d *draft) finish() error {
	if err := os.RemoveAll(filepath.Join(d.temp, checkState)); err != nil {
		return err
	}
	if !d.within {
		return errors.Join(os.Rename(d.temp, d.to), syncDir(filepath.Dir(d.to)))
	}
	for i, name := range backupParts {
		var err error
		if name == checkpointFile {
			err = syncDir(d.to)
		}
		if err == nil {
			err = os.Rename(filepath.Join(d.temp, name), filepath.Join(d.to, name))
		}
		if name == witnessFile && errors.Is(err, fs.ErrNotExist) {
			err = nil // not every ledger has one
		}
		if err != nil {
			return errors.Join(err, removeParts(d.to, backupParts[:i]))
		}
	}
	return errors.Join(os.Remove(d.temp), syncDir(d.to))
}

// discard removes a draft that did not get its name: by the names that a backup has,
// and nothing else that came to be in it.
func (d *draft) discard() error {
	if _, err := os.Lstat(d.temp); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(os.RemoveAll(filepath.Join(d.temp, checkState)), removeParts(d.temp, backupParts), os.Remove(d.temp))
}

// removeParts removes parts of a backup. A store is a directory of files: another
// directory in it is none of its, and stays, and so does the store then.
func removeParts(dir string, names []string) error {
	var errs []error
	for _, name := range names {
		part := filepath.Join(dir, name)
		if info, err := os.Lstat(part); err == nil && info.IsDir() {
			files, err := os.ReadDir(part)
			errs = append(errs, err)
			for _, f := range files {
				if !f.IsDir() {
					errs = append(errs, os.Remove(filepath.Join(part, f.Name())))
				}
			}
		}
		if err := os.Remove(part); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// realPath returns the absolute path of a file without links, as far as it is there. A
// link to what is not there is an error.
func realPath(name string) (string, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(name) == name {
		return filepath.EvalSymlinks(name)
	}
	parent, err := realPath(filepath.Dir(name))
	return filepath.Join(parent, filepath.Base(name)), err
}

// mustBeBeside demands that a place, a path without links, is not in the ledger's
// directory, by whatever name: neither in the directory nor in that of the store, which may
// be elsewhere.
func mustBeBeside(dir, place string) error {
	for _, own := range []string{dir, filepath.Join(dir, storeDir)} {
		info, err := os.Stat(own)
		if err != nil {
			return err
		}
		for above := place; ; above = filepath.Dir(above) {
			if at, err := os.Stat(above); err == nil && os.SameFile(at, info) {
				return fmt.Errorf("%s is in the ledger's directory, and would be lost with it", place)
			}
			if above == filepath.Dir(above) {
				break
			}
		}
	}
	return nil
}
