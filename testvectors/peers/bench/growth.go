package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// A stand is what a ledger is at one size.
type stand struct {
	size            int
	metrics         // of at-size
	floor, perEntry float64
}

// atSizeChild starts a ledger that has entries, and measures it there: proofs, records
// that come alone, then a crowd.
func atSizeChild(j job) (m metrics, err error) {
	begun := time.Now()
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	started := time.Since(begun).Seconds()
	defer func() { err = errors.Join(err, h.close()) }()
	atStart, _, err := memory()
	if err != nil {
		return nil, err
	}
	c, err := newChecker(j.Check)
	if err != nil {
		return nil, err
	}
	proofs, err := h.proofs(1000)
	if err != nil {
		return nil, err
	}
	mint, err := newMinter(h.store.Key(), j.Parties, j.Made)
	if err != nil {
		return nil, err
	}
	list := mint.records(h.log.View().Size(), j.Lone+j.N)
	u, err := newUnit(j.Dir, c, list[0])
	if err != nil {
		return nil, err
	}
	units, lone, err := h.lone(u, list[:j.Lone], c)
	if err != nil {
		return nil, errors.Join(err, u.close())
	}
	before, err := used()
	if err != nil {
		return nil, err
	}
	if err := admit(h.log, list[j.Lone:], c); err != nil {
		return nil, err
	}
	after, err := used()
	if err != nil {
		return nil, err
	}
	m = after.since(before, j.N)
	_, most, err := memory()
	m["start"], m["memory-start"], m["memory"] = started, atStart, most
	m["p50"], m["unit"], m["inclusion"] = quantile(lone, 0.5), quantile(units, 0.5), proofs["inclusion"]
	return m, errors.Join(err, u.close())
}

// stand measures the ledger in dir, which has fewer entries, at a size.
func (s *stage) stand(dir string, size int) (st stand, err error) {
	j := s.job(dir, size)
	if _, err := child("fill", j); err != nil {
		return st, err
	}
	if _, err := child("tidy", j); err != nil {
		return st, err
	}
	w, err := weigh(dir)
	if err != nil {
		return st, err
	}
	st.size, st.perEntry = size, w.kept()/float64(size)
	j.N, j.Lone = s.Grown, min(s.Lone, 100)
	res, err := rounds(1, s.floorSide(s.Grown), side{"ours", func() (metrics, error) { return child("at-size", j) }})
	if err != nil {
		return st, err
	}
	st.metrics = res[0]["ours"]
	st.floor = res[0]["floor"]["cpu"]
	return st, nil
}

func growth(s *stage, r *report) error {
	r.say("  %10s %9s %9s %8s %8s %9s %9s %9s %9s %9s", "entries", "admitted", "CPU", "p50", "units", "start", "at start", "at most", "on disk", "proof")
	r.say("  %10s %9s %9s %8s %8s %9s %9s %9s %9s %9s", "", "/s", "µs", "ms", "", "ms", "MiB", "MiB", "B", "µs")
	var all []stand
	dir, has := "", 0
	defer func() { os.RemoveAll(dir) }()
	for _, size := range s.Sizes {
		// A ledger that has outgrown the size makes room for a new one.
		if dir == "" || has > size {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			var err error
			if dir, err = s.ledger(); err != nil {
				return err
			}
		}
		st, err := s.stand(dir, size)
		if err != nil {
			return err
		}
		has = size + s.Grown + min(s.Lone, 100)
		all = append(all, st)
		r.rows = append(r.rows, row{name: fmt.Sprintf("growth at %d", size), value: st.metrics["rate"]})
		r.say("  %10d %9s %9s %8s %8s %9s %9s %9s %9s %9s", size, number(st.metrics["rate"]), number(micro*st.beside()), number(milli*st.metrics["p50"]),
			number(st.metrics["p50"]/st.metrics["unit"]), number(milli*st.metrics["start"]), number(st.metrics["memory-start"]/(1<<20)),
			number(st.metrics["memory"]/(1<<20)), number(st.perEntry), number(micro*st.metrics["inclusion"]))
	}
	if len(all) < 2 {
		return nil
	}
	last, before := all[len(all)-1], all[len(all)-2]
	r.most(fmt.Sprintf("CPU beside signatures, from %d to %d entries", before.size, last.size), last.beside()/before.beside(), "", 1.25)
	r.most("bytes an entry, from there to there, away from 1", math.Abs(last.perEntry/before.perEntry-1), "", 0.03)
	return nil
}

// beside returns the seconds of CPU an entry that are not for signatures.
func (st stand) beside() float64 { return st.metrics["cpu"] - st.floor }
