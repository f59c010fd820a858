package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
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

// Whoever has many valid lines makes thousands of forms of one record: they neither fill
// the queue nor make a look for one of them cost more than a few comparisons, and what is
// said of those that found no place is true.
func TestSoManyFormsOfOneRecordWaitAndNotOneMore(t *testing.T) {
	const bound = 4
	gated(t, 1, bound+2, func(t *testing.T, w *world, g *gate) {
		var forms []*record.Record // the first four are not complete
		for _, lines := range [][]signer{{alice}, {bob}, {carol}, {alice, carol}, {alice, bob}, {carol, bob}, {alice, bob, carol}} {
			forms = append(forms, signed(t, draft(t, 0), lines...))
		}
		is := func(r *record.Record, want ledger.Fate) {
			t.Helper()
			if fate, err := w.log.Fate(t.Context(), r.ID(), r.Bytes()); fate != want || err != nil {
				t.Errorf("fate %d, %v, want %d", fate, err, want)
			}
		}
		busy := w.submit(t.Context(), contract(t, 1))
		synctest.Wait() // it is being signed
		var waits []*ledger.Pending
		for i, r := range forms[:bound] {
			p, shared, err := w.log.Submit(r)
			if err != nil || shared {
				t.Fatalf("form %d: shared %v, %v", i, shared, err)
			}
			waits = append(waits, p)
		}
		for i, r := range forms[bound:] {
			if _, _, err := w.log.Submit(r); !errors.Is(err, ledger.ErrBusy) || !strings.Contains(err.Error(), "4 of them are this one") {
				t.Errorf("form %d has a place too: %v", bound+i, err)
			}
			if w.log.Pending(r.ID(), r.Bytes()) != nil {
				t.Errorf("form %d waits", bound+i)
			}
			is(r, ledger.Unsure)
		}
		for i, r := range forms[:bound] {
			if p, shared, err := w.log.Submit(r); err != nil || !shared || p != waits[i] || w.log.Pending(r.ID(), r.Bytes()) != p {
				t.Errorf("form %d again: shared %v, %v", i, shared, err)
			}
			is(r, ledger.Unsure)
		}
		other := w.submit(t.Context(), contract(t, 2)) // which has room
		synctest.Wait()
		is(contract(t, 2), ledger.InLine)
		g.pass <- nil // the forms are refused, one batch each, and sign nothing
		synctest.Wait()
		for i, p := range waits {
			var refusal *rules.Refusal
			if _, err := p.Wait(t.Context()); !errors.As(err, &refusal) || refusal.Rule != rules.Quorum {
				t.Errorf("form %d: %v", i, err)
			}
			is(forms[i], ledger.Absent)
		}
		whole := w.submit(t.Context(), forms[bound])
		synctest.Wait()
		is(forms[bound], ledger.InLine)
		for range 2 {
			g.pass <- nil
			synctest.Wait()
		}
		is(forms[0], ledger.Stored)
		for i, o := range []*outcome{busy, other, whole} {
			if got := o.get(); !got.done || got.err != nil || !got.New {
				t.Errorf("%d: %+v", i, got)
			}
		}
		checkLog(t, w.log.View())
	})
}

// What is said of a record is of its id too, whatever lines stand under it: who has one
// form of it refused, for want of room, is not told that it is not registered while
// another form is on its way.
func TestTheFateOfARecordIsThatOfAllItsForms(t *testing.T) {
	gated(t, 1, 2, func(t *testing.T, w *world, g *gate) {
		one, other := contract(t, 0), signed(t, draft(t, 0), carol, bob)
		behind, form := contract(t, 1), signed(t, draft(t, 1), carol, bob)
		is := func(r *record.Record, want ledger.Fate) {
			t.Helper()
			if fate, err := w.log.Fate(t.Context(), r.ID(), r.Bytes()); fate != want || err != nil {
				t.Errorf("fate %d, %v, want %d", fate, err, want)
			}
		}
		is(one, ledger.Absent)
		busy := w.submit(t.Context(), one)
		synctest.Wait() // it is being signed
		is(one, ledger.Unsure)
		is(other, ledger.Unsure)
		is(behind, ledger.Absent)
		waits := w.submit(t.Context(), behind)
		synctest.Wait()
		is(behind, ledger.InLine)
		is(form, ledger.Unsure)
		late := w.submit(t.Context(), form)
		synctest.Wait()
		is(behind, ledger.Unsure) // two forms are in line
		// Whoever sends the second form again has its place, and takes no other.
		if p, shared, err := w.log.Submit(form); err != nil || !shared || w.log.Pending(form.ID(), form.Bytes()) != p {
			t.Errorf("the second form again: shared %v, %v", shared, err)
		}
		if _, _, err := w.log.Submit(other); !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("there is room: %v", err)
		}
		is(other, ledger.Unsure)
		g.pass <- nil
		synctest.Wait() // the next is being signed
		is(one, ledger.Stored)
		is(other, ledger.Stored)
		is(behind, ledger.Unsure)
		is(form, ledger.Unsure)
		g.pass <- nil
		synctest.Wait()
		is(form, ledger.Stored)
		for i, o := range []*outcome{busy, waits, late} {
			if got := o.get(); !got.done || got.err != nil || got.New != (i < 2) {
				t.Errorf("%d: %+v", i, got)
			}
		}
	})
}

// At no moment between its being taken and its being stored is a record absent.
func TestARecordOnItsWayIsNeverAbsent(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	defer w.close(t)
	var group sync.WaitGroup
	for n := range uint64(64) {
		one, other := contract(t, n), signed(t, draft(t, n), carol, bob)
		if n%2 == 1 {
			other = one
		}
		p, _, err := w.log.Submit(one)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for {
				fate, err := w.log.Fate(t.Context(), other.ID(), other.Bytes())
				if err != nil || fate == ledger.Absent || fate == ledger.InLine && n%2 == 0 {
					t.Errorf("record %d: fate %d, %v", n, fate, err)
				}
				if fate == ledger.Stored || err != nil {
					break
				}
				runtime.Gosched()
			}
			if reg, err := p.Wait(t.Context()); err != nil || !reg.New {
				t.Errorf("record %d: %+v, %v", n, reg, err)
			}
		})
	}
	group.Wait()
}

// After a write that failed nobody says that it left nothing.
func TestTheFateOfWhatAFailedDiskHasIsUnsure(t *testing.T) {
	mem := vfs.NewMem()
	var broken atomic.Bool
	w := newWorld(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind == errorfs.OpFileSyncData || broken.Load() && op.Kind == errorfs.OpFileSync {
			return errors.New("the disk is gone")
		}
		return nil
	})))
	broken.Store(true)
	r := contract(t, 0)
	if _, err := w.log.Append(t.Context(), r); !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("on a broken disk: %v", err)
	}
	if fate, err := w.log.Fate(t.Context(), r.ID(), r.Bytes()); fate != ledger.Unsure || err != nil {
		t.Errorf("fate %d, %v", fate, err)
	}
}
