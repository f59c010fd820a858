package main

import (
	"container/list"
	"math"
	"math/rand/v2"
)

// A name is an object of the log: its level, -1 for a bundle and -2 for the checkpoint, its
// number on the level, and its width. Of a checkpoint the number is when it was made.
type name struct {
	level int
	index uint64
	width int
}

func (n name) bytes() float64 {
	switch n.level {
	case -2:
		return checkpointBytes
	case -1:
		return float64(n.width) * (entryBytes + 2)
	}
	return float64(n.width) * hashBytes
}

// A cache keeps what was asked for last.
type cache struct {
	room, used float64 // bytes
	order      *list.List
	has        map[name]*list.Element
}

func newCache(gigabytes float64) *cache {
	return &cache{room: gigabytes * gb, order: list.New(), has: make(map[name]*list.Element)}
}

// ask says whether the cache has the object, and has it from then on.
func (c *cache) ask(n name) bool {
	if e, ok := c.has[n]; ok {
		c.order.MoveToFront(e)
		return true
	}
	c.has[n] = c.order.PushFront(n)
	for c.used += n.bytes(); c.used > c.room; {
		last := c.order.Remove(c.order.Back()).(name)
		delete(c.has, last)
		c.used -= last.bytes()
	}
	return false
}

// A result is of one day.
type result struct{ requests, hits, bytes float64 }

func (r *result) ask(c *cache, n name) {
	r.requests++
	r.bytes += n.bytes()
	if c.ask(n) {
		r.hits++
	}
}

// at returns the tile of a level that has an entry of a tree.
func at(level int, entry, size uint64) name {
	shift := 8 * max(level, 0)
	index := entry >> shift / tileWidth
	return name{level, index, int(min(size>>shift-index*tileWidth, tileWidth))}
}

// sizeAt returns the size of the tree that is public so many seconds into the day: that of
// the last batch.
func (p plan) sizeAt(second float64) uint64 {
	batch := math.Floor(second/p.pause) * p.pause
	return p.entries + uint64(batch*p.rate())
}

const fresh = 2 // seconds for which caches keep a checkpoint

// lookups simulates readers who look up entries, most of them young ones: the age of an entry,
// as a part of the log, is a power of a number that is the same for all, so that half of the lookups are in
// the newest thousandth. Each reads the checkpoint, the bundle and the tiles of the proof.
// The caches have seen a day before.
func lookups(p plan, random *rand.Rand) (r result) {
	edges := make([]*cache, p.edges)
	for i := range edges {
		edges[i] = newCache(p.cache)
	}
	n := p.readers * p.lookups
	for i := range 2 * n {
		second := day * float64(i) / float64(n)
		size := p.sizeAt(second)
		age := math.Pow(random.Float64(), 10)
		entry := size - 1 - uint64(age*float64(size-1))
		edge := edges[random.IntN(len(edges))]
		if i == n {
			r = result{}
		}
		r.ask(edge, name{-2, uint64(second / fresh), 0})
		r.ask(edge, at(-1, entry, size))
		for level := 0; size>>(8*level) > 0; level++ {
			if tile := at(level, entry, size); tile.width > 0 {
				r.ask(edge, tile)
			}
			// The right edge, where the proof ends.
			if last := at(level, size-1, size); last.width > 0 && last != at(level, entry, size) {
				r.ask(edge, last)
			}
		}
	}
	return r
}

// follow simulates readers of everything, each with its own beat: what is new since the
// last look, and the right edge of the tree.
func follow(p plan, random *rand.Rand) (r result) {
	edges := make([]*cache, p.edges)
	for i := range edges {
		edges[i] = newCache(p.cache)
	}
	type follower struct {
		edge *cache
		beat float64
		size uint64
	}
	all := make([]follower, p.followers)
	for i := range all {
		all[i] = follower{edges[random.IntN(len(edges))], random.Float64() * p.poll, p.sizeAt(0)}
	}
	for look := 0.0; look < day; look += p.poll {
		for i := range all {
			f := &all[i]
			second := look + f.beat
			r.ask(f.edge, name{-2, uint64(second / fresh), 0})
			// A cached checkpoint is of when it was cached: all see the tree of that time.
			size := p.sizeAt(math.Floor(second/fresh) * fresh)
			if size <= f.size {
				continue
			}
			for level := -1; level < 0 || size>>(8*level) > 0; level++ {
				shift := 8 * max(level, 0)
				for index := f.size >> shift / tileWidth; index*tileWidth < size>>shift; index++ {
					if tile := at(level, index*tileWidth<<shift, size); size>>shift > f.size>>shift {
						r.ask(f.edge, tile)
					}
				}
			}
			f.size = size
		}
	}
	return r
}
