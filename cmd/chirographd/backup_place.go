package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"github.com/chirograph/chirograph/ledger/store"
)

// backupParts are the names in a backup, in the order in which they get there, but for
// evidence, which a copy may have, and which comes before the checkpoint. What has no
// checkpoint is no backup.
var backupParts = []string{storeDir, policyFile, witnessFile, movedFile, copyOf, checkpointFile}

// evidenceFiles match the names that follow gives to evidence.
const evidenceFiles = "evidence-*.txt"

const (
	checkState = "check"      // in a draft while it is read back
	draftLock  = "being-made" // in a draft as long as a process makes it, which holds it
	draftTries = 10           // to make a draft that no other backup takes for dead in the moment before it is held
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
	for range draftTries {
		var err error
		if d.temp, err = os.MkdirTemp(place, "."+filepath.Base(to)+".*.tmp"); err != nil {
			return nil, err
		}
		d.lock, err = store.Hold(filepath.Join(d.temp, draftLock))
		if err == nil {
			return d, nil
		}
		d.lock = nil
		gone := os.Remove(filepath.Join(d.temp, draftLock))
		if !errors.Is(err, store.ErrHeld) {
			// Not every disk for backups has locks. What is killed there, people remove.
			if errors.Is(gone, fs.ErrNotExist) {
				gone = nil
			}
			return d, gone
		}
		// Another backup saw it before it was held, took it for dead, and removes it.
		if err := os.Remove(d.temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: %d drafts were taken by other backups to the same place before they were begun: wait for those", place, draftTries)
}

// release lets others have the draft, which is where it is said to be.
func (d *draft) release(place string) error {
	if d.lock == nil {
		return nil
	}
	lock := d.lock
	d.lock = nil
	return store.Drop(lock, filepath.Join(place, draftLock))
}

// finish gives the draft its name. A directory that was there stays the one it was, and gets the
// parts one by one, the checkpoint last, when the others are on disk.
func (d *draft) finish() error {
	if err := os.RemoveAll(filepath.Join(d.temp, checkState)); err != nil {
		return err
	}
	if !d.within {
		return d.rename()
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
	return errors.Join(d.release(d.temp), os.Remove(d.temp), syncDir(d.to))
}

// rename gives a draft its name where there was nothing. It stays held until it has it, where
// what is open can be moved: nobody may take for dead what is done.
func (d *draft) rename() error {
	err := os.Rename(d.temp, d.to)
	if err != nil && !movesOpen {
		if err = d.release(d.temp); err == nil {
			err = os.Rename(d.temp, d.to)
		}
	}
	if err != nil {
		return err
	}
	return errors.Join(d.release(d.to), syncDir(filepath.Dir(d.to)))
}

// movesOpen says whether a directory can be moved that has an open file.
const movesOpen = runtime.GOOS != "windows"

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
	return errors.Join(removeDraftParts(dir), dir.Close(), d.release(d.temp), os.Remove(d.temp))
}

// clearDrafts removes what killed backups left in the place of this one, each under the name
// that it was to get, and in the directory that is to have it: a draft whose lock nobody
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
			case e != nil && !isGone(full):
				left = append(left, full)
			}
		}
	}
	return left, err
}

// isGone says that a file is not there any more.
func isGone(name string) bool {
	_, err := os.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// draftNamed matches the names of drafts, and returns in it the name that one was to get.
var draftNamed = regexp.MustCompile(`^\.(.+)\.[0-9]+\.tmp$`)

// draftsIn returns the directories in a place that are named as drafts of a backup are: of one
// with that name, or of another and with the lock of one, because other programs name what
// they make so too.
func draftsIn(place, base string) (names []string, err error) {
	list, err := os.ReadDir(place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		m := draftNamed.FindStringSubmatch(e.Name())
		if m == nil || !e.IsDir() {
			continue
		}
		if info, err := os.Lstat(filepath.Join(place, e.Name(), draftLock)); m[1] == base || err == nil && info.Mode().IsRegular() {
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
	// Not made: a draft that has none may have got its name this moment.
	lock, err := store.HoldExisting(filepath.Join(name, draftLock))
	if err != nil {
		return err
	}
	d := &draft{temp: name, lock: lock}
	dir, err := os.OpenRoot(name)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	if err := errors.Join(removeDraftParts(dir), dir.Close()); err != nil {
		return errors.Join(err, lock.Close()) // who looks at it may remove it, or the next backup
	}
	return errors.Join(d.release(name), os.Remove(name))
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
