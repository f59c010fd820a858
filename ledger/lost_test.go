package ledger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// forget takes from the store of a ledger, which ends for it, what was public last.
func (w *witnessed) forget(t *testing.T) {
	t.Helper()
	if err := w.end(t); err != nil {
		t.Fatal(err)
	}
	tamper(t, w.world, map[string][]byte{"published": nil})
	w.open(t)
	synctest.Wait()
}

// Where the store has lost what was public, all that it has may be what no quorum has
// cosigned, and no more is shown of it than of a new ledger.
func TestATreeIsNotShownWithoutItsQuorumWhereTheStoreLostWhatWasPublic(t *testing.T) {
	for _, waits := range []bool{false, true} { // the last entry, for its quorum
		inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
			w.append(t, unchecked(t, 0))
			synctest.Wait()
			w.away(true, 0, 1)
			if waits {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := w.log.Append(ctx, unchecked(t, 1)); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
			}
			for range 2 { // and it is not forgotten that it is lost
				w.forget(t)
				if w.log.View().Begun() || w.log.Confirmed() {
					t.Fatal("it is shown")
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := w.log.Append(ctx, unchecked(t, 0)); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("what was registered is said to be public: %v", err)
				}
				if w.store.Held() {
					t.Error("the store was told that it is public")
				}
			}
			size := w.store.Head().Checkpoint.Size
			w.away(false, 0, 1)
			time.Sleep(time.Minute)
			if !w.log.View().Begun() || !w.log.Confirmed() {
				t.Fatal("the quorum has cosigned it, and it is not shown")
			}
			w.public(t, size, 3)
			if reg, err := w.log.Append(t.Context(), unchecked(t, 0)); err != nil || reg.New || reg.Index != 0 {
				t.Errorf("%+v, %v", reg, err)
			}
			w.append(t, unchecked(t, 2))
			synctest.Wait()
			w.away(true, 0, 1)
			if err := w.end(t); err != nil {
				t.Fatal(err)
			}
			w.open(t)
			if w.public(t, size+1, 3); !w.log.View().Begun() {
				t.Error("what was public is not shown")
			}
		})
	}
}

// Nor do the reasons of refusals tell what such a tree has.
func TestNothingIsRefusedByATreeThatIsNotShown(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.away(true, 0, 1)
		w.forget(t)
		refuse := func(n uint64) error {
			_, err := record.Open(unchecked(t, n).Bytes(), neverVerifies)
			var fault *record.SignatureError
			if !errors.As(err, &fault) {
				t.Fatal(err)
			}
			return w.log.Refuse(t.Context(), fault)
		}
		for n := range uint64(2) {
			if err := refuse(n); !errors.Is(err, ledger.ErrNoQuorum) {
				t.Errorf("record %d: %v", n, err)
			}
		}
		w.away(false, 0, 1)
		time.Sleep(time.Minute)
		for n, rule := range []rules.Rule{rules.Once, rules.Signed} {
			var refusal *rules.Refusal
			if err := refuse(uint64(n)); !errors.As(err, &refusal) || refusal.Rule != rule {
				t.Errorf("record %d: %v, want %s", n, err, rule)
			}
		}
	})
}

// What was public before anybody asked witnesses stays so when they are asked.
func TestWhatWasPublicWithoutWitnessesStaysSoWithThem(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.world.mustOpen(t)
		w.world.append(t, unchecked(t, 0))
		w.world.close(t)
		w.asked = false
		w.away(true, 0, 1, 2)
		for range 2 {
			w.open(t)
			synctest.Wait()
			if v := w.log.View(); !v.Begun() || v.Size() != 1 {
				t.Errorf("begun %v, size %d", v.Begun(), v.Size())
			}
			if err := w.end(t); err != nil {
				t.Fatal(err)
			}
		}
		w.away(false, 0, 1, 2)
	})
}
