package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chirograph/chirograph/ledger"
)

// The field's incident: one waiter's cancel that cancels the others. Here they even
// share one place in the queue.
func TestARecordThatWaitsIsSharedAndWhoLeavesTakesNobodyAlong(t *testing.T) {
	gated(t, 0, 1, func(t *testing.T, w *world, g *gate) {
		r := contract(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		first, shared, err := w.log.Submit(r)
		if err != nil || shared {
			t.Fatal(shared, err)
		}
		synctest.Wait() // it is being signed
		again, shared, err := w.log.Submit(contract(t, 0))
		if err != nil || !shared || again != first || w.log.Pending(r.ID(), r.Bytes()) != first {
			t.Fatalf("the same record again: shared %v, %v", shared, err)
		}
		if w.log.Pending(r.ID(), bytes.ToUpper(r.Bytes())) != nil {
			t.Error("other bytes are the record that waits")
		}
		left := make(chan error)
		go func() {
			_, err := first.Wait(ctx)
			left <- err
		}()
		var group sync.WaitGroup
		added := make(chan bool, 8)
		for range cap(added) { // far more than the queue has room for
			group.Go(func() {
				reg, err := w.log.Append(t.Context(), r)
				if err != nil || reg.Index != 0 || reg.View.Size() != 1 {
					t.Error(reg.Index, err)
				}
				added <- reg.New
			})
		}
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		g.pass <- nil
		group.Wait()
		for range cap(added) {
			if <-added {
				t.Error("who came later was the first")
			}
		}
		if reg, err := first.Wait(t.Context()); err != nil || !reg.New || reg.Index != 0 {
			t.Errorf("%+v, %v", reg, err)
		}
		if w.log.Pending(r.ID(), r.Bytes()) != nil {
			t.Error("what has its answer still waits")
		}
		// The answer is there for whoever asks later, and a registered record is one.
		reg, err := w.log.Append(t.Context(), r)
		if err != nil || reg.New || w.log.View().Size() != 1 {
			t.Errorf("%+v, %v", reg, err)
		}
	})
}

// With other signature lines it is another question, which has its own place.
func TestOtherLinesUnderOneTextWaitForThemselves(t *testing.T) {
	gated(t, 0, 2, func(t *testing.T, w *world, g *gate) {
		busy := w.submit(t.Context(), unchecked(t, 9))
		synctest.Wait()
		half, whole := signed(t, draft(t, 0), alice), contract(t, 0)
		first, shared, err := w.log.Submit(half)
		if err != nil || shared || half.ID() != whole.ID() {
			t.Fatal(shared, err)
		}
		second, shared, err := w.log.Submit(whole)
		if err != nil || shared || second == first {
			t.Fatal(shared, err)
		}
		if _, _, err := w.log.Submit(signed(t, draft(t, 0), bob)); !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("a third has a place too: %v", err)
		}
		g.pass <- nil
		synctest.Wait()
		g.pass <- nil
		if _, err := first.Wait(t.Context()); err == nil {
			t.Error("half of the signatures is enough")
		}
		if reg, err := second.Wait(t.Context()); err != nil || !reg.New {
			t.Errorf("%+v, %v", reg, err)
		}
		synctest.Wait()
		if o := busy.get(); !o.done || o.err != nil {
			t.Error(o.err)
		}
		if w.log.Pending(half.ID(), half.Bytes()) != nil || w.log.Pending(whole.ID(), whole.Bytes()) != nil {
			t.Error("what has its answer still waits")
		}
	})
}
