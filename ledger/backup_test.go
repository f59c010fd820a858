package ledger_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

// openSnapshot opens a copy that Snapshot made, demands that it is whole and of that
// checkpoint, and closes it.
func openSnapshot(t *testing.T, w *world, dir string, want tlog.SignedCheckpoint) {
	t.Helper()
	cfg := w.storeConfig()
	cfg.Dir = dir
	s, err := store.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Head().Checkpoint; got.Checkpoint != want.Checkpoint {
		t.Errorf("the copy has %d entries, the ledger said %d", got.Size, want.Size)
	}
	tree := tlog.NewTree()
	for i := range want.Size {
		b, err := s.Entry(i)
		if err != nil {
			t.Fatal(err)
		}
		tree.Append(tlog.LeafHash(b), nil)
	}
	if tree.Root() != want.Root {
		t.Errorf("%d entries give the root %s, the checkpoint has %s", want.Size, tree.Root(), want.Root)
	}
}

// guarded reads from the disk how many entries the guard knows of: the guard itself is
// the sequencer's.
func guarded(t *testing.T, w *world) (size uint64) {
	t.Helper()
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		f, err := w.fs.Open(w.fs.PathJoin(w.guardConfig().Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if c, err := tlog.ParseSignedCheckpoint(b); err == nil { // the other may be half written
			size = max(size, c.Size)
		}
	}
	return size
}

// Issue 5, point 4: a copy of a running ledger has nothing that did not leave it. Were
// there a signed tree in a backup that the ledger then lost in a crash, a restore would
// be a second history.
func TestNothingIsInABackupThatTheGuardHasNot(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	defer w.close(t)
	ctx, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for i := range uint64(8) {
		crowd.Go(func() {
			for n := i; ctx.Err() == nil; n += 8 {
				if _, err := w.log.Append(ctx, revocation(t, n)); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	last := uint64(0)
	for range 30 {
		dir, c, err := w.log.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if g := guarded(t, w); g < c.Size {
			t.Errorf("the guard has %d entries, the backup %d", g, c.Size)
		}
		openSnapshot(t, w, dir, c)
		if c.Size < last {
			t.Errorf("%d entries after %d", c.Size, last)
		}
		last = c.Size
	}
	stop()
	crowd.Wait()
	if last == 0 {
		t.Error("nothing was registered")
	}
	t.Logf("30 backups, the last of %d entries", last)
}

// While witnesses are away a backup can be made: it has what they were asked for.
func TestABackupIsMadeWhileTheQuorumIsAway(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, revocation(t, 1))
		for _, c := range w.all {
			c.SetAway(true)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := w.log.Append(ctx, revocation(t, 2))
			done <- err
		}()
		synctest.Wait()
		dir, c, err := w.log.Snapshot()
		if err != nil || c.Size != 2 || w.log.View().Size() != 1 {
			t.Fatal(c.Size, w.log.View().Size(), err)
		}
		openSnapshot(t, w.world, dir, c)
		stop()
		if err := <-done; err == nil || !strings.Contains(err.Error(), "cancel") {
			t.Error(err)
		}
		for _, c := range w.all {
			c.SetAway(false)
		}
	})
}

// Where files cannot be linked a backup would hold up who registers: it is refused, says what
// to do, and the ledger goes on.
func TestABackupHoldsNobodyUpWhereThereAreNoLinks(t *testing.T) {
	mem := vfs.NewMem()
	w := newWorld(t, mem)
	mustAppend(t, w, 0, 1)
	w.close(t) // flushed, so that there are files to link
	w.fs = faultfs.New(mem, func(op faultfs.Op) faultfs.Fault {
		if op.Kind == faultfs.Link {
			return faultfs.Fault{Err: errors.ErrUnsupported}
		}
		return faultfs.Fault{}
	})
	w.mustOpen(t)
	defer w.close(t)
	if dir, _, err := w.log.Snapshot(); !errors.Is(err, store.ErrNoLinks) || !strings.Contains(err.Error(), "stop the ledger for the time of the backup") {
		t.Errorf("%s, %v", dir, err)
	}
	mustAppend(t, w, 1, 2)
	if _, _, err := w.log.Snapshot(); !errors.Is(err, store.ErrNoLinks) {
		t.Error(err)
	}
}

func mustAppend(t *testing.T, w *world, from, to uint64) {
	t.Helper()
	for n := from; n < to; n++ {
		if _, err := w.log.Append(t.Context(), revocation(t, n)); err != nil {
			t.Fatal(err)
		}
	}
}
