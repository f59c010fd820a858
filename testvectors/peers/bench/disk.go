package main

import (
	"errors"
	"fmt"
	"os"
)

// entryHead is how many bytes the registered line of an entry has.
const entryHead = len("registered 2026-03-01T09:00:00Z\n")

// crowdChunk is how many records are made at once where they come in a crowd.
const crowdChunk = 16 << 10

// crowdChild registers the first N contracts as a crowd does, by all rules, and checks no
// signature: that writes nothing.
func crowdChild(j job) (m metrics, err error) {
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	before, err := used()
	if err != nil {
		return nil, err
	}
	entries, err := h.crowd(j)
	if err := errors.Join(err, h.close()); err != nil {
		return nil, err
	}
	after, err := used()
	m = after.since(before, j.N)
	m["entry-bytes"] = entries
	return m, err
}

func (h *house) crowd(j job) (entries float64, err error) {
	mint, err := newMinter(h.store.Key(), j.Parties, j.Made)
	if err != nil {
		return 0, err
	}
	c := newBeliever()
	for at := 0; at < j.N; at += crowdChunk {
		list := mint.records(uint64(at), min(crowdChunk, j.N-at))
		for _, b := range list {
			entries += float64(len(b) + entryHead)
		}
		if err := admit(h.log, list, c); err != nil {
			return 0, err
		}
	}
	return entries, nil
}

// loneChild registers records one after the other, each when the one before it has its
// answer.
func loneChild(j job) (m metrics, err error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	before, err := used()
	if err != nil {
		return nil, err
	}
	c := newBeliever()
	for _, b := range list {
		if err := h.receipt(b, c); err != nil {
			return nil, err
		}
	}
	after, err := used()
	return after.since(before, j.N), err
}

func bytesOnDisk(s *stage, r *report) (err error) {
	n := s.Disk
	dir, err := s.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m, err := child("crowd", s.job(dir, n))
	if err != nil {
		return err
	}
	ended, err := weigh(dir)
	if err != nil {
		return err
	}
	if _, err := child("tidy", s.job(dir, n)); err != nil {
		return err
	}
	again, err := weigh(dir)
	if err != nil {
		return err
	}
	lone, err := s.inNewLedger("lone", s.Lone, nil)
	if err != nil {
		return err
	}
	entries, each := m["entry-bytes"], float64(n)
	r.row(fmt.Sprintf("one of %d entries", n), entries/each, "B")
	r.row("on disk after an ordinary shutdown, an entry", ended.kept()/each, "B")
	r.row("  and the log of writes", ended.writes/each, "B")
	r.row("on disk after one more start and shutdown, an entry", again.kept()/each, "B")
	r.row("  and the log of writes", again.writes/each, "B")
	r.most("  on disk, of the entry bytes", again.kept()/entries, "", 0.9)
	r.most("written in a crowd, of the entry bytes", m["written"]/entries, "", 3)
	r.row("  in whole pages", m["to-disk"]/entries, "")
	r.most("written for a lone record", lone["written"]/float64(s.Lone), "B", 4096)
	r.row("  in whole pages", lone["to-disk"]/float64(s.Lone), "B")
	return nil
}
