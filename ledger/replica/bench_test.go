package replica

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// How many entries of one signature a copy takes in a second, to the disk, from a
// ledger that answers at once.
func BenchmarkFollow(b *testing.B) {
	const size = 20_000
	l := newLiar(size)
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		l.shown = 0
		c := follow(b, l, trust, vfs.Default, dir)
		l.shown = size
		b.StartTimer()
		if err := c.Turn(b.Context()); err != nil {
			b.Fatal(err)
		}
		c.close(b)
	}
	b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "entries/s")
}
