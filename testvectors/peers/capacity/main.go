// Capacity says what a ledger on object storage costs and carries, at a size that nobody
// here can build: requests, bytes and money from the shape of the log, and how many reads a
// cache between answers, from a simulation of readers and caches. Ledger/DESIGN.md quotes
// it.
//
// Prices are list prices in US dollars, without discounts and free tiers, of S3 Standard and
// CloudFront in their first region and of gp3 volumes, as others quote them (devnotes.tech of
// S3, saisci.com of gp3, infracost's tests of CloudFront; read in 2026-11): compare them with
// the lists of the day.
//
// usage: go run ./capacity [-entries N] [-years Y] [-readers N] [-followers N] [-pause SECONDS]
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"text/tabwriter"
)

// Prices.
const (
	putPrice     = 0.005 / 1e3  // a PUT or LIST
	getPrice     = 0.0004 / 1e3 // a GET
	keepPrice    = 0.023        // a GB and month in the bucket
	diskPrice    = 0.08         // a GB and month of a node's volume
	leavePrice   = 0.085        // a GB from the cache to a reader
	requestPrice = 0.0100 / 1e4 // a request to the cache
)

// Sizes, measured of this ledger's contracts (go run ./bench -only disk).
const (
	entryBytes      = 781 // as hashed: what bundles have
	storeBytes      = 553 // of a node's disk, with tiles and indexes
	checkpointBytes = 1 << 10
	hashBytes       = 32
	tileWidth       = 256

	nodeLooks = 20 // that a node takes a second at most because of what it sent to the leader
)

const (
	day   = 86400.0
	month = 365.25 / 12 * day
	gb    = 1e9
)

// A plan is a log and who reads it.
type plan struct {
	entries   uint64
	years     float64 // in which they came
	readers   int     // who look up entries, each some a day
	lookups   int     // a day and reader
	followers int     // who read everything, a few seconds behind
	poll      float64 // seconds between two looks of a follower
	pause     float64 // seconds from one batch to the next
	nodes     int     // of the ledger
	edges     int     // caches that know nothing of each other
	cache     float64 // GB of each
}

func (p plan) rate() float64 { return float64(p.entries) / (p.years * 12 * month) }

// puts returns how many objects are written a second: for each batch the head, the
// checkpoint, the last bundle and tile of level 0, and where a tile is full those above.
func (p plan) puts() float64 {
	batches := min(1/p.pause, p.rate())
	full := p.rate() / tileWidth // tiles of level 0 that are filled: a tile above changes, and two lists find what is partial
	return batches*4 + full*(1+2) + full/tileWidth
}

func main() {
	p := plan{lookups: 5, poll: 3, nodes: 3, edges: 20, cache: 50}
	flag.Uint64Var(&p.entries, "entries", 1e9, "entries of the log")
	flag.Float64Var(&p.years, "years", 1, "years in which they came")
	flag.IntVar(&p.readers, "readers", 1e5, "readers who look up entries")
	flag.IntVar(&p.followers, "followers", 100, "who read everything")
	flag.Float64Var(&p.pause, "pause", 0.15, "seconds from one batch to the next")
	flag.Float64Var(&p.cache, "cache", p.cache, "GB of each cache")
	flag.Parse()
	if err := report(os.Stdout, p); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(w io.Writer, p plan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }
	line("%d entries in %g years, %.3g a second, a batch each %g s, %d nodes\t\t\t", p.entries, p.years, p.rate(), p.pause, p.nodes)
	size := float64(p.entries)
	bucket := size * (entryBytes + 2 + hashBytes*(1+1.0/tileWidth))
	local := size * storeBytes
	puts := p.puts()
	batches := min(1/p.pause, p.rate())
	// Each follower of the ledger's own: the head once a second; the checkpoint once, and for what
	// it sent to the leader, which is its share of all; and of what is new the checkpoint again, the last
	// bundle, and the last tile of each level.
	looks := 1 + min(batches, p.rate()/float64(p.nodes), nodeLooks)
	levels := math.Ceil(math.Log(size) / math.Log(tileWidth))
	gets := float64(p.nodes-1) * (1 + looks + (2+levels)*min(batches, looks))
	line("the bucket keeps\t%.0f GB\t$%.0f a month\t", bucket/gb, bucket/gb*keepPrice)
	line("each node keeps\t%.0f GB\t$%.0f a month\t", local/gb, local/gb*diskPrice)
	line("objects written\t%.2f /s\t$%.0f a month\t", puts, puts*month*putPrice)
	line("read by the other nodes\t%.2f /s\t$%.0f a month\t", gets, gets*month*getPrice)
	for _, kind := range []struct {
		name string
		sim  func(plan, *rand.Rand) result
	}{{"looked up", lookups}, {"followed", follow}} {
		r := kind.sim(p, rand.New(rand.NewPCG(1, 2)))
		perMonth := month / day
		line("%s: requests a day\t%.3g\t$%.0f a month\t", kind.name, r.requests, r.requests*perMonth*requestPrice)
		line("%s: the caches answer\t%.1f %%\t\t", kind.name, 100*r.hits/r.requests)
		line("%s: from the bucket\t%.2f /s\t$%.0f a month\t", kind.name, (r.requests-r.hits)/day, (r.requests-r.hits)*perMonth*getPrice)
		line("%s: to readers\t%.0f GB a day\t$%.0f a month\t", kind.name, r.bytes/gb, r.bytes/gb*perMonth*leavePrice)
	}
	return t.Flush()
}
