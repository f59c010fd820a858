package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A unit is what a receipt can not cost less than: the two syncs of a commit, of the
// store and of its guard, the checks of two signatures, and one signature.
type unit struct {
	store, guard *os.File
	c            checker
	signed       []signature
	secret       ed25519.PrivateKey
}

func newUnit(dir string, c checker, rec []byte) (*unit, error) {
	signed, err := signatures([][]byte{rec})
	if err != nil {
		return nil, err
	}
	s, err1 := os.Create(filepath.Join(dir, "unit-store"))
	g, err2 := os.Create(filepath.Join(dir, "unit-guard"))
	return &unit{s, g, c, signed[0], ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}, errors.Join(err1, err2)
}

func (u *unit) close() error { return errors.Join(u.store.Close(), u.guard.Close()) }

// The bytes that a lone record makes a ledger write, near enough.
const (
	unitStored  = 2048
	unitGuarded = 256
)

// take does it once, and returns the seconds: the store's bytes go to the end of a
// file, the guard's to its beginning.
func (u *unit) take() (float64, error) {
	stored, guarded := make([]byte, unitStored), make([]byte, unitGuarded)
	begun := time.Now()
	err := u.c.verify(u.signed)
	ed25519.Sign(u.secret, guarded)
	_, err1 := u.store.Write(stored)
	err2 := u.store.Sync()
	_, err3 := u.guard.WriteAt(guarded, 0)
	err4 := u.guard.Sync()
	return time.Since(begun).Seconds(), errors.Join(err, err1, err2, err3, err4)
}

// receipt takes a record as it comes to its receipt.
func (h *house) receipt(b []byte, c checker) error {
	r, err := c.open(b)
	if err != nil {
		return err
	}
	reg, err := h.log.Append(context.Background(), r)
	if err != nil {
		return err
	}
	_, err = reg.View.Receipt(reg.Index)
	return err
}

// oursLatencyChild measures the time from the call to the receipt: one after the other
// where Rate is 0, in turns with the unit; else at a rate, as atRate says.
func oursLatencyChild(j job) (m metrics, err error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	c, err := newChecker(j.Check)
	if err != nil {
		return nil, err
	}
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	u, err := newUnit(j.Dir, c, list[0])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	measure := h.lone
	if j.Rate > 0 {
		measure = func(u *unit, list [][]byte, c checker) (units, took []float64, err error) {
			return h.atRate(u, list, c, j.Rate)
		}
	}
	units, took, err := measure(u, list, c)
	if err != nil {
		return nil, err
	}
	return metrics{"unit": quantile(units, 0.5), "p50": quantile(took, 0.5), "p99": quantile(took, 0.99)}, nil
}

func (h *house) lone(u *unit, list [][]byte, c checker) (units, took []float64, err error) {
	for _, b := range list {
		one, err := u.take()
		if err != nil {
			return nil, nil, err
		}
		units = append(units, one)
		begun := time.Now()
		if err := h.receipt(b, c); err != nil {
			return nil, nil, err
		}
		took = append(took, time.Since(begun).Seconds())
	}
	return units, took, nil
}

const (
	betweenAtMost = 200 // records a second with a unit between two: at more it would be in their way
	unitsApart    = 100 // before and after, at faster rates
)

// atRate has each record registered at its moment, whatever was answered, and measures
// from that moment: a record that waits because the machine is busy has waited. At a slow
// rate a unit is taken halfway between two records: the machine has rested as long, and
// the disk and the caches are as cold for it. At a fast one units are taken before and
// after, at the same rate.
func (h *house) atRate(u *unit, list [][]byte, c checker, rate float64) (units, took []float64, err error) {
	apart := time.Duration(float64(time.Second) / rate)
	unit := func(at time.Time) {
		sleepUntil(at)
		one, failed := u.take()
		units, err = append(units, one), cmp.Or(err, failed)
	}
	between := rate <= betweenAtMost
	some := func() {
		for begun, i := time.Now(), 0; !between && i < min(len(list), unitsApart); i++ {
			unit(begun.Add(time.Duration(i) * apart))
		}
	}
	some()
	took = make([]float64, len(list))
	errs := make([]error, len(list))
	var group sync.WaitGroup
	begun := time.Now()
	for i, b := range list {
		due := begun.Add(time.Duration(i) * apart)
		sleepUntil(due)
		group.Go(func() {
			errs[i] = h.receipt(b, c)
			took[i] = time.Since(due).Seconds()
		})
		if between {
			unit(due.Add(apart / 2))
		}
	}
	group.Wait()
	some()
	return units, took, cmp.Or(err, errors.Join(errs...))
}

// latencyBatches is what Tessera is fastest with for records that come alone: none waits
// for another.
const latencyBatches = "1/1ms"

func latency(s *stage, r *report) error {
	rates := []struct {
		name string
		rate float64
		n    int
	}{{"lone", 0, s.Lone}, {"100/s", 100, s.Lone}, {"1000/s", 1000, 5 * s.Lone}}
	var sides []side
	for _, c := range rates {
		sides = append(sides, side{c.name, func() (metrics, error) {
			return s.inNewLedger("ours-latency", c.n, func(j *job) { j.Rate = c.rate })
		}})
	}
	sides = append(sides, side{"tessera", func() (m metrics, err error) {
		dir := s.folder("tessera")
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		return s.doRecords("tessera-latency", dir, min(s.Lone, 100), func(j *job) { err = j.batches(latencyBatches) })
	}})
	res, err := rounds(s.Rounds, sides...)
	if err != nil {
		return err
	}
	r.row("unit: two syncs, two checks, one signature", milli*res.of("lone", "unit"), "ms")
	for _, c := range rates {
		r.row(c.name+", p50", milli*res.of(c.name, "p50"), "ms")
		r.most("  in units", res.median(units(c.name, "p50")), "", 5)
		r.row(c.name+", p99", milli*res.of(c.name, "p99"), "ms")
		r.most("  in units", res.median(units(c.name, "p99")), "", 20)
	}
	r.row(fmt.Sprintf("Tessera POSIX, call to checkpoint, %s, every %s, p50", latencyBatches, leastInterval), milli*res.of("tessera", "p50"), "ms")
	r.most("  our lone p50 to that", res.ratio("lone", "tessera", "p50"), "", 1.0/40)
	return nil
}

// units returns how many units a quantile of one side was, in that side's own process.
func units(side, quantile string) func(map[string]metrics) float64 {
	return func(round map[string]metrics) float64 { return round[side][quantile] / round[side]["unit"] }
}
