package store

import (
	"encoding/binary"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// What a copy has otherwise that is read in bulk ([Config.Bulk]): it is written once, at
// the rate of signature checks, and few ask for what is in it.
const (
	// Most logs fit into a few of these. Two of them at most are in memory.
	bulkMemTable  = 64 << 20
	bulkMemTables = 2
	// Memory tables that were written to files, where a compaction begins, so that of half
	// a gigabyte nothing is written twice; and where writes wait for it, three times as many.
	bulkCompaction = 8
	bulkStop       = 3 * bulkCompaction
)

// bulk changes the options of a store for a copy that is read in bulk.
func bulk(o *pebble.Options) {
	o.MemTableSize, o.MemTableStopWritesThreshold = bulkMemTable, bulkMemTables
	o.L0CompactionThreshold, o.L0StopWritesThreshold = bulkCompaction, bulkStop
	for i := range o.Levels {
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
}

// AppendRead is [Batch.Append] for an entry that was read from a log as these bytes: it is
// what [record.ParseEntry] takes, r is the record in it, and leaf its hash.
func (b *Batch) AppendRead(entry []byte, leaf tlog.Hash, registered int64, r *record.Record) (index uint64, err error) {
	index = b.tree.Size()
	if err := b.fold(index, registered, r); err != nil {
		return 0, fmt.Errorf("entry %d: %w", index, err)
	}
	b.set(entryKey(index), entry)
	b.tree.Append(leaf, b.addHash)
	return index, nil
}

// Foresee has an empty copy remember of each id whether it may have come, until it is
// closed, for a log of so many entries: then the database is not asked for what has not.
// It has no effect on a copy that has entries, and none on any answer.
func (s *Store) Foresee(entries uint64) {
	if s.copy && s.head.Checkpoint.Size == 0 && s.seen == nil {
		s.seen = newSeen(entries)
	}
}

const (
	seenBits  = 16       // an id: of those that are absent 1 of 400 is looked for in vain
	seenWords = 8        // 64 bytes, what a processor reads at once: all bits of an id are in there
	maxSeen   = 64 << 20 // bytes: 33 million entries; of more, more are looked for in vain
)

// seen is a Bloom filter of ids, which are hashes already. Whoever chooses them so that
// they share their bits gains that one audit is as slow as it was without.
type seen [][seenWords]uint64

func newSeen(entries uint64) seen {
	const bytes = 8 * seenWords
	return make(seen, 1+min(entries, maxSeen*8/seenBits)*seenBits/8/bytes)
}

// places calls f with the words and bits of an id, until it returns false.
func (s seen) places(id record.ID, f func(word *uint64, bit uint64) bool) {
	block := &s[binary.LittleEndian.Uint64(id[:])%uint64(len(s))]
	bits := binary.LittleEndian.Uint64(id[8:])
	for range 6 {
		if !f(&block[bits>>6%seenWords], 1<<(bits%64)) {
			return
		}
		bits >>= 9
	}
}

func (s seen) add(id record.ID) {
	s.places(id, func(word *uint64, bit uint64) bool {
		*word |= bit
		return true
	})
}

// may says whether an id may have been added.
func (s seen) may(id record.ID) bool {
	all := true
	s.places(id, func(word *uint64, bit uint64) bool {
		all = *word&bit != 0
		return all
	})
	return all
}
