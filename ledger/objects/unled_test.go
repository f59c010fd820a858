package objects_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// replaceHead has a head be in a bucket, under a nonce of its own.
func replaceHead(t *testing.T, m objects.Bucket, h objects.Head) {
	t.Helper()
	_, _ = rand.Read(h.Nonce[:])
	_, v, err := m.Get(t.Context(), objects.HeadName, objects.MaxHead)
	if !errors.Is(err, objects.ErrAbsent) {
		must(t, err)
	}
	_, err = put(t.Context(), m, objects.HeadName, v, h.Bytes())
	must(t, err)
}

// What a head does while it is watched says whether somebody leads.
func TestWhoChangesAHeadThatIsWatchedLeads(t *testing.T) {
	const after = 10 * time.Second
	type at struct {
		when  time.Duration
		owner string // that the head has from then on
	}
	const one, two = "http://one.example", "http://two.example"
	for name, test := range map[string]struct {
		owner   string // at first
		changes []at
		silent  bool // the bucket does not answer before the end
		led     string
		took    time.Duration
	}{
		"nobody has it":                    {},
		"its owner is gone":                {owner: one, took: after},
		"its owner beats":                  {owner: one, changes: []at{{2500 * time.Millisecond, one}}, led: one, took: 3 * time.Second},
		"its owner beats at the last":      {owner: one, changes: []at{{after - time.Millisecond, one}}, led: one, took: after},
		"its owner beats, and is not read": {owner: one, changes: []at{{2500 * time.Millisecond, one}}, silent: true, led: one, took: after},
		"it resigns":                       {owner: one, changes: []at{{2500 * time.Millisecond, ""}}, took: 3 * time.Second},
		"another takes over":               {owner: one, changes: []at{{2500 * time.Millisecond, two}}, led: two, took: 3 * time.Second},
		"it resigns, and another begins":   {owner: one, changes: []at{{2100 * time.Millisecond, ""}, {2400 * time.Millisecond, two}}, led: two, took: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, m := t.Context(), objectstest.NewMemory()
				tree := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Root: tlog.EmptyRoot()}
				var epoch atomic.Uint64
				change := func(owner string) {
					replaceHead(t, m, objects.Head{Epoch: epoch.Add(1), Owner: owner, State: objects.Open, Ledger: key, Checkpoint: tree})
				}
				change(test.owner)
				begun := time.Now()
				for _, c := range test.changes {
					time.AfterFunc(c.when, func() { change(c.owner) })
				}
				b := &bad{Bucket: m, peek: func(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
					if test.silent {
						return nil, "", errors.New("no answer")
					}
					return m.Peek(ctx, name, most)
				}}
				r := &objects.Register{Bucket: b, Key: ledgertest.Home.Key, Random: bytes.NewReader(nil)}
				h, v, err := r.Unled(ctx, objects.Nonce{}, after)
				took := time.Since(begun).Truncate(time.Second)
				if test.led != "" {
					if !errors.Is(err, objects.ErrLed) || !strings.Contains(err.Error(), test.led) || took != test.took {
						t.Errorf("after %s %v", took, err)
					}
					return
				}
				if err != nil || h.Epoch != epoch.Load() || took != test.took {
					t.Fatalf("after %s %+v, %v", took, h, err)
				}
				if again, _, err := r.Unled(ctx, h.Nonce, after); err != nil || again.Nonce != h.Nonce || time.Since(begun).Truncate(time.Second) != took {
					t.Errorf("it is watched twice: %v", err)
				}
				if err := (&objects.Register{Bucket: m, Key: r.Key, Random: rand.Reader}).Leave(ctx, objects.Nonce{1}, h, v); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
