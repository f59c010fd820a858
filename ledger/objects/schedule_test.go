package objects_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/record"
)

// An actor is a node with what it does, under a schedule.
type actor struct {
	*node
	number int
	paused bool             // it gets no token
	asleep int              // steps for which it is paused
	left   []*record.Record // that nobody has said to be registered
	done   chan struct{}    // closed when it does nothing any more
	ended  error            // why it stopped before its end, set before done

	mu   sync.Mutex
	quit bool  // it takes nothing up any more
	odd  error // what should not have happened to it
}

func (a *actor) told() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.quit
}

func (a *actor) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// A waiting is a request that waits for its token.
type waiting struct {
	by    *actor
	call  objectstest.Call
	token chan objectstest.Fault
}

// A schedule gives one request after the other a token, when nothing else can go on: so one
// seed is one order. It lives in a bubble.
type schedule struct {
	world  *world
	actors []*actor
	trace  uint64 // a hash of all that was scheduled
	steps  int

	mu      sync.Mutex
	pending []*waiting
	free    bool // all go on without tokens
}

// plan waits for the token.
func (s *schedule) plan(a *actor) func(context.Context, objectstest.Call) objectstest.Fault {
	return func(ctx context.Context, c objectstest.Call) objectstest.Fault {
		w := &waiting{a, c, make(chan objectstest.Fault, 1)}
		s.mu.Lock()
		if s.free {
			s.mu.Unlock()
			return objectstest.Fault{}
		}
		s.pending = append(s.pending, w)
		s.mu.Unlock()
		select {
		case f := <-w.token:
			return f
		case <-ctx.Done():
			s.mu.Lock()
			defer s.mu.Unlock()
			s.pending = slices.DeleteFunc(s.pending, func(other *waiting) bool { return other == w })
			return objectstest.Fault{}
		}
	}
}

// start starts an actor, on a disk or on a new one.
func (s *schedule) start(disk *vfs.MemFS, left []*record.Record, act func(a *actor)) (*actor, error) {
	a := &actor{number: len(s.actors), left: left, done: make(chan struct{})}
	var err error
	if a.node, err = s.world.node(disk, s.plan(a)); err != nil {
		return nil, err
	}
	s.actors = append(s.actors, a)
	go func() {
		defer close(a.done)
		act(a)
	}()
	return a, nil
}

// ready returns the requests that could have the token, in an order that follows from what
// they are.
func (s *schedule) ready() []*waiting {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.pending), func(w *waiting) bool { return w.by.paused })
	slices.SortFunc(list, func(a, b *waiting) int {
		return cmp.Or(cmp.Compare(a.by.number, b.by.number), cmp.Compare(a.call.Name, b.call.Name), cmp.Compare(a.call.Op, b.call.Op))
	})
	return list
}

// give gives a request its token, and waits until nothing goes on. A node that crashes at it
// is gone then, and disk is what it leaves.
func (s *schedule) give(w *waiting, f objectstest.Fault, rng *rand.Rand) (disk *vfs.MemFS) {
	s.mu.Lock()
	s.pending = slices.DeleteFunc(s.pending, func(other *waiting) bool { return other == w })
	s.mu.Unlock()
	s.steps++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s %s %s", s.trace, w.by.number, w.call.Op, w.call.Name, f.Kind)
	s.trace = h.Sum64()
	w.token <- f
	synctest.Wait()
	if !w.by.bucket.Crashed() {
		return nil
	}
	// All or nothing of what was not synced: between the two, chance is not ours.
	disk = w.by.crash(100*rng.IntN(2), rand.New(rand.NewPCG(1, 1)))
	synctest.Wait()
	return disk
}

// run gives tokens, without faults, until one of these is over.
func (s *schedule) run(until *actor) {
	for !until.over() {
		s.first(objectstest.Fault{}, nil)
	}
}

// first gives the first request its token, or lets time pass where there is none.
func (s *schedule) first(f objectstest.Fault, rng *rand.Rand) (given bool, disk *vfs.MemFS) {
	list := s.ready()
	if len(list) == 0 {
		time.Sleep(20 * time.Millisecond)
		return false, nil
	}
	disk = s.give(list[0], f, rng)
	time.Sleep(time.Microsecond)
	return true, disk
}

// release has everything go on without tokens, without those that wait now for theirs.
func (s *schedule) release() {
	for _, a := range s.actors {
		a.paused = false
		a.bucket.Partition(false)
	}
	s.mu.Lock()
	s.free = true
	for _, w := range s.pending {
		w.token <- objectstest.Fault{}
	}
	s.pending = nil
	s.mu.Unlock()
	synctest.Wait()
}

// finish ends the schedule: all that is late arrives, all nodes end, and the one that leads
// last registers one more record. What was ever said is compared with its log.
func (s *schedule) finish(disk *vfs.MemFS, last *record.Record, check func(n *node) error) error {
	s.release()
	for _, a := range s.actors {
		a.mu.Lock()
		a.quit = true
		a.mu.Unlock()
	}
	for _, a := range s.actors {
		<-a.done
	}
	s.world.network.Deliver()
	var odd error
	for _, a := range s.actors {
		odd = errors.Join(odd, a.odd, a.close())
	}
	n, err := s.world.node(disk, nil)
	if err != nil {
		return errors.Join(odd, err)
	}
	if err := n.lead(); err != nil {
		return errors.Join(odd, err, n.close())
	}
	// What the network keeps for longer than anybody lives.
	s.world.network.Deliver()
	err = n.append(last)
	if err == nil {
		err = check(n)
	}
	return errors.Join(odd, err, n.close())
}

// expected says whether an error is one that faults of the network explain.
func expected(err error) bool {
	for _, e := range []error{
		objectstest.ErrLost, objectstest.ErrCrashed, objects.ErrFenced, context.DeadlineExceeded, context.Canceled,
		errNotYet, objects.ErrAbsent, objects.ErrExists, objects.ErrChanged, ledger.ErrClosed,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	var clock *ledger.ClockError
	return err == nil || errors.As(err, &clock)
}

// note keeps an error that no fault explains.
func (a *actor) note(doing string, err error) error {
	if !expected(err) && !a.bucket.Crashed() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.odd = errors.Join(a.odd, fmt.Errorf("%s, %s: %w", a.url, doing, err))
	}
	return err
}

// registers appends records in two batches, the first of one record and the second of the
// rest, and takes from left what is registered.
func (a *actor) registers(count int) error {
	count = min(count, len(a.left))
	list := make([]*ledger.Pending, count)
	for i, r := range a.left[:count] {
		var err error
		if list[i], _, err = a.log.Submit(r); err != nil {
			list = list[:i]
			break
		}
		time.Sleep(time.Nanosecond) // the first is on its way when the others come
	}
	if len(list) == 0 {
		return ledger.ErrClosed
	}
	var failed error
	var left []*record.Record
	for i, r := range a.left {
		if i >= len(list) {
			left = append(left, r)
			continue
		}
		reg, err := list[i].Wait(a.ctx)
		if err == nil {
			a.world.acknowledge(r, reg.Index)
			continue
		}
		left, failed = append(left, r), errors.Join(failed, err)
	}
	a.left = left
	return failed
}
