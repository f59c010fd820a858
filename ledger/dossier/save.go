package dossier

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chirograph/chirograph/ledger/newfile"
)

// A container is the file of a dossier, open.
type container struct {
	path string // absolute, symbolic links followed
	file *os.File
	info fs.FileInfo // when it was opened
}

// ReadAt reads the file. Sources hold the container rather than the file, which is
// opened again when it could not be replaced.
func (c *container) ReadAt(b []byte, offset int64) (int, error) { return c.file.ReadAt(b, offset) }

// resolve returns the absolute path of the file that is or will be at path.
func resolve(path string) (string, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return filepath.Abs(path)
}

func openContainer(path string) (*container, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	// Opening a pipe would wait for somebody to write to it.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &container{path, f, info}, nil
}

// Open reads the dossier in the file at path, and keeps the file open until
// [Dossier.Close].
func Open(path string) (*Dossier, error) {
	c, err := openContainer(path)
	if err != nil {
		return nil, err
	}
	d, err := Read(c, c.info.Size())
	if err != nil {
		c.file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.container = c
	return d, nil
}

// Close closes the file that the dossier was read from, if any. Its documents
// cannot be read any more.
func (d *Dossier) Close() error {
	if d.container == nil {
		return nil
	}
	return d.container.file.Close()
}

// Save puts the dossier in the file at path: the one that it was read from or
// saved in last, which must be as it was then, or a new one. It never replaces
// another, and says so with an error that is [fs.ErrExist]: of two that save at the
// same moment one is told. That holds between processes where the system locks files;
// on a network folder without locks both may replace what they read, and one of the two
// is lost, if they do it within the same instant. A new file is safe there too.
//
// The file is whole at every moment: the dossier is written beside it and is on
// disk before it takes the name. After an error the file is the one that it was,
// or, when only the last steps failed, the new one. It keeps its permissions; a new
// one is for its owner alone. Afterwards documents are read from there.
func (d *Dossier) Save(path string) error {
	if err := d.save(path); err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return nil
}

func (d *Dossier) save(path string) error {
	path, err := resolve(path)
	if err != nil {
		return err
	}
	mode, _, err := d.mayReplace(path)
	if err != nil {
		return err
	}
	files, _, err := d.layout()
	if err != nil {
		return err
	}
	temp, err := newTemp(path)
	if err != nil {
		return err
	}
	info, err := temp.fill(mode, files)
	if err == nil {
		err = d.place(temp, path)
	}
	if err != nil {
		return errors.Join(err, temp.drop())
	}
	synced := newfile.SyncFolder(filepath.Dir(path))
	return errors.Join(synced, d.move(path, info, files))
}

// ErrChanged is the error of [Dossier.Save] when somebody else wrote the file after it
// was read. It is an [fs.ErrExist].
var ErrChanged error = conflict("the file was changed since it was read")

// A conflict is an [fs.ErrExist] that says what there is.
type conflict string

func (c conflict) Error() string { return string(c) }

func (c conflict) Is(err error) bool { return err == fs.ErrExist }

// mayReplace returns the permissions of the file that is to be at path, and whether one
// is there.
func (d *Dossier) mayReplace(path string) (mode fs.FileMode, there bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0o600, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	c := d.container
	switch {
	case c != nil && os.SameFile(info, c.info) && info.Size() == c.info.Size() && info.ModTime().Equal(c.info.ModTime()):
		return info.Mode().Perm(), true, nil
	case c != nil && c.path == path:
		return 0, true, ErrChanged
	}
	return 0, true, conflict("there is another file")
}

// place gives temp the name path, if what is there is what the dossier was read from,
// or nothing. Nobody else who saves there does it between the look and the change.
func (d *Dossier) place(temp temporary, path string) error {
	release, err := hold(path)
	if err != nil {
		return err
	}
	defer release()
	_, there, err := d.mayReplace(path)
	if err != nil {
		return err
	}
	if err := temp.yield(); err != nil {
		return err
	}
	if there {
		err = d.replace(temp.Name(), path)
	} else {
		err = newfile.Name(temp.Name(), path)
	}
	if err != nil {
		return err
	}
	temp.Close() // what it has was on disk before
	removeDead(path)
	return nil
}

// replace gives the file temp the name path. Windows does not replace an open
// file, so the one that the dossier was read from is closed before, and opened
// again when it stays.
func (d *Dossier) replace(temp, path string) error {
	c := d.container
	c.file.Close() // read only: nothing is lost
	err := os.Rename(temp, path)
	if err == nil {
		return nil
	}
	again, failed := openContainer(c.path)
	if failed != nil {
		return errors.Join(err, failed)
	}
	if !os.SameFile(again.info, c.info) {
		again.file.Close()
		return err
	}
	c.file = again.file
	return err
}

// move makes the documents be read from the file at path, which holds these files.
func (d *Dossier) move(path string, info fs.FileInfo, files []file) error {
	c, err := openContainer(path)
	if err != nil {
		return err
	}
	if !os.SameFile(info, c.info) {
		c.file.Close()
		return errors.New("the file was replaced right after it was saved")
	}
	next := d.clone()
	next.container = c
	for i := range files {
		f := &files[i]
		if f.document.source == nil {
			continue
		}
		p, err := parsePath(f.path)
		if err != nil {
			return errors.Join(err, c.file.Close())
		}
		at := f.offset + localSize + int64(len(f.path))
		next.edit(p.id).documents[p.name] = document{section(c, at, f.size), f.size, f.crc}
	}
	if d.container != nil {
		d.container.file.Close() // unless it was closed to be replaced
	}
	*d = *next
	return nil
}
