package main

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func small() plan {
	return plan{entries: 1 << 20, years: 0.01, readers: 2000, lookups: 5, followers: 4, poll: 3, pause: 0.2, nodes: 3, edges: 3, cache: 0.01}
}

func TestACacheForgetsWhatWasNotAskedForLongest(t *testing.T) {
	c := newCache(0)
	c.room = 3 * checkpointBytes
	for _, n := range []uint64{1, 2, 3, 1, 4} { // 2 goes
		c.ask(name{-2, n, 0})
	}
	for _, n := range []struct {
		index uint64
		has   bool
	}{{1, true}, {3, true}, {4, true}, {2, false}} {
		if got := c.ask(name{-2, n.index, 0}); got != n.has {
			t.Errorf("the cache has %d: %t, want %t", n.index, got, n.has)
		}
	}
	if len(c.has) != c.order.Len() || c.used > c.room {
		t.Errorf("the cache has %d and %d objects, %g bytes of %g", len(c.has), c.order.Len(), c.used, c.room)
	}
}

// What is asked for is of the tree, as wide as it is there.
func TestReadersAskForTilesOfTheTree(t *testing.T) {
	for _, size := range []uint64{1, 255, 256, 257, 65536, 65537, 1<<24 + 3} {
		for level := -1; level < 4; level++ {
			for _, entry := range []uint64{0, size / 2, size - 1} {
				n := at(level, entry, size)
				shift := 8 * max(level, 0)
				first := n.index * tileWidth << shift
				if entry>>shift < size>>shift && (n.width < 1 || n.width > tileWidth || entry < first || (n.index*tileWidth+uint64(n.width))<<shift > size) {
					t.Errorf("entry %d of %d: %+v", entry, size, n)
				}
			}
		}
	}
}

func TestLargerCachesAnswerMore(t *testing.T) {
	p := small()
	for kind, sim := range map[string]func(plan, *rand.Rand) result{"looked up": lookups, "followed": follow} {
		last := -1.0
		for _, p.cache = range []float64{1e-4, 0.01, 10} {
			r := sim(p, rand.New(rand.NewPCG(1, 2)))
			if again := sim(p, rand.New(rand.NewPCG(1, 2))); again != r {
				t.Errorf("%s: %+v, and again %+v", kind, r, again)
			}
			if rate := r.hits / r.requests; rate < last || r.hits >= r.requests || r.requests == 0 {
				t.Errorf("%s, %g GB: %g of %g requests, %g before", kind, p.cache, r.hits, r.requests, last)
			} else {
				last = rate
			}
		}
	}
}

func TestABatchLessOftenWritesLess(t *testing.T) {
	p := small()
	often := p.puts()
	p.pause *= 10
	if rare := p.puts(); rare >= often || rare <= 0 {
		t.Errorf("%g objects a second each %g s, %g each tenth of it", rare, p.pause, often)
	}
	var b bytes.Buffer
	if err := report(&b, p); err != nil || bytes.Count(b.Bytes(), []byte("\n")) != 13 {
		t.Errorf("%v:\n%s", err, b.Bytes())
	}
}
