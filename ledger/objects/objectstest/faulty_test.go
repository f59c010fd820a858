package objectstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

// What is there after one request, what the node was told, and what is there when all that
// was late has come.
func TestEachFaultIsWhatItSays(t *testing.T) {
	type outcome struct {
		writes, later int // of the object, with that by which it was made
		err           error
		crashed       bool
		took          time.Duration
	}
	for kind, want := range map[Kind]outcome{
		Fine:    {writes: 2},
		Failed:  {writes: 1, err: ErrLost},
		Lost:    {writes: 2, err: ErrLost},
		Denied:  {writes: 2, err: objects.ErrChanged},
		Late:    {writes: 1, later: 1, err: ErrLost},
		Again:   {writes: 2, later: 0}, // its condition holds no more
		Twice:   {writes: 1, later: 1, err: ErrLost},
		Hangs:   {writes: 1, err: context.DeadlineExceeded, took: time.Minute},
		Silent:  {writes: 2, err: context.DeadlineExceeded, took: time.Minute},
		Stays:   {writes: 1, later: 1, err: context.DeadlineExceeded, took: time.Minute},
		Slow:    {writes: 2, took: 5 * time.Second},
		Dies:    {writes: 1, err: ErrCrashed, crashed: true},
		Carried: {writes: 2, err: ErrCrashed, crashed: true},
		Leaves:  {writes: 1, later: 1, err: ErrCrashed, crashed: true},
	} {
		t.Run(fmt.Sprintf("%q", kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := NewMemory()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				v, err := m.Create(ctx, "x", []byte("1"))
				if err != nil {
					t.Fatal(err)
				}
				n := NewNetwork(m)
				f := n.Node(func(context.Context, Call) Fault { return Fault{Kind: kind, After: 5, For: 5 * time.Second} })
				begun := time.Now()
				_, err = f.Swap(ctx, "x", v, []byte("2"))
				got := outcome{writes: len(m.History("x")), err: want.err, crashed: f.Crashed(), took: time.Since(begun)}
				n.Deliver()
				got.later = len(m.History("x")) - got.writes
				if !errors.Is(err, want.err) || got != want {
					t.Errorf("%+v, %v, want %+v", got, err, want)
				}
			})
		})
	}
	if len(Kinds) != 13 || slices.Contains(Kinds, Fine) {
		t.Errorf("%d kinds", len(Kinds))
	}
}

func TestWhatIsLateComesAfterSoManyOthers(t *testing.T) {
	m := NewMemory()
	n := NewNetwork(m)
	f := n.Node(func(_ context.Context, c Call) Fault {
		if c.Op == Create {
			return Fault{Kind: Late, After: 2}
		}
		return Fault{}
	})
	if _, err := f.Create(t.Context(), "x", nil); !errors.Is(err, ErrLost) {
		t.Fatal(err)
	}
	for i, want := range []error{objects.ErrAbsent, objects.ErrAbsent, nil} {
		if _, _, err := f.Get(t.Context(), "x", 1); !errors.Is(err, want) {
			t.Errorf("read %d: %v, want %v", i, err, want)
		}
	}
}

func TestNothingComesThroughAPartition(t *testing.T) {
	m := NewMemory()
	n := NewNetwork(m)
	f, other := n.Node(nil), n.Node(nil)
	f.Partition(true)
	if _, err := f.Create(t.Context(), "x", nil); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if _, err := other.Create(t.Context(), "x", nil); err != nil {
		t.Error(err)
	}
	f.Partition(false)
	if _, _, err := f.Get(t.Context(), "x", 1); err != nil || f.Calls() != 2 {
		t.Errorf("%v, %d requests", err, f.Calls())
	}
}

func TestACarelessBucketReplacesWhateverIsThere(t *testing.T) {
	m := NewMemory()
	m.Careless = "x"
	for _, name := range []string{"x", "y"} {
		if _, err := m.Create(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Swap(t.Context(), name, "0", nil); errors.Is(err, objects.ErrChanged) != (name == "y") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h := m.History("x"); len(h) != 2 || h[1].Replaced != "0" || h[0].Version == "0" {
		t.Errorf("%+v", h)
	}
}
