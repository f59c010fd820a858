package store

import (
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
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
