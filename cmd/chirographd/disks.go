package main

import (
	"log/slog"
	"sync"
	"time"

	"github.com/chirograph/chirograph/ledger/metrics"
	"github.com/chirograph/chirograph/ledger/web"
)

// Below how much free space no record is taken. A disk that is full ends the process, in the
// middle of what it writes; one that is nearly full lets what is under way end, and readers
// stay.
const (
	leastStore = 512 << 20   // bytes: memory tables that are to be written (64 MiB), their log, and the merges that those lead to
	leastGuard = 1 << 20     // bytes: its two files are written in place, and have 200 kB each with 64 witnesses
	diskPause  = time.Second // between two looks: a batch of the largest records has 4 MiB
)

// A disk is one that the ledger writes to.
type disk struct {
	name  string // what is on it
	least uint64 // bytes
	free  func() (uint64, error)
}

// disks says whether there is room for another record.
type disks struct {
	list  []disk
	clock func() time.Time
	log   *slog.Logger
	words diskWords

	mu     sync.Mutex
	looked time.Time
	low    *web.RoomError // of the last look; nil where there was room
}

// room returns a [*web.RoomError] where a disk has too little; nil too where it does not say
// what it has. It looks at most once in diskPause.
func (d *disks) room() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := d.clock(); d.looked.IsZero() || now.Sub(d.looked) >= diskPause || now.Before(d.looked) {
		d.looked = now
		d.look()
	}
	if d.low != nil {
		return d.low
	}
	return nil
}

func (d *disks) look() {
	before := d.low
	d.low = nil
	for _, disk := range d.list {
		if free, err := disk.free(); err == nil && free < disk.least {
			d.low = &web.RoomError{Disk: disk.name, Free: free, Least: disk.least}
			break
		}
	}
	switch {
	case d.low != nil && before == nil:
		d.log.Error(d.words.low, "disk", d.low.Disk, "free", d.low.Free, "least", d.low.Least)
	case d.low == nil && before != nil:
		d.log.Info(d.words.room, "disk", before.Disk)
	}
}

// What the log says of a disk that has too little room, and when it has enough again.
type diskWords struct{ low, room string }

var (
	ledgerDisks = diskWords{"a disk is nearly full: no record is taken until there is room, reads go on", "the disk has room again, records are taken"}
	nodeDisks   = diskWords{"a disk is nearly full: this node does not lead until there is room, reads go on", "the disk has room again: this node may lead"}
	copyDisks   = diskWords{"a disk is nearly full: the copy falls behind its ledger when it is full, reads go on", "the disk has room again"}
)

// metrics returns what is collected of them.
func (d *disks) metrics() []metrics.Disk {
	var list []metrics.Disk
	for _, disk := range d.list {
		list = append(list, metrics.Disk{Name: disk.name, Free: disk.free})
	}
	return list
}
