package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/store/faultfs"
)

// A class is a way in which a disk fails. Its points are numbered by the operation at
// which it does.
type class struct {
	name   string
	parts  int // how many processes share its points of a work
	points func(s *shard, t *testing.T)
}

var classes = []class{
	{"once", 5, (*shard).once},
	{"full", 3, (*shard).full},
	{"crash", 2, (*shard).crash},
	{"twice", 3, (*shard).twice},
}

// A form says how many points there are.
type form struct {
	name   string
	stride int    // of the operations: 1 for each
	seeds  uint64 // of what a crash leaves of what was not synced
	pairs  int    // with each first of two faults, second ones
	least  int    // points in all, so that they cannot become fewer unseen
}

// A shard is what one process goes through: every so many of the points of a class in
// a work, from one on.
type shard struct {
	work        work
	form        form
	first, step int // of the numbers of operations

	mu   sync.Mutex
	seen map[string]bool // the points
	by   map[string]int  // how many, by how the operations failed
}

// point tries one point: what it is called has everything that tells it from others.
func (s *shard) point(t *testing.T, kind, name string, try func(t *testing.T)) {
	s.mu.Lock()
	if !s.seen[name] {
		s.seen[name] = true
		s.by[kind]++
	}
	s.mu.Unlock()
	hangs := time.AfterFunc(patience, func() {
		debug.SetTraceback("all")
		panic(s.work.name + ": " + name + ": no end")
	})
	defer hangs.Stop()
	t.Run(name, try)
}

var errInjected = errors.New("the disk says no")

// broken is how a disk says that it failed.
func broken(op faultfs.Op, err error) error {
	return &fs.PathError{Op: string(op.Kind), Path: op.Path, Err: err}
}

var how = map[faultfs.Done]string{faultfs.Nothing: "failed", faultfs.Half: "half done", faultfs.All: "took effect"}

// A plan says which operations of a run fail. It counts those that matter.
type plan struct {
	mu      sync.Mutex
	n       int
	matters func(faultfs.Kind) bool
	fail    func(n int, op faultfs.Op) faultfs.Fault
	first   faultfs.Op // that failed
}

func (p *plan) ask(op faultfs.Op) faultfs.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.matters(op.Kind) {
		return faultfs.Fault{}
	}
	p.n++
	f := p.fail(p.n, op)
	if f.Err != nil && p.first == (faultfs.Op{}) {
		p.first = op
	}
	return f
}

func every(faultfs.Kind) bool { return true }

// at fails operation number k, and no other.
func at(k int, done faultfs.Done) *plan {
	return &plan{matters: every, fail: func(n int, op faultfs.Op) (f faultfs.Fault) {
		if n == k {
			f = faultfs.Fault{Err: broken(op, errInjected), Done: done}
		}
		return f
	}}
}

// finish goes through a run, and then demands that what is left on the disk, with so
// much of what was not synced, is a ledger that has everything.
func (r *run) finish(t *testing.T, cfg vfs.CrashCloneCfg) {
	t.Helper()
	if err := r.do(); err != nil && !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	r.world.fork().recovers(t, r.disk.CrashClone(cfg), r.created.Load())
}

// tries goes through one run by a plan, in which the power goes when it is said, and
// returns the operation that failed first.
func (s *shard) tries(t *testing.T, p *plan, kind, name string, when cut, percent int, seed uint64) (hit faultfs.Op) {
	if percent > 0 {
		name += fmt.Sprintf("/%d%%/seed=%d", percent, seed)
	}
	r := newRun(s.work, p.ask)
	r.cut = when
	s.point(t, kind, name, func(t *testing.T) {
		r.finish(t, vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: dice(seed, 1)})
	})
	return p.first
}

// once has each operation fail once: undone, done all the same, and writes half done.
// The ledger is started again on the same disk and goes on, and the power goes at the
// end; or, where a write failed, at once, or as soon as the ledger that was started has
// answered.
func (s *shard) once(t *testing.T) {
	for k := s.first; ; k += s.step {
		op := s.tries(t, at(k, faultfs.Nothing), "failed", fmt.Sprintf("%d/failed", k), atTheEnd, 0, 0)
		if op == (faultfs.Op{}) {
			return
		}
		s.tries(t, at(k, faultfs.All), "took effect", fmt.Sprintf("%d/took effect", k), atTheEnd, 0, 0)
		if !op.Kind.Writes() {
			continue
		}
		modes := []faultfs.Done{faultfs.Nothing, faultfs.All}
		if op.Kind == faultfs.Write {
			s.tries(t, at(k, faultfs.Half), "half done", fmt.Sprintf("%d/half", k), atTheEnd, 0, 0)
			modes = append(modes, faultfs.Half)
		}
		for _, done := range modes {
			s.tries(t, at(k, done), how[done]+", power cut", fmt.Sprintf("%d/%s/cut", k, how[done]), atOnce, 50*(k%2), uint64(k))
			s.tries(t, at(k, done), how[done]+", started, power cut", fmt.Sprintf("%d/%s/start", k, how[done]), afterStart, 0, 0)
		}
	}
}

