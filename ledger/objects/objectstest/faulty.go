package objectstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

// Errors of a [Faulty].
var (
	ErrLost    = errors.New("no answer came")                  // nobody knows what became of the request
	ErrCrashed = errors.New("this node is not there any more") // of every request after a crash
)

// An Op is a method of a bucket.
type Op string

const (
	Get    Op = "get"
	Peek   Op = "peek"
	Create Op = "create"
	Swap   Op = "swap"
	List   Op = "list"
	Delete Op = "delete"
)

// Writes says whether the bucket is another one afterwards.
func (o Op) Writes() bool { return o == Create || o == Swap || o == Delete }

// A Call is one request of a node.
type Call struct {
	Number int // of the node, from 1
	Op     Op
	Name   string // of the object; of List the prefix
}

func (c Call) String() string { return fmt.Sprintf("%d %s %s", c.Number, c.Op, c.Name) }

// A Kind is what becomes of a request. One that only reads fails where one that writes is
// carried out.
type Kind string

const (
	Fine    Kind = ""
	Failed  Kind = "failed"                  // not carried out, and an error
	Lost    Kind = "lost"                    // carried out, and an error
	Denied  Kind = "denied"                  // carried out, and an answer as to its repetition: ErrChanged, ErrExists
	Late    Kind = "late"                    // an error, and carried out later
	Again   Kind = "again"                   // carried out and answered, and once more later
	Twice   Kind = "late, twice"             // an error, and carried out later, two times
	Hangs   Kind = "hangs"                   // not carried out, and no answer
	Silent  Kind = "carried out, and hangs"  // no answer
	Stays   Kind = "hangs, and late"         // no answer, and carried out later
	Slow    Kind = "slow"                    // carried out after a time, if that is waited for
	Dies    Kind = "crash"                   // not carried out, as is nothing of the node from here on
	Carried Kind = "carried out, then crash" // and nothing after it
	Leaves  Kind = "crash, and late"         // carried out later, and nothing after it
)

// Kinds are all faults.
var Kinds = []Kind{Failed, Lost, Denied, Late, Again, Twice, Hangs, Silent, Stays, Slow, Dies, Carried, Leaves}

// A Fault is what becomes of one request.
type Fault struct {
	Kind  Kind
	After int           // of what is late: how many other requests come before it
	For   time.Duration // of what is slow
}

// A Network is the way of some nodes to one bucket. It keeps what is late.
type Network struct {
	bucket objects.Bucket

	mu   sync.Mutex
	late []late
}

type late struct {
	after int
	do    func()
}

// NewNetwork returns a network before a bucket.
func NewNetwork(b objects.Bucket) *Network { return &Network{bucket: b} }

// Deliver carries out all that is late.
func (n *Network) Deliver() {
	for n.deliver(1<<30) > 0 {
	}
}

// deliver carries out what so many requests overtook, and returns how many that were.
func (n *Network) deliver(requests int) int {
	n.mu.Lock()
	var due []late
	n.late = slices.DeleteFunc(n.late, func(l late) bool {
		if l.after < requests {
			due = append(due, l)
		}
		return l.after < requests
	})
	for i := range n.late {
		n.late[i].after -= requests
	}
	n.mu.Unlock()
	for _, l := range due {
		l.do()
	}
	return len(due)
}

func (n *Network) later(after int, do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = append(n.late, late{after, do})
}

// A Faulty is one node's way to the bucket of a network.
type Faulty struct {
	network *Network
	plan    func(context.Context, Call) Fault

	mu          sync.Mutex
	calls       int
	partitioned bool
	crashed     bool
}

// Node returns the way of a node on which a plan says what becomes of each request. The plan
// may wait, as long as the context of the request lasts; nil is for no faults.
func (n *Network) Node(plan func(context.Context, Call) Fault) *Faulty {
	if plan == nil {
		plan = func(context.Context, Call) Fault { return Fault{} }
	}
	return &Faulty{network: n, plan: plan}
}

// Partition has no request come through, or again each. Of what is late nothing changes.
func (f *Faulty) Partition(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.partitioned = on
}

// Crash has every request from now on fail.
func (f *Faulty) Crash() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed = true
}

