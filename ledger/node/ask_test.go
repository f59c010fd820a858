package node_test

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

const maxLooks = 20 // within a poll

// looks has a node look, and returns how long that took.
func (s *server) looks() time.Duration {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(s.w.Context(), after)
	defer cancel()
	s.Look(ctx)
	return time.Since(begun)
}

// No time goes by between what one node registers and another shows, if it is asked to look and
// has not just done so.
func TestANodeThatIsAskedShowsAtOnceWhatIsPublic(t *testing.T) {
	in(t, func(w *world) {
		first, second := w.two(0)
		for n := range uint64(3 * maxLooks) {
			w.append(first, 1)
			if took := second.looks(); n == 0 && took != 0 || took > poll/maxLooks {
				t.Errorf("it took %s", took)
			}
			w.shows(second, n+1)
		}
		if took := first.looks(); took != 0 {
			t.Errorf("who leads looks for %s", took)
		}
	})
}

func TestABucketIsNotAskedMoreOftenThanItsBound(t *testing.T) {
	in(t, func(w *world) {
		_, second := w.two(1)
		var gets atomic.Int64
		second.line.on(func(_, name string) error {
			if name == objects.CheckpointName {
				gets.Add(1)
			}
			return nil
		})
		const polls = 5
		for range 100 * polls {
			for range 3 {
				go second.looks()
			}
			time.Sleep(poll / 100)
		}
		if n := gets.Load(); n < polls*maxLooks || n > polls*(maxLooks+1)+2 {
			t.Errorf("within %d polls it was read %d times", polls, n)
		}
		settle()
	})
}

// Nobody waits for what does not come.
func TestANodeThatCannotLookIsNotWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		harm        func(s *server) (mend func())
		least, most time.Duration // of who comes when it has just been harmed
	}{
		"cut off": {func(s *server) func() {
			s.line.cut.Store(true)
			return func() { s.line.cut.Store(false) }
		}, 0, 0},
		"no tile comes": {func(s *server) func() {
			reads := s.waits()
			return func() { close(reads) }
		}, after, after},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				first, second := w.two(1)
				w.append(first, 1)
				mend := test.harm(second)
				if took := second.looks(); took < test.least || took > test.most {
					t.Errorf("it took %s", took)
				}
				for range 20 {
					if took := second.looks(); test.least == 0 && took != 0 {
						t.Errorf("it failed just before, and took %s", took)
					}
					time.Sleep(poll / 3)
				}
				mend()
				time.Sleep(5 * time.Minute) // it rests
				w.append(first, 1)
				if took := second.looks(); took > poll/maxLooks {
					t.Errorf("it took %s", took)
				}
				w.shows(second, 3)
			})
		})
	}
}

// Whoever waits for the next look of a node that ends waits no longer, nor for the one under way.
func TestALookEndsWithFollowing(t *testing.T) {
	for name, reads := range map[string]bool{"under way": true, "the next": false} {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				first, second := w.two(1)
				w.append(first, 1)
				if !reads {
					second.looks() // so that the next has to rest
				}
				tiles := make(chan struct{})
				if reads {
					tiles = second.waits()
				}
				var wait sync.WaitGroup
				wait.Go(func() {
					if took := second.looks(); took != poll/maxLooks/2 {
						t.Errorf("it took %s", took)
					}
				})
				time.Sleep(poll / maxLooks / 2)
				synctest.Wait()
				second.cancel()
				close(tiles)
				wait.Wait()
				if took := second.looks(); took != 0 {
					t.Errorf("one that has ended looks for %s", took)
				}
			})
		})
	}
}

// One that does not take a log which nobody has goes on to judge what is public, and to be ready
// for readers where it does.
func TestANodeThatTakesNoLogJudgesWhatIsPublic(t *testing.T) {
	in(t, func(w *world) {
		first, second := w.two(1)
		second.line.on(func(op, name string) error {
			if op == "get" && name == objects.HeadName { // the whole one, which who takes it reads
				return errCut
			}
			return nil
		})
		first.kill()
		for range 600 {
			time.Sleep(time.Second)
			synctest.Wait()
			if err := second.Ready(); err != nil {
				t.Fatal(err)
			}
		}
		second.line.on(nil)
	})
	in(t, func(w *world) {
		first, second := w.two(1)
		for _, s := range w.nodes {
			s.gone.Store(true)
		}
		time.Sleep(5 * time.Minute)
		first.gone.Store(false)
		if leads, _ := w.leader(); leads != first {
			t.Fatal("another leads")
		}
		time.Sleep(3 * poll)
		synctest.Wait()
		if err := second.Ready(); err != nil {
			t.Error(err)
		}
	})
}

// What a registry costs is reckoned by it (testvectors/peers/capacity).
func TestALookAsksForNoMoreThanItNeeds(t *testing.T) {
	in(t, func(w *world) {
		first, second := w.two(0)
		w.fill(first, 300) // two levels
		settle()
		var mu sync.Mutex
		asked := make(map[string]int)
		second.line.on(func(_, name string) error {
			mu.Lock()
			defer mu.Unlock()
			asked[name]++
			return nil
		})
		w.append(first, 1)
		if took := second.looks(); took != 0 {
			t.Errorf("it took %s", took)
		}
		w.shows(second, 301)
		mu.Lock()
		defer mu.Unlock()
		want := map[string]int{objects.CheckpointName: 2, "tile/entries/001.p/45": 1, "tile/0/001.p/45": 1, "tile/1/000.p/1": 1}
		if !maps.Equal(asked, want) {
			t.Errorf("it asked for %v, not %v", asked, want)
		}
	})
}
