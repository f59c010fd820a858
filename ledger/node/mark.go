package node

import (
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/store"
)

// A mark is an empty file in the directory of a guard, which says something of it as long as it
// is there.
type mark struct {
	files     vfs.FS
	dir, file string
}

func markOf(cfg store.GuardConfig, file string) mark {
	m := mark{cfg.FS, cfg.Dir, file}
	if m.files == nil {
		m.files = vfs.Default
	}
	return m
}

func (m mark) name() string { return m.files.PathJoin(m.dir, m.file) }

func (m mark) there() (bool, error) {
	_, err := m.files.Stat(m.name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// begin makes the directory and the mark, and returns when they are on disk.
func (m mark) begin() error {
	dirs := []string{m.dir}
	for dir := m.dir; m.files.PathDir(dir) != dir; dir = m.files.PathDir(dir) {
		_, err := m.files.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		dirs = append(dirs, m.files.PathDir(dir)) // which gets a new name
	}
	if err := m.files.MkdirAll(m.dir, 0o700); err != nil {
		return err
	}
	f, err := m.files.Create(m.name(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = errors.Join(f.Sync(), f.Close())
	for _, dir := range dirs {
		err = errors.Join(err, m.sync(dir))
	}
	return err
}

// end removes the mark, and returns when that is on disk. One that is not there may have been
// removed by who did not live to see it on disk.
func (m mark) end() error {
	if err := m.files.Remove(m.name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return m.sync(m.dir)
}

// sync has the names in a directory be on disk.
func (m mark) sync(name string) error {
	dir, err := m.files.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
