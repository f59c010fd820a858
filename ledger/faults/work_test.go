package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

// A work is what a ledger does in a run.
type work struct {
	name      string
	witnessed bool
	created   int // with so many large entries the ledger begins, and so many
	filled    int // small ones; where there are none, the run makes it
	restarts  int // of the ledger before the run, so that files gather
	steps     []step
}

// A step is a batch of records, all at once, or an orderly end and a new start.
type step struct {
	records []*record.Record
	restart bool
}

const fillers = 300

func works() []work {
	r := signedOnce()
	restart := step{restart: true}
	alone := func(x *record.Record) step { return step{records: []*record.Record{x}} }
	crowd := func(x ...*record.Record) step { return step{records: x} }
	return []work{
		// The ledger is made, and works for the first time.
		{name: "new", steps: []step{
			alone(r.contracts[0]), crowd(r.contracts[1], r.contracts[2], r.revocations[0]), restart,
			alone(r.contracts[3]), alone(r.contracts[0]), restart,
		}},
		// A tile is filled, with the life of a contract on both sides of its end.
		{name: "tile", filled: 252, steps: []step{
			alone(r.life[0]), alone(r.life[1]), crowd(r.life[2], r.contracts[0], r.contracts[1], r.revocations[1]), restart,
			alone(r.life[3]), crowd(r.life[4], r.contracts[2]), alone(r.life[0]), restart, alone(r.life[5]),
		}},
		// Tables are flushed and compacted while records come.
		{name: "flush", created: 12, filled: 4, restarts: 3, steps: []step{
			crowd(r.large[20:30]...), alone(r.contracts[0]), crowd(r.large[30:40]...), alone(r.contracts[1]), restart, alone(r.contracts[2]),
		}},
		// Two witnesses stand between what is stored and what is public.
		{name: "witnesses", witnessed: true, filled: 3, steps: []step{
			alone(r.contracts[0]), crowd(r.contracts[1], r.contracts[2], r.revocations[0]), restart, alone(r.contracts[3]), alone(r.contracts[0]),
		}},
	}
}

// bases has the disks on which runs begin, made once.
var bases struct {
	sync.Mutex
	disks map[string]*vfs.MemFS
}

// base returns a new disk as it is before the work; an empty one where the work makes
// the ledger.
func (k work) base() *vfs.MemFS {
	if k.filled == 0 {
		return vfs.NewCrashableMem()
	}
	bases.Lock()
	defer bases.Unlock()
	if disk, ok := bases.disks[k.name]; ok {
		return disk.CrashClone(vfs.CrashCloneCfg{})
	}
	w, disk, r := newWorld(false), vfs.NewCrashableMem(), signedOnce()
	if err := w.create(disk); err != nil {
		panic(err)
	}
	list := append(r.filler[:k.filled:k.filled], r.large[:k.created]...)
	for part := range k.restarts + 1 {
		p := must(w.start(faultfs.New(disk, soundly)))
		var group sync.WaitGroup
		for i := part; i < len(list); i += k.restarts + 1 {
			group.Go(func() { must(p.log.Append(context.Background(), list[i])) })
		}
		group.Wait()
		if err := p.close(); err != nil {
			panic(err)
		}
	}
	if bases.disks == nil {
		bases.disks = make(map[string]*vfs.MemFS)
	}
	bases.disks[k.name] = disk.CrashClone(vfs.CrashCloneCfg{})
	return disk.CrashClone(vfs.CrashCloneCfg{})
}

// soundly is a disk that does not fail.
func soundly(faultfs.Op) faultfs.Fault { return faultfs.Fault{} }

// A run is one work on one disk.
type run struct {
	work  work
	world *world
	disk  *vfs.MemFS
	ask   func(faultfs.Op) faultfs.Fault

	hits    atomic.Int64 // operations that failed
	created atomic.Bool  // the ledger was made
	cut     cut
}

// A cut is when the power goes, and the run is over.
type cut int

const (
	atTheEnd   cut = iota // of the work
	atOnce                // after the answers to what was under way when the disk failed
	afterStart            // after the first answers of the ledger that was started then
)

func newRun(k work, ask func(faultfs.Op) faultfs.Fault) *run {
	r := &run{work: k, world: newWorld(k.witnessed), disk: k.base(), ask: ask}
	r.created.Store(k.filled > 0)
	return r
}

// decide is what the disk asks.
func (r *run) decide(op faultfs.Op) faultfs.Fault {
	f := r.ask(op)
	if f.Err != nil {
		r.hits.Add(1)
	}
	return f
}

// starts is how often a ledger is started that does not: longer than a disk is full.
const starts = 100

// errCut ends a run.
var errCut = errors.New("the power went")

