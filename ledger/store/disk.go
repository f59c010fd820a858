package store

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A disk is the file system as Pebble gets it, with two promises of ours.
//
// A write or a sync that fails ends the store, there and then: the call does not
// return. Pebble has another way for each: it reports, panics, tries again, or goes
// on with half of it.
//
// A marker is not on disk before the file that it names. Pebble makes the file, then
// the marker, and then syncs the directory, so that a crash between could leave the
// marker alone, where names reach the disk in no order, and a database that does not
// open (cockroachdb/pebble#5825, open in v2.1.7).
type disk struct {
	vfs.FS
	end func(error) // does not return

	aside *atomic.Pointer[copying] // the copy of [Store.Snapshot]; nil where there is none
}

// done ends the store if err is of a write that failed. That there is no such file
// is an answer.
func (d disk) done(err error) error {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.end(err)
	}
	return err
}

// file opens a file of that name to be written.
func (d disk) file(name string, open func() (vfs.File, error)) (vfs.File, error) {
	f, err := open()
	if d.isAside(name) {
		return f, err
	}
	if err := d.done(err); err != nil {
		return nil, err
	}
	return diskFile{f, d}, nil
}

func (d disk) Unwrap() vfs.FS { return d.FS }

func (d disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(d.PathBase(name), "marker.") {
		if err := d.syncDir(d.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return d.file(name, func() (vfs.File, error) { return d.FS.Create(name, category) })
}

func (d disk) syncDir(name string) error {
	dir, err := d.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d disk) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.file(name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, category, opts...) })
}

func (d disk) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.file(name, func() (vfs.File, error) { return d.FS.ReuseForWrite(old, name, category) })
}

// Open opens a file to be read. Where that is closed, nothing can be lost, and an error
// says nothing; Pebble's compactions would end for it, or panic.
func (d disk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return readFile{f}, nil
}

type readFile struct{ vfs.File }

func (f readFile) Close() error {
	_ = f.File.Close()
	return nil
}

// OpenDir opens a directory, to be synced.
func (d disk) OpenDir(name string) (vfs.File, error) {
	return d.file(name, func() (vfs.File, error) { return d.FS.OpenDir(name) })
}

// change returns the error of what changes that name, if it is one to live with.
func (d disk) change(name string, err error) error {
	if d.isAside(name) {
		return err
	}
	return d.done(err)
}

func (d disk) Link(old, name string) error {
	if d.isAside(name) {
		return d.linkAside(old, name)
	}
	return d.done(d.FS.Link(old, name))
}

func (d disk) Rename(old, name string) error { return d.change(name, d.FS.Rename(old, name)) }

func (d disk) Remove(name string) error { return d.change(name, d.FS.Remove(name)) }

func (d disk) RemoveAll(name string) error { return d.change(name, d.FS.RemoveAll(name)) }

func (d disk) MkdirAll(name string, perm os.FileMode) error {
	return d.change(name, d.FS.MkdirAll(name, perm))
}

// List ends the store for the same reason as Close of its files: Pebble lists its
// directory at the end of an Open, when a compaction may have begun.
func (d disk) List(name string) ([]string, error) {
	list, err := d.FS.List(name)
	return list, d.change(name, err)
}

type diskFile struct {
	vfs.File
	disk disk
}

func (f diskFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.disk.done(err)
}

func (f diskFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.File.WriteAt(p, offset)
	return n, f.disk.done(err)
}

// Close ends the store too: some file systems report here that a write failed, and what
// Pebble closes of an Open that returns, a compaction may still need, which then panics.
func (f diskFile) Close() error { return f.disk.done(f.File.Close()) }

func (f diskFile) Sync() error { return f.disk.done(f.File.Sync()) }

func (f diskFile) SyncData() error { return f.disk.done(f.File.SyncData()) }

func (f diskFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	return full, f.disk.done(err)
}
