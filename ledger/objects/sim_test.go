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

// Bounds of a simulation.
const (
	maxSteps    = 600 // requests under a schedule; what is left has no faults
	eachAppends = 4   // records of a node
	maxTries    = 8   // take-overs of a node
)

// A sim is some would-be leaders, whose requests come in an order that a seed says, with
// faults, crashes, and stops.
type sim struct {
	*schedule
	base    base
	rng     *rand.Rand
	faults  float64 // of requests
	stops   float64 // of steps: a node is stopped for a while, or finds no way to the bucket
	clocks  bool    // the nodes' clocks are wrong, and go backwards
	crashes int     // how many there may still be
	crashed int
	restart []restart
}

// A restart is a node that is to come back, after some steps.
type restart struct {
	in   int
	disk *vfs.MemFS
	left []*record.Record
}

func newSim(b base, w *world) *sim {
	rng := w.dice(0)
	return &sim{
		schedule: &schedule{world: w}, base: b, rng: rng,
		faults: []float64{0, 0.03, 0.1, 0.3}[rng.IntN(4)], stops: []float64{0, 0.02, 0.1}[rng.IntN(3)],
		clocks: rng.IntN(4) == 0, crashes: rng.IntN(4),
	}
}

// works is what a would-be leader does: it takes the log over whoever has it, registers
// what it can, and begins again when it is fenced.
func (s *sim) works(rng *rand.Rand) func(a *actor) {
	return func(a *actor) {
		if s.clocks {
			wrong := time.Duration(rng.IntN(600)-300) * time.Second
			a.clock = func() time.Time { return time.Unix(began, 0).Add(wrong - time.Since(bubble)) } // backwards
		}
		for tries := 0; tries < maxTries && len(a.left) > 0 && a.ctx.Err() == nil && !a.told(); tries++ {
			time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
			if a.note("takes the log over", a.lead()) != nil {
				continue
			}
			for len(a.left) > 0 && !a.told() {
				if rng.IntN(4) == 0 && a.note("beats", a.leader.Beat(0)) != nil {
					break
				}
				if a.note("registers", a.registers(1+rng.IntN(3))) != nil {
					break
				}
			}
			if rng.IntN(2) == 0 {
				a.note("ends", a.log.Close())
				a.note("resigns", a.leader.Resign())
			}
			a.stop()
		}
	}
}

// bubble is when the time of a bubble begins.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// begin starts the nodes.
func (s *sim) begin(nodes int) error {
	if s.base.size == 0 {
		r := &objects.Register{Bucket: s.world.memory, Key: key, Random: source{s.world.dice(1)}}
		n, err := s.world.node(nil, nil)
		if err != nil {
			return err
		}
		if err := errors.Join(r.Begin(n.ctx, empty, 0, objects.Open), n.close()); err != nil {
			return err
		}
	}
	for i := range nodes {
		left := s.base.records(nodes * eachAppends)[i*eachAppends:][:eachAppends]
		if _, err := s.start(s.base.clone(), left, s.works(s.world.dice(uint64(100+i)))); err != nil {
			return err
		}
	}
	return nil
}

// fault says what becomes of a request.
func (s *sim) fault() objectstest.Fault {
	if s.rng.Float64() >= s.faults {
		return objectstest.Fault{}
	}
	kind := objectstest.Kinds[s.rng.IntN(len(objectstest.Kinds))]
	switch kind {
	case objectstest.Dies, objectstest.Carried, objectstest.Leaves:
		if s.crashes == 0 {
			return objectstest.Fault{}
		}
		s.crashes--
		s.crashed++
	}
	return objectstest.Fault{Kind: kind, After: s.rng.IntN(30), For: time.Duration(s.rng.IntN(15)) * time.Second}
}