// start makes the ledger where there is none, and runs it. It fails only when the
// disk does, and then is tried again. It returns how many operations had failed before.
func (r *run) start() (p *process, before int64, err error) {
	for range starts {
		before = r.hits.Load()
		fs := faultfs.New(r.disk, r.decide)
		p, err = nil, nil
		if !r.created.Load() {
			if err = r.world.create(fs); err == nil {
				r.created.Store(true)
			}
		}
		if err == nil {
			p, err = r.world.start(fs)
		}
		if err == nil {
			return p, before, nil
		}
		fs.Kill()
		if r.hits.Load() == before {
			return nil, 0, fmt.Errorf("the ledger does not start on a disk that works: %w", err)
		}
		if r.cut == atOnce {
			return nil, 0, errCut
		}
	}
	return nil, 0, fmt.Errorf("the ledger does not start after %d times", starts)
}

// A session is a run with its process, if one runs.
type session struct {
	*run
	p      *process
	before int64 // how many operations had failed when the process started
	owed   []*record.Record
}

// failed says whether an operation failed since the process started.
func (s *session) failed() bool { return s.hits.Load() > s.before }

// end ends the process.
func (s *session) end() error {
	if s.p == nil {
		return nil
	}
	err := s.p.close()
	s.p = nil
	if err != nil && !s.failed() {
		return fmt.Errorf("the ledger does not end well on a disk that works: %w", err)
	}
	return nil
}

// running has a process run that has not stopped.
func (s *session) running() error {
	if s.p != nil && s.p.stopped() {
		if err := s.end(); err != nil {
			return err
		}
	}
	if s.p != nil {
		return nil
	}
	var err error
	s.p, s.before, err = s.start()
	return err
}

// do does the work. The error is of the ledger, and not of the disk: for what failed
// there is a right answer.
func (r *run) do() error {
	s := &session{run: r}
	for _, step := range r.work.steps {
		r.world.unix.Add(1)
		if step.restart {
			if err := s.end(); err != nil {
				return err
			}
			continue
		}
		if err := s.register(step.records); err != nil {
			return err
		}
	}
	// What was not acknowledged is sent again, as submitters do.
	for range starts {
		if len(s.owed) == 0 {
			return s.end()
		}
		if err := s.register(nil); err != nil {
			return err
		}
	}
	return fmt.Errorf("%d records are not acknowledged after %d times", len(s.owed), starts)
}

// register has the ledger register records, those first, one by one, that it still
// owes, and looks at what it shows. Where nothing failed all has to be acknowledged.
func (s *session) register(records []*record.Record) error {
	if err := s.running(); err != nil {
		return err
	}
	owed := s.owed
	s.owed = append(owed[:len(owed):len(owed)], records...)
	for _, x := range owed {
		if err := s.post(x); err != nil || !s.world.seen.acknowledged(x.ID()) {
			return err
		}
	}
	if len(records) > 0 {
		if err := s.post(records...); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) post(records ...*record.Record) error {
	if err := errors.Join(s.p.post(records...), s.p.look(records[0])); err != nil {
		return err
	}
	if s.p.stopped() {
		if !s.failed() {
			return fmt.Errorf("the ledger stopped on a disk that works: %w", s.p.log.Err())
		}
	}
	if s.cut == atOnce && s.hits.Load() > 0 || s.cut == afterStart && s.before > 0 {
		s.p.fs.Kill()
		return errCut
	}
	left := s.owed[:0:0]
	for _, x := range s.owed {
		if !s.world.seen.acknowledged(x.ID()) {
			left = append(left, x)
		}
	}
	s.owed = left
	for _, x := range records {
		if !s.world.seen.acknowledged(x.ID()) && !s.failed() {
			return fmt.Errorf("record %s is not acknowledged on a disk that works", x.ID())
		}
	}
	return nil
}

// recovers demands of what a disk has after a crash that a ledger starts on it that has
// everything that was seen, serves what its entries say, and goes on.
func (w *world) recovers(t testing.TB, disk vfs.FS, created bool) {
	t.Helper()
	w.guarded(disk)
	w.unix.Add(10)
	p, err := w.start(faultfs.New(disk, soundly))
	if err != nil && !created {
		// Cut short, and done again.
		if err = w.create(disk); err == nil {
			p, err = w.start(faultfs.New(disk, soundly))
		}
	}
	if err != nil {
		t.Fatalf("the ledger does not start again: %v", err)
	}
	if err := w.seen.kept(p.log.View()); err != nil {
		t.Fatal(err)
	}
	one := signedOnce().contracts[39]
	if err := p.post(one); err != nil {
		t.Fatal(err)
	}
	if !w.seen.acknowledged(one.ID()) {
		t.Fatalf("the ledger that started again does not register: %v", p.log.Err())
	}
	if err := p.look(one); err != nil {
		t.Fatal(err)
	}
	v := p.log.View()
	leaves := ledgertest.CheckLog(t, v, home.Key)
	if err := w.seen.check(v, leaves, w); err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatalf("the ledger that started again does not end: %v", err)
	}
}

// dice returns the randomness of a seed and a number.
func dice(seed, n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
