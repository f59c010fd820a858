package web

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// The gate has the addresses take turns, and leaves nothing behind.
func TestWhoComesAloneWaitsForOneOfEachOtherAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 100)
		crowd, alone, late := elsewhere, elsewhere.Next(), elsewhere.Next().Next()
		if err := g.enter(t.Context(), crowd); err != nil {
			t.Fatal(err)
		}
		var order []netip.Addr
		come := func(who netip.Addr) {
			go func() {
				if err := g.enter(t.Context(), who); err != nil {
					t.Error(err)
				}
				order = append(order, who)
				g.leave(who)
			}()
			synctest.Wait()
		}
		for range 5 {
			come(crowd)
		}
		come(alone)
		come(late)
		come(alone)
		g.leave(crowd)
		synctest.Wait()
		if want := []netip.Addr{crowd, alone, late, crowd, alone, crowd, crowd, crowd}; !slices.Equal(order, want) {
			t.Errorf("turns %v, want %v", order, want)
		}
		if g.idle != 1 || g.places.taken() != 0 || len(g.lines) != 0 || len(g.turns) != 0 {
			t.Errorf("the gate has %+v", g)
		}
	})
}

func TestWhoGivesUpWaitingLeavesNothingAtTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 100)
		if err := g.enter(t.Context(), elsewhere); err != nil {
			t.Fatal(err)
		}
		var cancels []context.CancelFunc
		var wg sync.WaitGroup
		for i := range 40 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			who := elsewhere
			if i%2 == 1 {
				who = who.Next()
			}
			wg.Go(func() {
				if err := g.enter(ctx, who); err == nil {
					g.leave(who)
				} else if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for i, cancel := range cancels {
			if i%3 != 0 {
				cancel()
			}
		}
		g.leave(elsewhere) // at the moment at which others give up
		for _, cancel := range cancels {
			cancel()
		}
		wg.Wait()
		if g.idle != 1 || g.places.taken() != 0 || len(g.lines) != 0 || len(g.turns) != 0 {
			t.Errorf("the gate has %+v", g)
		}
	})
}

// Requests that hold a core until they are done, on one core, as checks of signatures
// are: those that came while one did find a line, with turns and an end.
func TestALineFormsAtTheGateAndNotInTheScheduler(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	g := newGate(1, 39)
	var mu sync.Mutex
	var order []netip.Addr
	refused := 0
	var wg sync.WaitGroup
	come := func(who netip.Addr) {
		wg.Go(func() {
			err := g.enter(t.Context(), who)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				order = append(order, who)
				g.leave(who)
			case errors.Is(err, errCrowd):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	crowd, alone := elsewhere, elsewhere.Next()
	for range 60 {
		come(crowd)
	}
	come(alone)
	come(crowd) // which runs first: the scheduler turns to the last that is ready
	wg.Wait()
	if i := slices.Index(order, alone); i < 0 || i > 10 || refused < 20 {
		t.Errorf("of 62 at once %d were refused, and who came alone had turn %d of %d", refused, i, len(order))
	}
}
