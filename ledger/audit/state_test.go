package audit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

func TestAStateThatAnotherHasIsLeftToIt(t *testing.T) {
	l := newLedger().fill(5)
	dir := t.TempDir()
	s := must(store.OpenCopy(store.Config{Dir: dir, Key: home.Key}))
	r, err := l.audit(t, dir)
	if r != nil || !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%+v, %v", r, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l.clean(t, dir)
}

func TestAFolderWithSomethingElseIsNoState(t *testing.T) {
	l := newLedger().fill(5)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ledger.key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := l.audit(t, dir)
	if r != nil || err == nil || !strings.Contains(err.Error(), `has "ledger.key" and no copy of a log`) {
		t.Errorf("%+v, %v", r, err)
	}
	if names := must(os.ReadDir(dir)); len(names) != 1 || l.Asked("") != 0 {
		t.Errorf("it has %v now, and the ledger was asked for %d paths", names, l.Asked(""))
	}
}

// Everything that fails after the disk does so for the same reason, which is said once.
func TestAFullDiskIsSaidOnce(t *testing.T) {
	l := newLedger().fill(600)
	var full atomic.Bool
	files := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFilePreallocate {
			return syscall.ENOSPC
		}
		return nil
	}))
	cfg := l.config(t, "state")
	cfg.Progress = func(p Progress) { full.Store(p.Done >= 512) }
	s := must(store.OpenCopy(store.Config{Dir: "state", FS: files, Key: home.Key}))
	r, err := run(t.Context(), cfg, s)
	if !errors.Is(err, syscall.ENOSPC) || strings.Count(err.Error(), syscall.ENOSPC.Error()) != 1 || !strings.HasPrefix(err.Error(), "store state failed: ") {
		t.Errorf("%v", err)
	}
	if r.Finding != nil || r.Judged != 0 {
		t.Errorf("%+v", r)
	}
}
