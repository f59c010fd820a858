package web

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"
)

// Bounds of the table of rates.
const (
	rateRows = 2
	rateBins = 8192 // of a row: 256 KiB in all, for ever
)

// Rates for [Config]: what one address may do.
const (
	DefaultRate = 100 // records a second: a marketplace of 8,640,000 a day, and a fiftieth of what two cores take
	burstPerSec = 10  // seconds of its rate that an address has saved up, at most: hundreds at once
	readsPerOne = 10  // costly reads for each record of the rate: an audit reads 256 entries with each
)

// What one costly read reads, as a [ledger.View.Reading] counts it. The largest pages take over 100
// times as much of a core as a common one; by these each takes less than a millisecond a
// token, and so an address by [DefaultRate] less than one core.
const (
	oneRead  = 256 << 10 // bytes: a common bundle fits
	moreRead = 64 << 10  // bytes for each further one that is taken
)

// further returns how many tokens an answer takes beside its first.
func further(cost int64) float64 {
	return float64(max(0, cost-oneRead+moreRead-1) / moreRead)
}

// Rates bounds how often each address does something, by token buckets. There is no
// table of addresses, which an attacker with many could fill, or have others thrown out
// of to start afresh: each address has one bin in each of two rows, by a hash that
// nobody can foresee, and shares it with whoever else falls into it. It may go on as
// long as one of its bins lets it. An attacker who holds down m bins of each row thus
// also holds up one stranger in (8192/m)²; to hold down all he has to keep up 8192
// times the rate. Nobody gets more than the rate.
type rates struct {
	perSecond float64 // 0 for no bound
	burst     float64 // at least 1
	seed      maphash.Seed
	start     time.Time

	mu   sync.Mutex
	bins [rateRows][rateBins]bin
}

// A bin is a token bucket, upside down: an empty one is full of tokens.
type bin struct {
	spent float64 // tokens, at most the burst or what one answer took; as of at
	at    float64 // seconds since start
}

func newRates(perSecond, burst int, start time.Time) *rates {
	return &rates{perSecond: float64(perSecond), burst: float64(max(burst, 1)), seed: maphash.MakeSeed(), start: start}
}

// take takes a token of an address. It returns a [*rateError] when it has none left.
func (r *rates) take(who netip.Addr, now time.Time) error { return r.ask(who, now, 1) }

// look returns what take would, and takes nothing.
func (r *rates) look(who netip.Addr, now time.Time) error { return r.ask(who, now, 0) }

// ask takes so many tokens, one at most, if there is one.
func (r *rates) ask(who netip.Addr, now time.Time, tokens float64) error {
	if r.perSecond == 0 {
		return nil
	}
	hash := maphash.Comparable(r.seed, who)
	elapsed := now.Sub(r.start).Seconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := math.Inf(1)
	for i := range r.bins {
		b := r.bin(i, hash)
		b.pass(elapsed, r.perSecond)
		wait = min(wait, max(0, b.spent+1-r.burst)/r.perSecond)
	}
	if wait > 0 {
		return &rateError{seconds: int(math.Ceil(wait))}
	}
	for i := range r.bins {
		r.bin(i, hash).spend(tokens, r.burst)
	}
	return nil
}

// charge takes so many tokens of an address that has had its answer, whether it has them or
// not: it then waits until it would have them.
func (r *rates) charge(who netip.Addr, now time.Time, tokens float64) {
	if r.perSecond == 0 || tokens == 0 {
		return
	}
	hash := maphash.Comparable(r.seed, who)
	elapsed := now.Sub(r.start).Seconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.bins {
		b := r.bin(i, hash)
		b.pass(elapsed, r.perSecond)
		b.spend(tokens, max(r.burst, tokens))
	}
}

// pass gives a bin back what the time since it was looked at is worth. A clock that was put
// back gives nobody anything, and takes nothing.
func (b *bin) pass(elapsed, perSecond float64) {
	b.spent = max(0, b.spent-max(0, elapsed-b.at)*perSecond)
	b.at = elapsed
}

// spend takes tokens, until so many are spent.
func (b *bin) spend(tokens, most float64) {
	b.spent = max(b.spent, min(most, b.spent+tokens))
}

// bin returns an address's bin of a row, from its hash.
func (r *rates) bin(row int, hash uint64) *bin {
	return &r.bins[row][hash>>(32*row)%rateBins]
}

// A rateError says in how many seconds an address may come back, at least 1.
type rateError struct{ seconds int }

func (e *rateError) Error() string { return "too many requests from this address" }
