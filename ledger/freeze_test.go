package ledger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// freeze freezes a ledger that is closed.
func (w *world) freeze(t testing.TB) {
	t.Helper()
	w.mustOpen(t)
	if err := errors.Join(w.store.Freeze(), w.guard.Freeze(w.store.Head().Checkpoint.Checkpoint)); err != nil {
		t.Fatal(err)
	}
	w.close(t)
}

func TestAFrozenLedgerRegistersNothingAndShowsAllThatItHas(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, contract(t, 0), contract(t, 1))
	if w.log.Frozen() || w.log.Takes(contract(t, 2).ID()) != nil {
		t.Error("a new ledger is frozen")
	}
	w.close(t)
	w.freeze(t)
	for range 2 {
		w.mustOpen(t)
		if !w.log.Frozen() {
			t.Error("it is not frozen")
		}
		r := contract(t, 2)
		if _, err := w.log.Append(context.Background(), r); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("a new record: %v", err)
		}
		if _, _, err := w.log.Submit(r); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("a new record in the queue: %v", err)
		}
		reg, err := w.log.Append(context.Background(), contract(t, 1))
		if err != nil || reg.New || w.log.Takes(contract(t, 1).ID()) != nil {
			t.Errorf("one that is registered: %v, new is %v", err, reg.New)
		}
		if _, err := reg.Receipt(); err != nil || w.log.View().Size() != 2 {
			t.Errorf("its receipt: %v; %d entries", err, w.log.View().Size())
		}
		w.close(t)
	}
}

func TestAStoreOfBeforeTheFreezeDoesNotRun(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.append(t, contract(t, 0))
	w.close(t)
	if ok, err := vfs.Clone(w.fs, w.fs, dir, "before"); err != nil || !ok {
		t.Fatal(ok, err)
	}
	// A freeze that a kill cut short is told to the guard by the next start.
	w.mustOpen(t)
	if err := w.store.Freeze(); err != nil {
		t.Fatal(err)
	}
	w.close(t)
	w.mustOpen(t)
	w.close(t)
	if err := w.fs.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if ok, err := vfs.Clone(w.fs, w.fs, "before", dir); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := w.open(); !errors.Is(err, ledger.ErrThawed) {
		t.Errorf("it runs again: %v", err)
	}
}

// What was taken before the freeze is published and answered after it, and cosigned each
// hour as ever.
func TestWhatAFrozenLedgerHasTakenBecomesPublicAndStaysFresh(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.away(true, 0, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := w.log.Append(ctx, unchecked(t, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("without a quorum: %v", err)
		}
		w.end(t)
		w.open(t)
		if err := w.store.Freeze(); err != nil {
			t.Fatal(err)
		}
		w.end(t)
		w.open(t)
		waiting, _, err := w.log.Submit(unchecked(t, 1))
		if err != nil {
			t.Fatalf("what is stored and not public: %v", err)
		}
		if _, _, err := w.log.Submit(unchecked(t, 2)); !errors.Is(err, ledger.ErrFrozen) {
			t.Errorf("a new record: %v", err)
		}
		w.away(false, 0, 1)
		reg, err := waiting.Wait(t.Context())
		if err != nil || reg.Index != 1 || reg.New {
			t.Fatalf("its answer: %+v, %v", reg, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.public(t, 2, 3)
		before := string(w.log.View().Checkpoint().Bytes())
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		w.public(t, 2, 3)
		if string(w.log.View().Checkpoint().Bytes()) == before {
			t.Error("nobody cosigned the tree for two hours")
		}
	})
}