// full has the disk be full from each write on, for a while.
func (s *shard) full(t *testing.T) {
	for k := s.first; ; k += s.step {
		for _, long := range []int{1, 3, 10, 40} {
			p := &plan{matters: faultfs.Kind.Grows, fail: func(n int, op faultfs.Op) (f faultfs.Fault) {
				if n >= k && n < k+long {
					f = faultfs.Fault{Err: broken(op, syscall.ENOSPC), Done: faultfs.Done(n % 2)}
				}
				return f
			}}
			op := s.tries(t, p, "disk full", fmt.Sprintf("%d/for %d", k, long), atTheEnd, 0, 0)
			if op == (faultfs.Op{}) {
				return
			}
		}
	}
}

// crash has the power go before each write, with from nothing to all of what was not
// synced.
func (s *shard) crash(t *testing.T) {
	var mu sync.Mutex
	n := 0
	var r *run
	look := func(op faultfs.Op) {
		n++
		if n < s.first || (n-s.first)%s.step != 0 {
			return
		}
		for _, percent := range []int{0, 10, 50, 90, 100} {
			seeds := s.form.seeds
			if percent == 0 || percent == 100 {
				seeds = 1 // there is nothing to choose
			}
			for seed := range seeds {
				name := fmt.Sprintf("%d/%d%%/seed=%d", n, percent, seed)
				s.point(t, "crash", name, func(t *testing.T) {
					w, created := r.world.fork(), r.created.Load()
					w.recovers(t, r.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: dice(seed, uint64(n))}), created)
				})
			}
		}
		s.recovery(t, r, n)
	}
	r = newRun(s.work, func(op faultfs.Op) faultfs.Fault {
		if op.Kind.Writes() {
			mu.Lock()
			defer mu.Unlock()
			look(op)
		}
		return faultfs.Fault{}
	})
	if err := r.do(); err != nil {
		t.Fatal(err)
	}
	look(faultfs.Op{})
}

// recovery has the power go before write number n of a run, and then operations of the
// recovery fail.
func (s *shard) recovery(t *testing.T, r *run, n int) {
	if !r.created.Load() {
		return
	}
	rng := dice(3, uint64(n))
	for range 2 * s.form.pairs {
		percent, seed, j, done := 25*rng.IntN(5), rng.Uint64N(1000), 1+rng.IntN(recoveryOps), faultfs.Done(rng.IntN(3))
		name := fmt.Sprintf("%d/%d%%/seed=%d/%d/%s", n, percent, seed, j, how[done])
		s.point(t, "crash, then a fault", name, func(t *testing.T) {
			p := at(j, done)
			after := &run{world: r.world.fork(), ask: p.ask, disk: r.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: dice(seed, uint64(n))})}
			after.created.Store(true)
			after.work.steps = []step{{records: signedOnce().contracts[38:39]}}
			after.world.guarded(after.disk)
			after.finish(t, vfs.CrashCloneCfg{})
		})
	}
}

// recoveryOps is about how many operations a start, a record and an end have.
const recoveryOps = 200

// twice has two operations fail: one, and another that comes while the ledger deals
// with the first.
func (s *shard) twice(t *testing.T) {
	for k := s.first; ; k += s.step {
		rng := dice(2, uint64(k))
		for range s.form.pairs {
			j := 1 + rng.IntN(recoveryOps)
			first, second := faultfs.Done(rng.IntN(3)), faultfs.Done(rng.IntN(3))
			p := &plan{matters: every}
			p.fail = func(n int, op faultfs.Op) (f faultfs.Fault) {
				switch n {
				case k:
					f = faultfs.Fault{Err: broken(op, errInjected), Done: first}
				case k + j:
					f = faultfs.Fault{Err: broken(op, errInjected), Done: second}
				}
				return f
			}
			name := fmt.Sprintf("%d/%s/%d/%s", k, how[first], k+j, how[second])
			op := s.tries(t, p, "fault, then a fault", name, atTheEnd, 0, 0)
			if op == (faultfs.Op{}) {
				return
			}
		}
	}
}