// goes makes one step; false when there is nothing more to do.
func (s *sim) goes() (bool, error) {
	over := true
	for _, a := range s.actors {
		if a.asleep--; a.asleep <= 0 {
			a.paused = false
			a.bucket.Partition(false)
		}
		over = over && a.over()
	}
	for i := range s.restart {
		r := &s.restart[i]
		if r.in--; r.in == 0 {
			if _, err := s.start(r.disk, r.left, s.works(s.world.dice(uint64(200+len(s.actors))))); err != nil {
				return false, err
			}
		}
		over = over && r.in < 0
	}
	if s.rng.Float64() < s.stops {
		a := s.actors[s.rng.IntN(len(s.actors))]
		a.asleep = 1 + s.rng.IntN(60)
		if a.paused = s.rng.IntN(3) > 0; !a.paused {
			a.bucket.Partition(true)
		}
	}
	list := s.ready()
	if len(list) == 0 {
		time.Sleep(100 * time.Millisecond)
		return !over, nil
	}
	w := list[s.rng.IntN(len(list))]
	if disk := s.give(w, s.fault(), s.rng); disk != nil {
		<-w.by.done
		s.restart = append(s.restart, restart{1 + s.rng.IntN(60), disk, w.by.left})
	}
	time.Sleep([]time.Duration{time.Microsecond, time.Microsecond, time.Millisecond, 300 * time.Millisecond, 3 * time.Second}[s.rng.IntN(5)])
	return true, nil
}

// A result is what a simulation came to.
type result struct {
	trace   uint64
	steps   int
	crashes int
	epochs  uint64
	size    uint64
}

// simulate goes through the schedule of a seed. The error is what should never be.
func simulate(t *testing.T, b base, memory *objectstest.Memory, seed uint64) (r result, err error) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(memory, seed)
		s := newSim(b, w)
		if err = s.begin(2 + s.rng.IntN(2)); err != nil {
			return
		}
		for more := true; more && s.steps < maxSteps && err == nil; {
			more, err = s.goes()
		}
		r.trace, r.steps, r.crashes = s.trace, s.steps, s.crashed
		failed := s.finish(b.clone(), b.records(20)[19], func(n *node) error {
			r.size, r.epochs = n.log.View().Size(), n.leader.Epoch()
			if err := w.check(t, n); err != nil {
				return err
			}
			if b.size == 0 && seed%8 == 0 {
				ledgertest.CheckLog(t, n.log.View(), key)
			}
			return nil
		})
		if err = errors.Join(err, failed); err == nil && seed%8 == 0 {
			err = w.checkIndexes(s.actors)
		}
	})
	return r, err
}

// Two and three nodes that all want to lead, whatever their clocks say and however they are
// interrupted, make one history.
func TestAnyNumberOfLeadersMakeOneHistory(t *testing.T) {
	list, err := bases()
	must(t, err)
	var mu sync.Mutex
	var all result
	var wait sync.WaitGroup
	run := func(seed uint64) {
		b := list[0]
		if seed%10 == 9 {
			b = list[1]
		}
		r, err := simulate(t, b, b.memory.Clone(), seed)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		mu.Lock()
		defer mu.Unlock()
		all.steps, all.crashes, all.epochs, all.size = all.steps+r.steps, all.crashes+r.crashes, all.epochs+r.epochs, all.size+r.size-uint64(b.size)
	}
	const lanes = 2
	for lane := range uint64(lanes) {
		wait.Go(func() {
			for seed := lane; seed < seeds && !t.Failed(); seed += lanes {
				run(seed)
			}
		})
	}
	wait.Wait()
	s := fmt.Sprintf("%d schedules: %d requests, %d crashes, %d owners, %d records", seeds, all.steps, all.crashes, all.epochs, all.size)
	t.Log(s)
	if all.steps < 40*seeds || all.crashes < seeds/6 || all.epochs < 3*seeds || all.size < 3*seeds {
		t.Errorf("%s: too little happens", s)
	}
}

func TestASeedIsOneSchedule(t *testing.T) {
	for seed := range uint64(5) {
		b := base{memory: objectstest.NewMemory()}
		first, err := simulate(t, b, b.memory.Clone(), seed)
		must(t, err)
		second, err := simulate(t, b, b.memory.Clone(), seed)
		must(t, err)
		if first != second {
			t.Errorf("seed %d: %+v, and again %+v", seed, first, second)
		}
	}
}

// Where the head is replaced without its condition, the same nodes sign two histories: so the
// condition is what keeps them from it, and the tests would see it.
func TestWithoutTheConditionThereAreSplitViews(t *testing.T) {
	split, lost := 0, 0
	const runs = 100
	for seed := range uint64(runs) {
		m := objectstest.NewMemory()
		m.Careless = objects.HeadName
		switch _, err := simulate(t, base{memory: m}, m, seed); {
		case errors.Is(err, errSigned):
			split++
		case err != nil:
			lost++
		}
	}
	t.Logf("%d of %d schedules end in two signed histories, %d in another breach", split, runs, lost)
	if split < runs/10 || split+lost < runs/2 {
		t.Error("the tests see too little")
	}
}
