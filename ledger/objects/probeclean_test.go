package objects_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// A keeping bucket removes what it is told to when it likes.
type keeping struct {
	objects.Bucket
	delete func(ctx context.Context, name string) error // before it is removed
}

func (k *keeping) Delete(ctx context.Context, name string) error {
	if err := k.delete(ctx, name); err != nil {
		return err
	}
	return k.Bucket.Delete(ctx, name)
}

// after lets so much time pass.
func after(took time.Duration) func(context.Context, string) error {
	return func(ctx context.Context, _ string) error {
		select {
		case <-time.After(took):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func probeOf(t *testing.T, rounds int, delete func(context.Context, string) error) (rows []objects.Tried, left int) {
	t.Helper()
	m := objectstest.NewMemory()
	shown := 0
	p := &objects.Probe{
		Buckets: []objects.Bucket{&keeping{m, delete}}, Random: rand.Reader, Rounds: rounds, Racers: 2, Large: 1 << 10,
		Show: func(objects.Tried) { shown++ },
	}
	rows, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if shown != len(rows) {
		t.Errorf("of %d rows %d were shown", len(rows), shown)
	}
	names, err := m.List(t.Context(), "probe/", "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Wrong != "" {
			t.Errorf("it calls the store unfit: %+v", row)
		}
	}
	return rows, len(names)
}

func TestAProbeRemovesWhatItMadeFromASlowStore(t *testing.T) {
	for rounds, took := range map[int]time.Duration{10: time.Second, 50: 1200 * time.Millisecond, 2000: 200 * time.Millisecond} {
		t.Run(fmt.Sprint(rounds), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if rows, left := probeOf(t, rounds, after(took)); len(rows) != 13 || left > 0 {
					t.Errorf("%d rows, %d are left", len(rows), left)
				}
			})
		})
	}
}

// That something is left is said, with how much, and speaks against no store.
func TestWhatAProbeLeavesIsAWarning(t *testing.T) {
	denied := errors.New("the key may not do that")
	var n atomic.Int32
	for name, c := range map[string]struct {
		delete func(context.Context, string) error
		most   int           // that are left
		within time.Duration // it gives up
	}{
		"some fail": {func(context.Context, string) error {
			if n.Add(1)%10 == 9 {
				return denied
			}
			return nil
		}, 8, time.Second},
		"all fail":       {func(context.Context, string) error { return denied }, 80, time.Second},
		"nobody answers": {func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }, 80, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				rows, left := probeOf(t, 50, c.delete)
				last := rows[len(rows)-1]
				if left == 0 || left > c.most || time.Since(begun) > c.within {
					t.Errorf("%d are left after %s", left, time.Since(begun))
				}
				if !last.Open || !strings.Contains(last.Saw, "may be left: what begins with probe/") {
					t.Errorf("it says %+v", last)
				}
			})
		})
	}
}
