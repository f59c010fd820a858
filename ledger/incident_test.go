package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The first entry of a ledger is acknowledged and the ledger is closed at once, or is closed
// while it has it in its hands. What is on disk then, after a crash that kept nothing but
// what was synced, has it if anybody was told so.
func TestIncidentTheZerothEntryIsLostAtShutdown(t *testing.T) {
	for _, inFlight := range []bool{false, true} {
		mem := vfs.NewCrashableMem()
		w := newWorld(t, mem)
		r := contract(t, 0)
		var err error
		if inFlight {
			done := make(chan error)
			go func() {
				_, err := w.log.Append(context.Background(), r)
				done <- err
			}()
			why := w.log.Close()
			err = <-done
			if err := errors.Join(why, w.guard.Close(), w.store.Close()); err != nil {
				t.Fatal(err)
			}
		} else {
			w.append(t, r)
			w.close(t)
		}
		if err != nil && !errors.Is(err, ledger.ErrClosed) {
			t.Fatalf("in flight is %v: %v", inFlight, err)
		}
		after := &world{fs: mem.CrashClone(vfs.CrashCloneCfg{RNG: rand.New(rand.NewPCG(1, 2))}), clock: w.clock, sign: home.sign}
		after.mustOpen(t)
		v := after.log.View()
		if want := err == nil; (v.Size() == 1) != want || v.Size() > 1 {
			t.Errorf("in flight is %v, the answer was %v: the ledger has %d entries", inFlight, err, v.Size())
		}
		checkLog(t, v)
		checkReceipts(t, v)
		if _, ok, err := v.Index(r.ID()); err != nil || ok != (v.Size() == 1) {
			t.Errorf("the record is found: %v, %v", ok, err)
		}
		after.close(t)
	}
}

// One witness of three takes longer than anybody waits, for a day of a busy ledger: what
// runs stays the same number of goroutines, and nothing runs when the ledger is closed,
// which the bubble demands.
func TestIncidentASlowWitnessLeaksGoroutines(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.all[2].Before(func(tlog.SignedCheckpoint) { time.Sleep(20 * time.Second) })
		before := runtime.NumGoroutine()
		most := 0
		const n = 300
		for i := range n {
			w.append(t, unchecked(t, uint64(i+1)))
			most = max(most, runtime.NumGoroutine())
			time.Sleep(5 * time.Minute)
			synctest.Wait()
		}
		w.public(t, n+1, 2)
		// A request, its time-out and its answer, and an append under way.
		if most > before+8 {
			t.Errorf("%d goroutines run, before the witness was slow it were %d", most, before)
		}
		if after := runtime.NumGoroutine(); after > before+4 {
			t.Errorf("%d goroutines run when nothing is to do, before it were %d", after, before)
		}
	})
}

// Ids that differ from a registered one in a single bit, and those that begin or end as it
// does, are of no record, and no other key is revoked with the one that is.
func TestIncidentAKeyForFindingDuplicatesIsCutShort(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	defer w.close(t)
	r := revocation(t, 1)
	w.append(t, r)
	v := w.log.View()
	if _, ok, err := v.Index(r.ID()); !ok || err != nil {
		t.Fatalf("the record itself is found: %v, %v", ok, err)
	}
	absent := func(what string, id record.ID) {
		t.Helper()
		if i, ok, err := v.Index(id); ok || err != nil {
			t.Errorf("%s is taken for entry %d: %v, %v", what, i, ok, err)
		}
	}
	for bit := range len(r.ID()) * 8 {
		id := r.ID()
		id[bit/8] ^= 1 << (bit % 8)
		absent(fmt.Sprintf("the id with bit %d changed", bit), id)
	}
	for n := range len(r.ID()) {
		begins, ends := r.ID(), r.ID()
		clear(begins[n:])
		clear(ends[:n+1])
		absent(fmt.Sprintf("an id that begins with %d bytes of it", n), begins)
		absent(fmt.Sprintf("an id that ends with %d bytes of it", len(ends)-n-1), ends)
	}
	for n := range uint64(300) { // keys are points, which cannot be changed by a bit
		if _, ok, err := v.Revoked(newSigner("key.example", n+2).Public()); ok || err != nil {
			t.Errorf("another key is revoked: %v, %v", ok, err)
		}
	}
}
