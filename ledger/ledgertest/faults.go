package ledgertest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

// A Fault is what becomes of one write.
type Fault string

const (
	Fails     Fault = "fails" // and nothing was done
	FailsDone Fault = "fails, although done"
	CutBefore Fault = "cut off before" // the process: neither it nor anything after it is done
	CutAfter  Fault = "cut off after"  // it is done, and nothing after it
)

var allFaults = []Fault{Fails, FailsDone, CutBefore, CutAfter}

// A Faulted is a Stored of whose writes one is disturbed, for [Faults]. Open starts a process
// on what the one before it has left, in the place of that or elsewhere, as its maker
// likes. Close ends the process whatever became of it, also where Open could not start it.
// Freeze is not called.
type Faulted struct {
	Stored

	// Disturb has a write go wrong: the one of that number from now, from 1, of whichever
	// process. With 0 none does.
	Disturb func(number int, f Fault)

	// Writes returns how many there were since Disturb.
	Writes func() int

	// Cut says whether the process that was started last is cut off. What it says counts no
	// more, and it ends by itself: Open returns, and its Log stops at its next write.
	Cut func() bool

	// SignsFirst says that a tree is signed before it is kept. So the last one that a process
	// signed may be lost with it, as long as nobody has seen it.
	SignsFirst bool
}

// Faults demands of a ledger, over whatever keeps it, that no write that is disturbed makes it
// lie. It tries one of every so many points: a write of a short life, and a Fault. What is
// left then is started again; it has to
//
//   - have each record that was acknowledged, at its index and to the byte, and prove it;
//   - have no record twice, nor one that was refused, nor one that was said not to be taken;
//   - go on from every tree that its key signed, and from each that was public, which never
//     went back;
//   - be what its entries say ([CheckLog]);
//   - register again what it was asked for before, each at its one index, and more.
//
// It returns how many points there were. Create returns another ledger each time.
func Faults(t *testing.T, every int, create func(t *testing.T) *Faulted) (points int) {
	t.Helper()
	writes, list := faultsOf(t, every, create)
	var mu sync.Mutex
	by := make(map[Fault]int)
	t.Run("points", func(t *testing.T) {
		for _, p := range list {
			t.Run(fmt.Sprintf("%d/%s", p.number, p.fault), func(t *testing.T) {
				t.Parallel()
				met, err := p.try(t, create(t))
				if err != nil {
					t.Error(err)
				}
				if met {
					mu.Lock()
					defer mu.Unlock()
					by[p.fault]++
				}
			})
		}
	})
	for _, f := range allFaults {
		if points += by[f]; by[f] == 0 {
			t.Errorf("no write %s", f)
		}
	}
	t.Logf("%d points of fault of %d: at the %d writes of a life, %v", points, len(allFaults)*writes, writes, by)
	return points
}

// FindFault tries the points of Faults, and returns what it finds first; nil where it finds
// nothing. It is for tests that what is broken is found.
func FindFault(t *testing.T, every int, create func(t *testing.T) *Faulted) error {
	t.Helper()
	_, list := faultsOf(t, every, create)
	for _, p := range list {
		if _, err := p.try(t, create(t)); err != nil {
			return fmt.Errorf("write %d, %s: %w", p.number, p.fault, err)
		}
	}
	return nil
}

// A point is a write that is disturbed; of number 0 there is none.
type point struct {
	number int
	fault  Fault
}

// faultsOf returns how many writes a life has in which none is disturbed, and which of them
// are, with every so many the next fault.
func faultsOf(t *testing.T, every int, create func(t *testing.T) *Faulted) (writes int, list []point) {
	t.Helper()
	f := create(t)
	l := newLife(f, point{})
	if err := l.judged(t, func() { l.lives(); writes = f.Writes(); l.after() }); err != nil {
		t.Fatalf("where nothing is disturbed: %v", err)
	}
	for number := 1; number <= writes; number++ {
		for i, fault := range allFaults {
			if (number+i)%every == 0 {
				list = append(list, point{number, fault})
			}
		}
	}
	return writes, list
}

// try goes through a point, and says whether there was that write.
func (p point) try(t *testing.T, f *Faulted) (met bool, err error) {
	l := newLife(f, p)
	err = l.judged(t, func() {
		f.Disturb(p.number, p.fault)
		l.lives()
		met = l.disturbed()
		f.Disturb(0, "")
		l.point = point{}
		l.after()
	})
	return met, err
}

// A verdict is a testing.TB that keeps what it is told: no test fails by it.
type verdict struct {
	testing.TB
	err error
}

func (v *verdict) Helper() {}

func (v *verdict) Fatal(args ...any) { v.Fatalf("%s", fmt.Sprint(args...)) }

func (v *verdict) Fatalf(format string, args ...any) {
	v.err = fmt.Errorf(format, args...)
	runtime.Goexit()
}

// judged returns what is said of the life.
func (l *life) judged(t *testing.T, live func()) error {
	v := &verdict{TB: t}
	l.t = v
	over := make(chan struct{})
	go func() {
		defer close(over)
		live()
	}()
	<-over
	return v.err
}
