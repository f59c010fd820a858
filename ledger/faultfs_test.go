package ledger_test

import (
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A faultFS asks before each operation that writes, and after it. An error before
// keeps the operation from being done; one after hides that it was.
type faultFS struct {
	vfs.FS
	before, after func(op string) error
}

func (f *faultFS) do(op string, do func() error) error {
	if err := f.before(op); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return f.after(op)
}

func (f *faultFS) file(op string, open func() (vfs.File, error)) (file vfs.File, err error) {
	err = f.do(op, func() error {
		file, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, op}, nil
}

func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("create "+name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *faultFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.file("open "+name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, opts...) })
}

func (f *faultFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("reuse "+name, func() (vfs.File, error) { return f.FS.ReuseForWrite(old, name, c) })
}

// OpenDir is no write; what it returns is synced.
func (f *faultFS) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, "directory " + name}, nil
}

func (f *faultFS) Link(old, name string) error {
	return f.do("link "+name, func() error { return f.FS.Link(old, name) })
}

func (f *faultFS) Rename(old, name string) error {
	return f.do("rename "+name, func() error { return f.FS.Rename(old, name) })
}

func (f *faultFS) Remove(name string) error {
	return f.do("remove "+name, func() error { return f.FS.Remove(name) })
}

func (f *faultFS) MkdirAll(name string, perm os.FileMode) error {
	return f.do("mkdir "+name, func() error { return f.FS.MkdirAll(name, perm) })
}

type faultFile struct {
	vfs.File
	fs   *faultFS
	name string
}

func (f *faultFile) Write(p []byte) (n int, err error) {
	err = f.fs.do("write "+f.name, func() error {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fs.do("write "+f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f *faultFile) Sync() error { return f.fs.do("sync "+f.name, f.File.Sync) }

func (f *faultFile) SyncData() error { return f.fs.do("sync "+f.name, f.File.SyncData) }

func (f *faultFile) SyncTo(length int64) (full bool, err error) {
	err = f.fs.do("sync "+f.name, func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