// Crashed says whether the node crashed.
func (f *Faulty) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crashed
}

// Calls returns how many requests there were.
func (f *Faulty) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// begin asks the plan.
func (f *Faulty) begin(ctx context.Context, op Op, name string) (Fault, error) {
	f.mu.Lock()
	f.calls++
	call := Call{f.calls, op, name}
	f.mu.Unlock()
	fault := f.plan(ctx, call)
	if err := ctx.Err(); err != nil {
		return Fault{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.crashed:
		return Fault{}, ErrCrashed
	case f.partitioned:
		return Fault{}, fmt.Errorf("%s: %w", call, ErrLost)
	}
	switch fault.Kind {
	case Dies, Carried, Leaves:
		f.crashed = true
	}
	return fault, nil
}

// do makes one request as the plan says it.
func do[T any](ctx context.Context, f *Faulty, op Op, name string, denied error, request func(context.Context) (T, error)) (T, error) {
	var none T
	fault, err := f.begin(ctx, op, name)
	if err != nil {
		return none, err
	}
	f.network.deliver(1)
	later := func(times int) {
		for i := range times {
			if op.Writes() {
				f.network.later(fault.After+i, func() { _, _ = request(context.WithoutCancel(ctx)) })
			}
		}
	}
	now := func() {
		if op.Writes() {
			_, _ = request(ctx)
		}
	}
	lost := fmt.Errorf("%s %s: %w", op, name, ErrLost)
	switch fault.Kind {
	case Fine:
		return request(ctx)
	case Slow:
		select {
		case <-time.After(fault.For):
			return request(ctx)
		case <-ctx.Done():
			return none, ctx.Err()
		}
	case Again:
		v, err := request(ctx)
		later(1)
		return v, err
	case Denied:
		if !op.Writes() || denied == nil {
			return none, lost
		}
		now()
		return none, denied
	case Lost:
		now()
	case Late:
		later(1)
	case Twice:
		later(2)
	case Hangs, Silent, Stays:
		if fault.Kind == Silent {
			now()
		}
		<-ctx.Done()
		if fault.Kind == Stays {
			later(1)
		}
		return none, ctx.Err()
	case Carried:
		now()
		return none, ErrCrashed
	case Leaves:
		later(1)
		return none, ErrCrashed
	case Dies:
		return none, ErrCrashed
	}
	return none, lost
}

type found struct {
	bytes   []byte
	version objects.Version
}

// Get implements objects.Bucket.
func (f *Faulty) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	o, err := do(ctx, f, Get, name, nil, func(ctx context.Context) (found, error) {
		b, v, err := f.network.bucket.Get(ctx, name, most)
		return found{b, v}, err
	})
	return o.bytes, o.version, err
}

// Peek implements objects.Bucket.
func (f *Faulty) Peek(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	o, err := do(ctx, f, Peek, name, nil, func(ctx context.Context) (found, error) {
		b, v, err := f.network.bucket.Peek(ctx, name, most)
		return found{b, v}, err
	})
	return o.bytes, o.version, err
}

// Create implements objects.Bucket.
func (f *Faulty) Create(ctx context.Context, name string, b []byte) (objects.Version, error) {
	return do(ctx, f, Create, name, objects.ErrExists, func(ctx context.Context) (objects.Version, error) {
		return f.network.bucket.Create(ctx, name, b)
	})
}

// Swap implements objects.Bucket.
func (f *Faulty) Swap(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
	return do(ctx, f, Swap, name, objects.ErrChanged, func(ctx context.Context) (objects.Version, error) {
		return f.network.bucket.Swap(ctx, name, v, b)
	})
}

// List implements objects.Bucket.
func (f *Faulty) List(ctx context.Context, prefix, after string, most int) ([]string, error) {
	return do(ctx, f, List, prefix, nil, func(ctx context.Context) ([]string, error) {
		return f.network.bucket.List(ctx, prefix, after, most)
	})
}

// Delete implements objects.Bucket.
func (f *Faulty) Delete(ctx context.Context, name string) error {
	_, err := do(ctx, f, Delete, name, nil, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f.network.bucket.Delete(ctx, name)
	})
	return err
}
