package dossier

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
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
// another, and says so with an error that is [fs.ErrExist].
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
	mode, err := d.mayReplace(path)
	if err != nil {
		return err
	}
	files, _, err := d.layout()
	if err != nil {
		return err
	}
	temp, info, err := writeTemp(path, mode, files)
	if err != nil {
		return err
	}
	if _, err = d.mayReplace(path); err == nil {
		err = d.replace(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	synced := syncFolder(filepath.Dir(path))
	return errors.Join(synced, d.move(path, info, files))
}

// ErrChanged is the error of [Dossier.Save] when somebody else wrote the file after it
// was read. It is an [fs.ErrExist].
var ErrChanged error = conflict("the file was changed since it was read")

// A conflict is an [fs.ErrExist] that says what there is.
type conflict string

func (c conflict) Error() string { return string(c) }

func (c conflict) Is(err error) bool { return err == fs.ErrExist }

// mayReplace returns the permissions of the file that is to be at path.
func (d *Dossier) mayReplace(path string) (fs.FileMode, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0o600, nil
	}
	if err != nil {
		return 0, err
	}
	c := d.container
	switch {
	case c != nil && os.SameFile(info, c.info) && info.Size() == c.info.Size() && info.ModTime().Equal(c.info.ModTime()):
		return info.Mode().Perm(), nil
	case c != nil && c.path == path:
		return 0, ErrChanged
	}
	return 0, conflict("there is another file")
}

// writeTemp writes the files to a new file beside path, on disk when it returns.
func writeTemp(path string, mode fs.FileMode, files []file) (name string, info fs.FileInfo, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".chirograph-*.tmp")
	if err != nil {
		return "", nil, err
	}
	_, err = write(temp, files)
	if err == nil {
		err = temp.Chmod(mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err == nil {
		info, err = temp.Stat()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", nil, errors.Join(err, os.Remove(temp.Name()))
	}
	return temp.Name(), info, nil
}

// replace gives the file temp the name path. Windows does not replace an open
// file, so the one that the dossier was read from is closed before, and opened
// again when it stays.
func (d *Dossier) replace(temp, path string) error {
	c := d.container
	if c == nil {
		return os.Rename(temp, path)
	}
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
	*d = *next
	return nil
}

// syncFolder makes a change of names in the folder durable where the system has
// such a thing.
func syncFolder(path string) error {
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
