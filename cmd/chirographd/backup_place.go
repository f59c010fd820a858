package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/chirograph/chirograph/ledger/store"
)

// backupParts are the names in a backup, in the order in which they get there, but for
// evidence, which a copy may have, and which comes before the checkpoint. What has no
// checkpoint is no backup.
var backupParts = []string{storeDir, policyFile, witnessFile, copyOf, checkpointFile}

// evidenceFiles match the names that follow gives to evidence.
const evidenceFiles = "evidence-*.txt"

const (
	checkState = "check"      // in a draft while it is read back
	draftLock  = "being-made" // in a draft as long as a process makes it, which holds it
)

// partsIn returns the parts of a backup that are in a directory.
func partsIn(dir *os.Root) (parts []string, err error) {
	evidence, err := fs.Glob(dir.FS(), evidenceFiles)
	for _, name := range backupParts {
		if name == checkpointFile {
			parts = append(parts, evidence...)
		}
		switch _, e := dir.Lstat(name); {
		case e == nil:
			parts = append(parts, name)
		case !errors.Is(e, fs.ErrNotExist):
			err = errors.Join(err, e)
		}
	}
	return parts, err
}

// A draft is a directory in which a backup is made, until it gets its name.
type draft struct {
	temp, to string
	within   bool      // temp is in to, which was there before, and may be a mount point
	lock     io.Closer // nil where there are no locks
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
	if d.temp, err = os.MkdirTemp(place, "."+filepath.Base(to)+".*.tmp"); err != nil {
		return nil, err
	}
	if d.lock, err = store.Hold(filepath.Join(d.temp, draftLock)); err != nil {
		// Not every disk for backups has locks. What is killed there, people remove.
		d.lock = nil
		err = os.Remove(filepath.Join(d.temp, draftLock))
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return d, err
}

// release lets others have the draft. The lock goes first, where a file can go that is
// open: nobody may take what is done for dead.
func (d *draft) release() error {
	if d.lock == nil {
		return nil
	}
	name := filepath.Join(d.temp, draftLock)
	early := os.Remove(name)
	err := d.lock.Close()
	d.lock = nil
	if early != nil {
		if late := os.Remove(name); !errors.Is(late, fs.ErrNotExist) {
			err = errors.Join(err, late)
		}
	}
	return err
}

// finish gives the draft its name. A directory that was there stays the one it was, and gets the
// parts one by one, the checkpoint last, when the others are on disk.
func (d *draft) finish() error {
	if err := os.RemoveAll(filepath.Join(d.temp, checkState)); err != nil {
		return err
	}
	if !d.within {
		if err := d.release(); err != nil {
			return err
		}
		return errors.Join(os.Rename(d.temp, d.to), syncDir(filepath.Dir(d.to)))
	}
	parts, err := d.mustBeWhole()
	if err != nil {
		return err
	}
	for i, name := range parts {
		var err error
		if name == checkpointFile {
			err = syncDir(d.to)
		}
		if err == nil {
			err = os.Rename(filepath.Join(d.temp, name), filepath.Join(d.to, name))
		}
		if err != nil {
			return errors.Join(err, removeIn(d.to, parts[:i]))
		}
	}
	return errors.Join(d.release(), os.Remove(d.temp), syncDir(d.to))
}

// mustBeWhole returns the parts of the draft, of which all are there that every backup has.
func (d *draft) mustBeWhole() ([]string, error) {
	dir, err := os.OpenRoot(d.temp)
	if err != nil {
		return nil, err
	}
	parts, err := partsIn(dir)
	for _, name := range []string{storeDir, policyFile, checkpointFile} {
		if !slices.Contains(parts, name) {
			err = errors.Join(err, fmt.Errorf("%s: %w", filepath.Join(d.temp, name), fs.ErrNotExist))
		}
	}
	return parts, errors.Join(err, dir.Close())
}

// discard removes a draft that did not get its name: by the names that a backup has,
// and nothing else that came to be in it.
func (d *draft) discard() error {
	dir, err := os.OpenRoot(d.temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(removeDraftParts(dir), dir.Close(), d.release(), os.Remove(d.temp))
}

// clearDrafts removes what killed backups to the same place left: a draft whose lock nobody
// holds. It returns the names of what may be such a draft, and is not known to be one or has
// something else in it. A draft that is being made is in nobody's way.
func clearDrafts(to string) (left []string, err error) {
	for _, place := range []string{filepath.Dir(to), to} {
		names, e := draftsIn(place, filepath.Base(to))
		err = errors.Join(err, e)
		for _, name := range names {
			full := filepath.Join(place, name)
			switch e := clearDraft(full); {
			case errors.Is(e, store.ErrHeld):
			case e != nil:
				left = append(left, full)
			}
		}
	}
	return left, err
}

// draftsIn returns the directories in a place that are named as drafts of a backup are.
func draftsIn(place, base string) (names []string, err error) {
	list, err := os.ReadDir(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	named := regexp.MustCompile(`^\.` + regexp.QuoteMeta(base) + `\.[0-9]+\.tmp$`)
	for _, e := range list {
		if e.IsDir() && named.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// clearDraft removes the draft of a backup that was killed. The error says why it is not
// removed, [store.ErrHeld] that it is being made.
func clearDraft(name string) error {
	if err := mustBePrivate(name, filepath.Dir(name)); err != nil {
		return err
	}
	dir, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := mustBeRegular(dir, draftLock); err != nil {
		return err
	}
	lock, err := store.Hold(filepath.Join(name, draftLock))
	if err != nil {
		return err
	}
	d := &draft{temp: name, lock: lock}
	if err := removeDraftParts(dir); err != nil {
		return errors.Join(err, lock.Close()) // who looks at it may remove it, or the next backup
	}
	return errors.Join(d.release(), os.Remove(name))
}

// removeDraftParts removes what a draft has, but for its lock.
func removeDraftParts(dir *os.Root) error {
	parts, err := partsIn(dir)
	if _, e := dir.Lstat(checkState); e == nil {
		parts = append(parts, checkState)
	}
	return errors.Join(err, removeParts(dir, parts))
}

func removeIn(name string, parts []string) error {
	dir, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	return errors.Join(removeParts(dir, parts), dir.Close())
}

// removeParts removes parts of a backup. A store is a directory of files: another
// directory in it is none of its, and stays, and so does the store then.
func removeParts(dir *os.Root, names []string) error {
	var errs []error
	for _, name := range names {
		if info, err := dir.Lstat(name); err == nil && info.IsDir() {
			files, err := fs.ReadDir(dir.FS(), name)
			errs = append(errs, err)
			for _, f := range files {
				if !f.IsDir() {
					errs = append(errs, dir.Remove(filepath.Join(name, f.Name())))
				}
			}
		}
		if err := dir.Remove(name); !errors.Is(err, fs.ErrNotExist) {
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
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
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
