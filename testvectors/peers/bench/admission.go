package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// oursSide is our ledger in process, with n records.
func (s *stage) oursSide(n int, profile string) side {
	return side{"ours", func() (metrics, error) {
		return s.inNewLedger("ours", n, func(j *job) { j.Profile = profile })
	}}
}

// floorSide is the checks of the signatures of n records.
func (s *stage) floorSide(n int) side {
	return side{"floor", func() (metrics, error) { return s.doRecords("floor", "", n, nil) }}
}

// tesseraSide is Tessera with batches as set says, SIZE/AGE, behind a check of signatures.
func (s *stage) tesseraSide(name, set, check string, n int, guarded bool) side {
	return side{name, func() (m metrics, err error) {
		dir := s.folder("tessera")
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		return s.doRecords("tessera", dir, n, func(j *job) {
			j.Guarded, j.Check = guarded, check
			err = j.batches(set)
		})
	}}
}

// batches reads how large and how old batches become.
func (j *job) batches(set string) (err error) {
	size, age, ok := strings.Cut(set, "/")
	if !ok {
		return fmt.Errorf("%q is not SIZE/AGE", set)
	}
	j.Age = age
	j.Batch, err = strconv.Atoi(size)
	return err
}

// best returns the batches with which Tessera is fastest, of those that are searched.
func (s *stage) best(n int, guarded bool) (set string, err error) {
	if len(s.Searches) == 1 {
		return s.Searches[0], nil
	}
	most := 0.0
	for _, c := range s.Searches {
		m, err := s.tesseraSide("search", c, s.Check, n, guarded).run()
		if err != nil {
			return "", err
		}
		if m["rate"] > most {
			set, most = c, m["rate"]
		}
	}
	return set, nil
}

func admission(s *stage, r *report) error {
	n := s.Entries
	guarded, err := s.best(n, true)
	if err != nil {
		return err
	}
	bare, err := s.best(n, false)
	if err != nil {
		return err
	}
	res, err := rounds(s.Rounds, s.floorSide(n), s.oursSide(n, s.Profile),
		s.tesseraSide("standard", guarded, "standard", n, true),
		s.tesseraSide("guarded", guarded, s.Check, n, true), s.tesseraSide("bare", bare, s.Check, n, false))
	if err != nil {
		return err
	}
	r.row("signature checks alone, all cores", res.of("floor", "rate"), "/s")
	r.row("our ledger", res.of("ours", "rate"), "/s")
	r.least("  of the signature floor", res.ratio("ours", "floor", "rate"), "", 0.85)
	r.row("  of the signature floor, by CPU: where others work here too", res.ratio("floor", "ours", "cpu"), "")
	r.row("Tessera POSIX, antispam on disk, Go's own checks, "+guarded, res.of("standard", "rate"), "/s")
	r.least("  ours to that", res.ratio("ours", "standard", "rate"), "", 2.5)
	r.row("  ours to that, by CPU", res.ratio("standard", "ours", "cpu"), "")
	r.row("Tessera POSIX, antispam on disk, our checks, "+guarded, res.of("guarded", "rate"), "/s")
	r.least("  ours to that", res.ratio("ours", "guarded", "rate"), "", 2.5)
	r.row("  ours to that, by CPU", res.ratio("guarded", "ours", "cpu"), "")
	r.row("Tessera POSIX, no antispam, our checks, "+bare, res.of("bare", "rate"), "/s")
	r.row("  ours to that", res.ratio("ours", "bare", "rate"), "")
	r.row("  ours to that, by CPU", res.ratio("bare", "ours", "cpu"), "")
	r.row("CPU an entry, signature checks", micro*res.of("floor", "cpu"), "µs")
	r.row("CPU an entry, ours", micro*res.of("ours", "cpu"), "µs")
	r.most("  beside signatures", micro*res.median(beside), "µs", 10)
	r.row("  Tessera with antispam, beside signatures", micro*(res.of("guarded", "cpu")-res.of("floor", "cpu")), "µs")
	return nil
}

// Seconds are shown in these.
const (
	milli = 1e3
	micro = 1e6
)

// beside returns the seconds of CPU an entry that are not for signatures.
func beside(round map[string]metrics) float64 { return round["ours"]["cpu"] - round["floor"]["cpu"] }
