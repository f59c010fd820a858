package ledger_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// A new ledger shows its empty tree, as every other, when the quorum has cosigned it. What
// was public stays so at the next start, which is confirmed anew.
func TestNothingIsPublicBeforeTheFirstQuorum(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		is := func(begun, confirmed bool) {
			t.Helper()
			synctest.Wait()
			if v := w.log.View(); v.Begun() != begun || w.log.Confirmed() != confirmed {
				t.Errorf("size %d: begun %v, confirmed %v, want %v, %v", v.Size(), v.Begun(), w.log.Confirmed(), begun, confirmed)
			}
		}
		again := func() {
			t.Helper()
			if err := w.end(t); err != nil {
				t.Fatal(err)
			}
			w.open(t)
		}
		is(true, true)
		w.away(true, 0, 1)
		again()
		is(true, false) // the empty tree was public
		w.away(false, 1)
		time.Sleep(time.Minute)
		is(true, true)
		w.append(t, unchecked(t, 0))
		w.away(true, 1)
		again()
		is(true, false)
		time.Sleep(time.Hour)
		is(true, false)
		w.away(false, 0)
		time.Sleep(time.Minute)
		is(true, true)
	})
}

func TestANewLedgerHasNoCheckpointBeforeItsQuorum(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		if err := w.fs.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := w.fs.RemoveAll(dir + "-guard"); err != nil {
			t.Fatal(err)
		}
		for _, c := range w.all {
			c.Forget()
		}
		w.away(true, 0, 1, 2)
		w.start(t)
		time.Sleep(time.Hour)
		if v := w.log.View(); v.Begun() || w.log.Confirmed() || v.Size() != 0 {
			t.Errorf("without a quorum: begun %v, confirmed %v", v.Begun(), w.log.Confirmed())
		}
		w.away(false, 0, 1)
		time.Sleep(time.Minute)
		if v := w.log.View(); !v.Begun() || !w.log.Confirmed() {
			t.Errorf("with it: begun %v, confirmed %v", v.Begun(), w.log.Confirmed())
		}
	})
}
