package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/witness"
)

// refused demands that a record is refused at once, in doubt.
func (w *witnessed) refused(t *testing.T, r *record.Record) {
	t.Helper()
	begun := time.Now()
	if _, err := w.log.Append(t.Context(), r); !errors.Is(err, ledger.ErrDoubt) {
		t.Fatalf("in doubt: %v", err)
	}
	if d := time.Since(begun); d > 0 {
		t.Errorf("it took %s", d)
	}
}

// Law 2: nothing is signed in doubt. But words take no reads away, and pass.
func TestWordsWithoutProofStopSigningAndNothingElse(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		signed := w.signatures.Load()
		w.all[0].Claim(99)
		w.all[1].Claim(99)
		time.Sleep(time.Hour + time.Minute) // in which it asks again for what is published
		if w.log.Doubt() == nil {
			t.Fatal("no doubt")
		}
		w.public(t, 1, 3)
		w.refused(t, unchecked(t, 1))
		if reg, err := w.log.Append(t.Context(), unchecked(t, 0)); err != nil || reg.New {
			t.Errorf("what is registered: %+v, %v", reg, err)
		}
		time.Sleep(5 * time.Hour)
		w.refused(t, unchecked(t, 1))
		if n := w.signatures.Load(); n != signed || w.store.Head().Checkpoint.Size != 1 {
			t.Errorf("%d checkpoints were signed in doubt", n-signed)
		}
		w.all[0].Claim(0)
		time.Sleep(time.Minute)
		if err := w.log.Doubt(); err != nil {
			t.Fatal(err)
		}
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		w.public(t, 2, 2) // w2 still says so, and is outvoted
		w.all[1].Claim(0)
		time.Sleep(time.Minute)
		w.public(t, 2, 3)
	})
}

// What is on disk when the doubt comes is not lost, and not published before it passes.
func TestWhatIsTakenWhenTheDoubtComesIsPublishedWhenItPasses(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.all[0].Claim(99)
		w.all[1].Claim(99)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := w.log.Append(ctx, unchecked(t, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("taken, and then doubted: %v", err)
		}
		w.taken(t, true, 0, 1)
		w.taken(t, false, 2)
		w.refused(t, unchecked(t, 2))
		w.public(t, 1, 3)
		// Who asks again for what is taken waits.
		again, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		published := make(chan error, 1)
		go func() {
			reg, err := w.log.Append(again, unchecked(t, 1))
			if err == nil && reg.Index != 1 {
				err = errors.New("another index")
			}
			published <- err
		}()
		time.Sleep(time.Minute)
		w.all[1].Claim(0)
		if err := <-published; err != nil {
			t.Error(err)
		}
		w.public(t, 2, 2)
	})
}

// taken demands of records by number that they are on disk, or not.
func (w *witnessed) taken(t *testing.T, want bool, numbers ...uint64) {
	t.Helper()
	for _, n := range numbers {
		if got, err := w.log.Taken(unchecked(t, n).ID()); err != nil || got != want {
			t.Errorf("record %d is taken: %v, %v, want %v", n, got, err, want)
		}
	}
}

// A start after which nobody has confirmed the ledger yet may be that of an old copy.
func TestWordsEndALedgerThatBegins(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.all[0].Claim(99)
		w.all[1].Claim(99)
		w.open(t)
		<-w.log.Done()
		var conflict *witness.Conflict
		if err := w.end(t); !errors.As(err, &conflict) || conflict.Seen != nil {
			t.Errorf("behind two witnesses that show nothing: %v", err)
		}
		w.all[1].Claim(0)
		w.open(t)
		w.append(t, unchecked(t, 1))
	})
}

// A witness that comes late, with a proof, stops the log when it comes.
func TestALateProofStopsTheLogAtOnce(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.away(true, 2)
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.public(t, 1, 2)
		var tree tlog.Tree
		tree.Append(tlog.LeafHash([]byte("another")), nil)
		w.all[2].Take(sealed(t, tlog.Checkpoint{Origin: home.Name(), Size: 1, Root: tree.Root()}))
		w.away(false, 2)
		<-w.log.Done() // nobody asks for anything
		var conflict *witness.Conflict
		if err := w.end(t); !errors.As(err, &conflict) || conflict.Seen == nil {
			t.Errorf("it ended with %v", err)
		}
	})
}

// In doubt the ledger ends as well as ever, and the next start has what was taken.
func TestALedgerEndsInDoubt(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.all[0].Claim(99)
		w.all[1].Claim(99)
		// Its submitter leaves at once, and is nobody's trouble.
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := w.log.Append(ctx, unchecked(t, 1))
			left <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left was told %v", err)
		}
		if w.log.Doubt() == nil {
			t.Fatal("no doubt")
		}
		begun := time.Now()
		if err := w.end(t); err != nil {
			t.Errorf("it ended with %v", err)
		}
		if d := time.Since(begun); d > 10*time.Second {
			t.Errorf("the end took %s", d)
		}
		w.all[0].Claim(0)
		w.open(t)
		time.Sleep(time.Minute)
		w.public(t, 2, 2)
	})
}

// A witness that says so and takes it back, again and again, costs time and no more.
func TestAWitnessThatWaversLosesNothing(t *testing.T) {
	inWitnessed(t, 3, func(t *testing.T, w *witnessed) {
		for i := range uint64(5) {
			w.append(t, unchecked(t, 2*i))
			synctest.Wait()
			w.all[i%3].Claim(1<<63 - 1)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			if _, err := w.log.Append(ctx, unchecked(t, 2*i+1)); err == nil {
				t.Error("registered against the word of a witness that is needed")
			}
			cancel()
			w.all[i%3].Claim(0)
			time.Sleep(2 * time.Minute)
			w.public(t, 2*i+2, 3)
		}
	})
}

// Whoever asks for a record looks at what is there while the sequencer goes on; the race
// detector says whether they share more than that.
func TestWhatIsTakenIsAskedWhileTheLogGoesOn(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		done := make(chan error)
		go func() {
			for range 2000 {
				if taken, err := w.log.Taken(unchecked(t, 99).ID()); taken || err != nil {
					done <- fmt.Errorf("what nobody sent is taken: %v, %v", taken, err)
					return
				}
			}
			done <- nil
		}()
		for n := range uint64(10) {
			w.append(t, unchecked(t, n))
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if taken, err := w.log.Taken(unchecked(t, 9).ID()); !taken || err != nil {
			t.Errorf("what is registered is taken: %v, %v", taken, err)
		}
	})
}
