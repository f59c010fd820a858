//go:build linux

package engines

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A hard look takes thousands: go test -run Race -rounds 5000.
var rounds = flag.Int("rounds", 60, "races of each kind that are run")

const contenders = 32

// results counts how contenders fared.
type results struct {
	answers map[string]int
	doubles int // races that two won
	hidden  int // races that nobody won by an answer, and one who was told something else
	nobody  int // races that nobody won at all
}

func (r results) String() string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(r.answers)) {
		all = append(all, fmt.Sprintf("%s: %d", k, r.answers[k]))
	}
	return fmt.Sprintf("%s; double winners in %d races, a winner who was told otherwise in %d, none in %d", strings.Join(all, ", "), r.doubles, r.hidden, r.nobody)
}

// race has contenders, spread over all gateways, put different bytes at once, in so many
// races, each for a key of its own, and says what came of it.
func race(t *testing.T, all []store, rounds int, before func(ctx context.Context, key string) error, attempt func(ctx context.Context, s store, key string, body []byte) error, name string) results {
	t.Helper()
	ctx := t.Context()
	r := results{answers: map[string]int{}}
	for round := range rounds {
		key := fmt.Sprintf("%s/%d/key", name, round)
		if before != nil {
			must(t, before(ctx, key))
		}
		start, errs := make(chan struct{}), make([]error, contenders)
		var wg sync.WaitGroup
		for i := range contenders {
			wg.Go(func() {
				<-start
				errs[i] = attempt(ctx, all[i%len(all)], key, fmt.Appendf(nil, "%s %d", key, i))
			})
		}
		close(start)
		wg.Wait()
		winners, won := 0, -1
		for i, err := range errs {
			r.answers[outcome(err)]++
			if err == nil {
				winners, won = winners+1, i
			}
		}
		var is string
		for i, s := range all {
			body, etag, err := s.get(ctx, key)
			must(t, err)
			if etag != sum(body) {
				t.Errorf("%s over gateway %d: ETag %s, the bytes have %s", key, i, etag, sum(body))
			}
			if i > 0 && string(body) != is {
				t.Errorf("%s is %q over gateway 0 and %q over gateway %d", key, is, body, i)
			}
			is = string(body)
		}
		switch {
		case winners > 1:
			r.doubles++
		case winners == 1 && is != fmt.Sprintf("%s %d", key, won):
			t.Errorf("%s: contender %d won, and %q is there", key, won, is)
		case winners == 0 && strings.HasPrefix(is, key):
			r.hidden++
		case winners == 0:
			r.nobody++
		}
	}
	return r
}

// creators race for keys that are not there, and swappers for one that is.
func creators(t *testing.T, e *Engine, rounds int) results {
	return race(t, stores(e), rounds, nil, func(ctx context.Context, s store, key string, body []byte) error {
		return s.create(ctx, key, body)
	}, "create")
}

func swappersOf(t *testing.T, e *Engine, rounds int) results {
	all := stores(e)
	return race(t, all, rounds, func(ctx context.Context, key string) error {
		return all[0].put(ctx, key, one)
	}, func(ctx context.Context, s store, key string, body []byte) error {
		return s.swap(ctx, key, sum(one), body)
	}, "swap")
}

// hasOneWinner races both, of which exactly one may win each time; whoever loses is told
// one of the answers named.
func hasOneWinner(t *testing.T, e *Engine, losers ...string) {
	for what, r := range map[string]results{"creators": creators(t, e, *rounds), "swappers": swappersOf(t, e, *rounds)} {
		t.Logf("%d races of %d %s: %s", *rounds, contenders, what, r)
		if r.doubles > 0 || r.nobody > 0 {
			t.Errorf("%s: not one winner each time", what)
		}
		for a := range r.answers {
			if a != done && !slices.Contains(losers, a) {
				t.Errorf("%s: a loser was told %s", what, a)
			}
		}
	}
}
