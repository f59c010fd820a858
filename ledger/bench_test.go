package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
)

// onDisk makes a ledger on the machine's disk and opens it.
func onDisk(b *testing.B) *world {
	w := &world{clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	w.dir = filepath.Join(b.TempDir(), dir)
	if err := w.create(home.sign); err != nil {
		b.Fatal(err)
	}
	w.mustOpen(b)
	return w
}

// tableBytes returns how many bytes the tables of the store have: all of it, after
// a start. Where a compaction removed a table that was listed, it looks again.
func tableBytes(b *testing.B, dir string) (sum int64) {
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return tableBytes(b, dir)
		}
		if err != nil {
			b.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

// BenchmarkAppend registers a crowd of records that come at once, again and again.
// The floor of a crowd of one is a sync: see BenchmarkSync.
func BenchmarkAppend(b *testing.B) {
	for _, crowd := range []int{1, 16, 256, 1024} {
		b.Run(fmt.Sprintf("crowd=%d", crowd), func(b *testing.B) {
			w := onDisk(b)
			var signatures atomic.Int64
			w.sign = func(message []byte) ([]byte, error) {
				signatures.Add(1)
				return home.sign(message)
			}
			n, size := uint64(0), 0
			for b.Loop() {
				b.StopTimer()
				records := make([]*record.Record, crowd)
				for i := range records {
					records[i] = unchecked(b, n)
					n++
				}
				size = len(records[0].Bytes())
				b.StartTimer()
				var group sync.WaitGroup
				for _, r := range records {
					group.Go(func() {
						if _, err := w.log.Append(context.Background(), r); err != nil {
							b.Error(err)
						}
					})
				}
				group.Wait()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(signatures.Load())/float64(n)*float64(crowd), "batches/op")
			w.close(b)
			w.mustOpen(b) // tables instead of the log of writes
			w.close(b)
			b.ReportMetric(float64(tableBytes(b, w.dir))/float64(n), "disk-B/entry")
			b.ReportMetric(float64(size), "record-B")
		})
	}
}

// BenchmarkSync is the floor of BenchmarkAppend: so many bytes to the end of a file,
// and one sync.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	block := []byte(strings.Repeat("x", 2048))
	for b.Loop() {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRead reads logs of several sizes: one tile, one bundle, one inclusion
// proof, one consistency proof, one entry, one whole receipt with its verification.
func BenchmarkRead(b *testing.B) {
	for _, size := range []uint64{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			w := onDisk(b)
			fillFast(b, w, size)
			v := w.log.View()
			random := rand.New(rand.NewPCG(5, 0))
			next := func() uint64 { return random.Uint64N(size) }
			b.Run("tile", func(b *testing.B) {
				for b.Loop() {
					i := next() / 256
					if _, err := v.Tile(tlog.Tile{Level: 0, Index: i, Width: tlog.TileWidth(0, i, size)}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("bundle", func(b *testing.B) {
				for b.Loop() {
					i := next() / 256
					if _, err := v.Bundle(tlog.Tile{Level: -1, Index: i, Width: tlog.TileWidth(-1, i, size)}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("proof", func(b *testing.B) {
				for b.Loop() {
					if _, err := tlog.InclusionProofOfNodes(v.Node, next(), size); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("consistency", func(b *testing.B) {
				for b.Loop() {
					if _, err := v.Consistency(next()); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("entry", func(b *testing.B) {
				for b.Loop() {
					if _, err := v.Entry(next()); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("receipt", func(b *testing.B) {
				for b.Loop() {
					if _, err := v.Receipt(next()); err != nil {
						b.Fatal(err)
					}
				}
			})
			w.close(b)
		})
	}
}

// fillFast grows a closed log without asking the rules: with one record, over and
// over, each time of another time, so that leaf hashes differ as they do.
func fillFast(b *testing.B, w *world, size uint64) {
	b.Helper()
	w.close(b)
	s, err := store.Open(w.storeConfig())
	if err != nil {
		b.Fatal(err)
	}
	r := revocation(b, 0)
	for n := uint64(0); n < size; {
		batch := s.NewBatch()
		for ; n < size && batch.Len() < 4096; n++ {
			if _, err := batch.Append(epoch+int64(n), r); err != nil {
				b.Fatal(err)
			}
		}
		c, err := batch.Checkpoint()
		if err != nil {
			b.Fatal(err)
		}
		if err := batch.Commit(sealed(b, c)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	w.mustOpen(b)
}
