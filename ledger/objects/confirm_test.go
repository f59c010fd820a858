package objects_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// leads returns a leader whose looks at the head go through look, once that is set.
func leads(t *testing.T) (one, other *node, look *atomic.Pointer[func(ask func()) error]) {
	t.Helper()
	_, one, other = two(t)
	must(t, one.lead())
	look = new(atomic.Pointer[func(ask func()) error])
	real := one.register.Bucket
	one.register.Bucket = &bad{Bucket: real, peek: func(ctx context.Context, name string, most int) (b []byte, v objects.Version, err error) {
		ask := func() { b, v, err = real.Peek(ctx, name, most) }
		f := look.Load()
		if f == nil {
			ask()
			return b, v, err
		}
		if failed := (*f)(ask); failed != nil {
			return nil, "", failed
		}
		return b, v, err
	}}
	return one, other, look
}

func TestAHeadThatIsItsOwnIsConfirmedWhateverBeatsMeanwhile(t *testing.T) {
	one, _, look := leads(t)
	for name, f := range map[string]func(ask func()) error{
		"nothing":                  func(ask func()) error { ask(); return nil },
		"a beat before the answer": func(ask func()) error { defer ask(); return one.leader.Beat(0) },
		"a beat after it":          func(ask func()) error { ask(); return one.leader.Beat(0) },
		"two of them": func(ask func()) error {
			before := one.leader.Beat(0)
			ask()
			return errors.Join(before, one.leader.Beat(0))
		},
	} {
		look.Store(&f)
		for range 3 {
			if err := one.leader.Confirm(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	look.Store(nil)
	must(t, one.append(pool()[0]))
}

func TestAHeadThatIsAnothersIsConfirmedToNobody(t *testing.T) {
	one, other, _ := leads(t)
	must(t, one.append(pool()[0]))
	must(t, other.lead())
	for range 2 {
		if err := one.leader.Confirm(t.Context()); !errors.Is(err, objects.ErrFenced) {
			t.Errorf("it says %v", err)
		}
	}
	if err := one.leader.Err(); !errors.Is(err, objects.ErrFenced) {
		t.Errorf("it goes on: %v", err)
	}
	must(t, other.leader.Confirm(t.Context()))
}

// All who ask while one look is under way share the next, which begins after they asked.
func TestManyWhoAskAtOnceShareALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, _, look := leads(t)
		var looks atomic.Int32
		goOn := make(chan struct{})
		f := func(ask func()) error {
			if looks.Add(1) == 1 {
				ask()
				<-goOn
				return nil
			}
			ask()
			return nil
		}
		look.Store(&f)
		var wait sync.WaitGroup
		confirmed := func() {
			if err := one.leader.Confirm(t.Context()); err != nil {
				t.Error(err)
			}
		}
		wait.Go(confirmed)
		synctest.Wait()
		for range 1000 {
			wait.Go(confirmed)
		}
		synctest.Wait()
		close(goOn)
		wait.Wait()
		if looks.Load() != 2 {
			t.Errorf("the bucket was asked %d times", looks.Load())
		}
	})
}

// A word that rests on a head of before is none: another takes the log between the look that is
// under way and its answer.
func TestALookThatBeganBeforeTheQuestionConfirmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other, look := leads(t)
		goOn := make(chan struct{})
		f := func(ask func()) error {
			ask()
			<-goOn
			return nil
		}
		look.Store(&f)
		early, late := make(chan error, 1), make(chan error, 1)
		go func() { early <- one.leader.Confirm(t.Context()) }()
		synctest.Wait()
		must(t, other.lead())
		go func() { late <- one.leader.Confirm(t.Context()) }()
		synctest.Wait()
		look.Store(nil)
		close(goOn)
		if err := <-early; err != nil {
			t.Errorf("what was true when it was asked: %v", err)
		}
		if err := <-late; !errors.Is(err, objects.ErrFenced) {
			t.Errorf("it says %v", err)
		}
	})
}

// While the bucket is silent nobody waits for it again and again; when it answers, all is as before.
func TestWhileTheBucketIsSilentNobodyWaitsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, _, look := leads(t)
		ask := func() (time.Duration, error) {
			begun := time.Now()
			err := one.leader.Confirm(t.Context())
			return time.Since(begun), err
		}
		silent := func(func()) error { time.Sleep(time.Hour); return objectstest.ErrLost }
		failing := func(func()) error { return objectstest.ErrLost }
		for name, f := range map[string]func(func()) error{"it is silent": silent, "it fails": failing} {
			look.Store(&f)
			if took, err := ask(); err == nil || took > 10*time.Second {
				t.Errorf("%s: %v after %s", name, err, took)
			}
			for range 100 {
				if took, err := ask(); err == nil || took != 0 {
					t.Fatalf("%s: %v after %s", name, err, took)
				}
			}
			if one.leader.Err() != nil {
				t.Fatal(one.leader.Err())
			}
			look.Store(nil)
			time.Sleep(2 * time.Hour)
			must(t, one.leader.Beat(0))
			if took, err := ask(); err != nil || took != 0 {
				t.Errorf("%s no more: %v after %s", name, err, took)
			}
		}
		// Who goes, goes.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		look.Store(&silent)
		begun := time.Now()
		if err := one.leader.Confirm(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		time.Sleep(2 * time.Hour)
	})
}
