// Package faultfs is the disk of one process in a test, which fails where the test
// says: each operation, reads too, asks before it is done what becomes of it.
package faultfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrGone is what every operation returns after [FS.Kill].
var ErrGone = errors.New("the process of this disk is gone")

// A Kind is a kind of operation.
type Kind string

// The kinds of operations. Lock and Close are those of whoever holds a file, Prealloc
// reserves room for one.
const (
	Create   Kind = "create"
	Reuse    Kind = "reuse"
	Link     Kind = "link"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	Mkdir    Kind = "mkdir"
	Update   Kind = "update" // opens a file to be written in place, and makes it where it is not there
	Write    Kind = "write"
	Prealloc Kind = "prealloc"
	Sync     Kind = "sync"
	Open     Kind = "open"
	OpenDir  Kind = "opendir"
	Read     Kind = "read"
	List     Kind = "list"
	Stat     Kind = "stat"
	Lock     Kind = "lock"
	Close    Kind = "close"
)

// Writes says whether operations of the kind change what is on the disk, or what a
// crash leaves of it.
func (k Kind) Writes() bool {
	switch k {
	case Create, Reuse, Link, Rename, Remove, Mkdir, Update, Write, Prealloc, Sync:
		return true
	}
	return false
}

// Grows says whether operations of the kind want room on the disk.
func (k Kind) Grows() bool {
	switch k {
	case Create, Reuse, Link, Mkdir, Update, Write, Prealloc:
		return true
	}
	return false
}

// An Op is an operation on a file or a directory.
type Op struct {
	Kind Kind
	Path string
}

func (o Op) String() string { return fmt.Sprintf("%s %s", o.Kind, o.Path) }

// A Fault is how an operation fails.
type Fault struct {
	Err  error // that it returns; nil for an operation that does not fail
	Done Done  // what it does all the same
}

// Done is how much of an operation that fails is done.
type Done int

// What an operation that failed has done. Half is half of the bytes of a write, and
// nothing of any other operation.
const (
	Nothing Done = iota
	Half
	All
)

// An FS is the disk as one process sees it. Its locks are the process's: they keep
// nobody out but itself, and are gone with it.
type FS struct {
	vfs.FS
	ask   func(Op) Fault
	gone  atomic.Bool
	mu    sync.Mutex
	locks map[string]bool
}

// New returns a view of the disk for a new process. Ask is called before each
// operation, by any goroutine.
func New(disk vfs.FS, ask func(Op) Fault) *FS {
	return &FS{FS: disk, ask: ask, locks: make(map[string]bool)}
}

// Kill has the process do nothing any more: what it begins after fails.
func (f *FS) Kill() { f.gone.Store(true) }

// do asks, and does what it is told.
func (f *FS) do(kind Kind, path string, all func() error, half func()) error {
	if f.gone.Load() {
		return ErrGone
	}
	fault := f.ask(Op{kind, path})
	switch {
	case fault.Err == nil:
		return all()
	case fault.Done == Half && half != nil:
		half()
	case fault.Done == All:
		if err := all(); err != nil {
			return err
		}
	}
	return fault.Err
}

func (f *FS) file(kind Kind, path string, open func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	err := f.do(kind, path, func() (err error) {
		file, err = open()
		return err
	}, nil)
	if err != nil {
		if file != nil {
			file.Close()
		}
		return nil, err
	}
	return &faultFile{file, f, path}, nil
}

func (f *FS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file(Create, name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *FS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.file(Update, name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, opts...) })
}

func (f *FS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file(Reuse, name, func() (vfs.File, error) { return f.FS.ReuseForWrite(old, name, c) })
}

func (f *FS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.file(Open, name, func() (vfs.File, error) { return f.FS.Open(name, opts...) })
}

func (f *FS) OpenDir(name string) (vfs.File, error) {
	return f.file(OpenDir, name, func() (vfs.File, error) { return f.FS.OpenDir(name) })
}

func (f *FS) Link(old, name string) error {
	return f.do(Link, name, func() error { return f.FS.Link(old, name) }, nil)
}

func (f *FS) Rename(old, name string) error {
	return f.do(Rename, name, func() error { return f.FS.Rename(old, name) }, nil)
}

func (f *FS) Remove(name string) error {
	return f.do(Remove, name, func() error { return f.FS.Remove(name) }, nil)
}

func (f *FS) RemoveAll(name string) error {
	return f.do(Remove, name, func() error { return f.FS.RemoveAll(name) }, nil)
}

func (f *FS) MkdirAll(name string, perm os.FileMode) error {
	return f.do(Mkdir, name, func() error { return f.FS.MkdirAll(name, perm) }, nil)
}

func (f *FS) List(name string) (list []string, err error) {
	err = f.do(List, name, func() error {
		list, err = f.FS.List(name)
		return err
	}, nil)
	return list, err
}

func (f *FS) Stat(name string) (info vfs.FileInfo, err error) {
	err = f.do(Stat, name, func() error {
		info, err = f.FS.Stat(name)
		return err
	}, nil)
	return info, err
}

func (f *FS) Unwrap() vfs.FS { return f.FS }

// Lock makes the file as a disk does, and keeps the process itself out.
func (f *FS) Lock(name string) (io.Closer, error) {
	err := f.do(Lock, name, func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.locks[name] {
			return fmt.Errorf("%s: locked by this process", name)
		}
		file, err := f.FS.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		f.locks[name] = true
		return file.Close()
	}, nil)
	if err != nil {
		return nil, err
	}
	return lock{f, name}, nil
}

type lock struct {
	fs   *FS
	name string
}

func (l lock) Close() error {
	return l.fs.do(Close, l.name, func() error {
		l.fs.mu.Lock()
		defer l.fs.mu.Unlock()
		delete(l.fs.locks, l.name)
		return nil
	}, nil)
}

type faultFile struct {
	vfs.File
	fs   *FS
	path string
}

func (f *faultFile) Write(p []byte) (n int, err error) {
	err = f.fs.do(Write, f.path, func() error {
		n, err = f.File.Write(p)
		return err
	}, func() { n, _ = f.File.Write(p[:len(p)/2]) })
	return n, err
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fs.do(Write, f.path, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	}, func() { n, _ = f.File.WriteAt(p[:len(p)/2], off) })
	return n, err
}

func (f *faultFile) Read(p []byte) (n int, err error) {
	err = f.fs.do(Read, f.path, func() error {
		n, err = f.File.Read(p)
		return err
	}, nil)
	return n, err
}

func (f *faultFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.fs.do(Read, f.path, func() error {
		n, err = f.File.ReadAt(p, off)
		return err
	}, nil)
	return n, err
}

func (f *faultFile) Preallocate(off, length int64) error {
	return f.fs.do(Prealloc, f.path, func() error { return f.File.Preallocate(off, length) }, nil)
}

func (f *faultFile) Stat() (info vfs.FileInfo, err error) {
	err = f.fs.do(Stat, f.path, func() error {
		info, err = f.File.Stat()
		return err
	}, nil)
	return info, err
}

func (f *faultFile) Sync() error { return f.fs.do(Sync, f.path, f.File.Sync, nil) }

func (f *faultFile) SyncData() error { return f.fs.do(Sync, f.path, f.File.SyncData, nil) }

func (f *faultFile) SyncTo(length int64) (full bool, err error) {
	err = f.fs.do(Sync, f.path, func() error {
		full, err = f.File.SyncTo(length)
		return err
	}, nil)
	return full, err
}

func (f *faultFile) Close() error { return f.fs.do(Close, f.path, f.File.Close, nil) }
