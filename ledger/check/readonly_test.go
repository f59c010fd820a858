package check_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// A readOnly is a file system on which the directory of a store cannot be changed.
type readOnly struct{ vfs.FS }

func unwritable(op, name string) error {
	if strings.HasPrefix(name, storeDir+"/") {
		return &fs.PathError{Op: op, Path: name, Err: syscall.EROFS}
	}
	return nil
}

func (r readOnly) Unwrap() vfs.FS { return r.FS }

func (r readOnly) Lock(name string) (io.Closer, error) {
	if err := unwritable("open", name); err != nil {
		return nil, err
	}
	return r.FS.Lock(name)
}

func (r readOnly) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := unwritable("create", name); err != nil {
		return nil, err
	}
	return r.FS.Create(name, c)
}

func (r readOnly) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := unwritable("open", name); err != nil {
		return nil, err
	}
	return r.FS.OpenReadWrite(name, c, opts...)
}

func (r readOnly) Remove(name string) error {
	if err := unwritable("remove", name); err != nil {
		return err
	}
	return r.FS.Remove(name)
}

func (r readOnly) Rename(old, name string) error {
	if err := unwritable("rename", name); err != nil {
		return err
	}
	return r.FS.Rename(old, name)
}

func (r readOnly) MkdirAll(name string, mode os.FileMode) error {
	if err := unwritable("mkdir", name); err != nil {
		return err
	}
	return r.FS.MkdirAll(name, mode)
}

// What nobody can change needs no lock to be read, and one to be written.
func TestAStoreOfAFileSystemThatCannotBeWrittenIsChecked(t *testing.T) {
	t.Parallel()
	w := reopened(t, 40) // with a log of writes
	cfg := w.store()
	cfg.FS = readOnly{w.fs}
	if _, err := store.Open(cfg); !errors.Is(err, syscall.EROFS) {
		t.Errorf("it is opened to be written: %v", err)
	}
	r, err := check.Run(t.Context(), check.Config{Store: cfg, Known: w.known(t), State: stateDir})
	if err != nil || len(r.Findings) > 0 || r.Head.Checkpoint.Size != 42 {
		t.Errorf("%v, %+v", err, r)
	}
	// Where it can be written, who has it is asked.
	s, err := store.Open(w.store())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := check.Run(t.Context(), check.Config{Store: w.store(), Known: w.known(t), State: stateDir}); !errors.Is(err, store.ErrHeld) {
		t.Errorf("a store that another has: %v", err)
	}
}

// A table that is not there is damage, and not a check that could not be made.
func TestAMissingTableIsAFinding(t *testing.T) {
	t.Parallel()
	w := reopened(t, 40)
	names, err := w.fs.List(storeDir)
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") {
			continue
		}
		tables++
		c := w.clone(t)
		if err := c.fs.Remove(c.fs.PathJoin(storeDir, name)); err != nil {
			t.Fatal(err)
		}
		if r := c.check(t); len(r.Findings) == 0 || !strings.Contains(findings(r), strings.TrimSuffix(name, ".sst")) {
			t.Errorf("%s: %q", name, findings(r))
		}
	}
	if tables == 0 {
		t.Error("there is no table")
	}
}
