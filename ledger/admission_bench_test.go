package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// BenchmarkAdmission is BenchmarkAppend with all that the server does to a record: its
// bytes are read, and both signatures checked, on one core, while the sequencer works
// on another. So many wait for their answers as two batches take.
func BenchmarkAdmission(b *testing.B) {
	const crowd = 2 * ledger.DefaultBatch
	w := onDisk(b)
	keys := expanded.New()
	waiting := make([]*ledger.Pending, crowd)
	n := uint64(0)
	for b.Loop() {
		b.StopTimer()
		records := make([][]byte, crowd)
		for i := range records {
			records[i] = contract(b, n).Bytes()
			n++
		}
		b.StartTimer()
		for i, text := range records {
			parsed, err := note.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			r, err := record.OpenNote(parsed, keys.ParsePublicKey, keys.Verify)
			if err != nil {
				b.Fatal(err)
			}
			if waiting[i], _, err = w.log.Submit(r); err != nil {
				b.Fatal(err)
			}
		}
		for _, p := range waiting {
			if reg, err := p.Wait(context.Background()); err != nil || !reg.New {
				b.Fatal(reg, err)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
	w.close(b)
}

// BenchmarkStart is from a closed ledger to one that takes records, and its end.
func BenchmarkStart(b *testing.B) {
	for _, size := range []uint64{1_000, 100_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			w := onDisk(b)
			fillFast(b, w, size)
			for b.Loop() {
				w.close(b)
				w.mustOpen(b)
			}
			w.close(b)
		})
	}
}
