package objects_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/record"
)

// A base is where a test begins: a bucket and the disk of a node that has all of it.
type base struct {
	size   int
	memory *objectstest.Memory
	disk   *vfs.MemFS
	stored kept // nil, or: what the bucket is, for one world; it has what memory has
}

func (b base) world(seed uint64) *world {
	if b.stored != nil {
		return newWorld(b.stored, seed)
	}
	return newWorld(b.memory.Clone(), seed)
}

func (b base) clone() *vfs.MemFS {
	if b.disk == nil {
		return vfs.NewCrashableMem()
	}
	return b.disk.CrashClone(vfs.CrashCloneCfg{})
}

// records returns some that the log does not have.
func (b base) records(count int) []*record.Record { return pool()[b.size : b.size+count] }

// ofSize returns a log of that size in a bucket, of which nobody is the owner.
func ofSize(size int) (base, error) {
	memory := objectstest.NewMemory()
	w := newWorld(memory, 0)
	n, err := w.node(nil, nil)
	if err != nil {
		return base{}, err
	}
	n.config.MaxBatch = 7 // so that there are partial tiles
	if err := n.register.Begin(n.ctx, empty, 0, objects.Open); err != nil {
		return base{}, err
	}
	if err := n.lead(); err != nil {
		return base{}, err
	}
	for _, r := range pool()[:size] {
		if _, _, err := n.log.Submit(r); err != nil {
			return base{}, err
		}
	}
	if err := errors.Join(n.log.Close(), n.leader.Resign(), n.close()); err != nil {
		return base{}, err
	}
	return base{size: size, memory: memory, disk: n.disk}, nil
}

// Before a border of tiles, and before that of the first entry.
var bases = sync.OnceValues(func() ([]base, error) {
	border, err := ofSize(254)
	return []base{{memory: objectstest.NewMemory()}, border}, err
})

// scenario is the whole life of a leader: it makes the log where there is none, takes it,
// registers four records, beats, and resigns.
func scenario(a *actor) {
	a.ended = a.note("life", a.life())
	if a.ended != nil {
		a.stop()
	}
}

func (a *actor) life() error {
	if len(a.world.memory.History(objects.HeadName)) == 0 {
		if err := a.register.Begin(a.ctx, empty, 0, objects.Open); err != nil && !errors.Is(err, objects.ErrExists) {
			return err
		}
	}
	err := a.lead()
	for range 3 {
		if err == nil || a.bucket.Crashed() || errors.Is(err, objects.ErrFenced) {
			break
		}
		err = a.lead() // what reads is not tried again by itself
	}
	if err != nil {
		return err
	}
	for _, count := range []int{1, 3} {
		if err := a.registers(count); err != nil {
			return err
		}
	}
	if err := a.leader.Beat(0); err != nil {
		return err
	}
	if err := a.log.Close(); err != nil {
		return err
	}
	return a.leader.Resign()
}

// A point is one way in which the life of a leader is disturbed, and how it goes on.
type point struct {
	base    base
	at      int // the request, from 1
	kind    objectstest.Kind
	after   int  // requests before which what is late comes not
	restart bool // who crashed goes on, and not another
	second  int  // 0, or: the first is stopped at its request until the other has made so many of its own
}

func (p point) String() string {
	s := string(p.kind)
	if p.second > 0 {
		s = fmt.Sprintf("stopped until %d", p.second)
	}
	if p.restart {
		s += "/restarted"
	}
	if p.after > 0 {
		s += fmt.Sprintf("/after %d", p.after)
	}
	return s
}

// try goes through a point, and says whether the request was made at all.
func (p point) try(t *testing.T) (met bool) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(uint64(p.at), 7))
		w := p.base.world(1)
		s := &schedule{world: w}
		one, err := s.start(p.base.clone(), p.base.records(4), scenario)
		must(t, err)
		disk := p.disturb(s, one, rng, &met)
		if one.over() && disk == nil {
			must(t, one.ended) // alone, a leader outlives every fault
		}
		other := one
		if !p.restart || disk == nil {
			disk = p.base.clone()
		}
		if met {
			other, err = s.start(disk, p.base.records(4), scenario)
			must(t, err)
			if p.second > 0 {
				one.paused = true
				for calls := 0; calls < p.second && !other.over(); {
					if given, _ := s.first(objectstest.Fault{}, nil); given {
						calls++
					}
				}
				one.paused, other.paused = false, true
				s.run(one)
				other.paused = false
			}
			s.run(other)
		}
		must(t, s.finish(p.base.clone(), p.base.records(5)[4], func(n *node) error {
			if p.base.size == 0 {
				ledgertest.CheckLog(t, n.log.View(), key)
			}
			return w.check(t, n)
		}))
		if p.restart {
			must(t, w.checkIndexes(s.actors))
		}
	})
	return met
}

// disturb runs the first node up to the point and, unless it is stopped there, to its end.
func (p point) disturb(s *schedule, one *actor, rng *rand.Rand, met *bool) (disk *vfs.MemFS) {
	for !one.over() {
		f := objectstest.Fault{}
		if len(s.ready()) > 0 && s.steps+1 == p.at {
			*met = true
			if p.second > 0 {
				return nil
			}
			f = objectstest.Fault{Kind: p.kind, After: p.after, For: 12 * time.Second}
		}
		if _, left := s.first(f, rng); left != nil {
			disk = left
		}
	}
	return disk
}

// requests returns how many requests the life of a leader has.
func (b base) requests(t *testing.T) (count int) {
	synctest.Test(t, func(t *testing.T) {
		s := &schedule{world: b.world(1)}
		one, err := s.start(b.clone(), b.records(4), scenario)
		must(t, err)
		s.run(one)
		count = s.steps
		must(t, s.finish(b.clone(), b.records(5)[4], func(*node) error { return nil }))
	})
	return count
}

// points returns all that is tried at a request.
func (b base) points(at, requests int) (list []point) {
	for _, kind := range objectstest.Kinds {
		list = append(list, point{base: b, at: at, kind: kind})
		switch kind {
		case objectstest.Dies, objectstest.Carried, objectstest.Leaves:
			list = append(list, point{base: b, at: at, kind: kind, restart: true})
		}
		switch kind {
		case objectstest.Late, objectstest.Twice, objectstest.Stays, objectstest.Leaves:
			// Just before it is tried again, after that, and when all is over.
			for _, after := range []int{1, 4, 1000} {
				list = append(list, point{base: b, at: at, kind: kind, after: after})
			}
		}
	}
	// At the border too, but not each with each.
	step := stride * (b.size/32 + 1)
	for second := 1 + at%step; second <= requests; second += step {
		list = append(list, point{base: b, at: at, second: second})
	}
	return list
}

// Each request of a leader's life fails in each way, and whoever comes next finishes what it
// began; or it is stopped there, and goes on in the midst of what its successor does.
func TestAFaultAtAnyRequestSplitsNothing(t *testing.T) {
	list, err := bases()
	must(t, err)
	points := 0
	for _, b := range list {
		requests := b.requests(t)
		for at := 1; at <= requests; at += stride {
			list := b.points(at, requests)
			points += len(list)
			t.Run(fmt.Sprintf("%d/%d", b.size, at), func(t *testing.T) {
				t.Parallel()
				for _, p := range list {
					t.Run(p.String(), func(t *testing.T) {
						if !p.try(t) {
							t.Error("there is no such request")
						}
					})
				}
			})
		}
	}
	t.Logf("%d points", points)
	if points < leastPoints {
		t.Errorf("%d points, at least %d there should be", points, leastPoints)
	}
}
