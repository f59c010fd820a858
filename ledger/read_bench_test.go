package ledger_test

import (
	"math/rand/v2"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkProvenRead reads what a ledger of 4,096 entries, and a few, serves: a bundle, an
// entry, a tile, and a record by its id.
func BenchmarkProvenRead(b *testing.B) {
	w := newWorld(b, vfs.NewMem())
	const size = 4096 + 44
	var records []*record.Record
	for n := range uint64(size) {
		records = append(records, unchecked(b, n))
	}
	for len(records) > 0 {
		n := min(len(records), 1000)
		w.append(b, records[:n]...)
		records = records[n:]
	}
	v := w.log.View()
	random := rand.New(rand.NewPCG(1, 0))
	var ids []record.ID
	for range 100 {
		r, err := v.Registered(random.Uint64N(size))
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, r.Record.ID())
	}
	for name, read := range map[string]func(n uint64) error{
		"bundle":  func(n uint64) error { return second(v.Bundle(tlog.Tile{Level: -1, Index: n % 16, Width: 256})) },
		"partial": func(n uint64) error { return second(v.Bundle(tlog.Tile{Level: -1, Index: 16, Width: 44})) },
		"entry":   func(n uint64) error { return second(v.Entry(n % size)) },
		"tile":    func(n uint64) error { return second(v.Tile(tlog.Tile{Level: 0, Index: n % 16, Width: 256})) },
		"record":  func(n uint64) error { return second(v.Record(ids[n%100])) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(random.Uint64()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	w.close(b)
}
