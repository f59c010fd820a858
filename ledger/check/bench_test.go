package check_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/ledger/store"
)

// big makes a store of so many revocations on the disk. Their signatures are honest.
func big(b *testing.B, dir string, size int) store.Config {
	cfg := store.Config{Dir: filepath.Join(dir, storeDir), Key: rulestest.Ledger}
	if err := store.Create(cfg, signs(tlog.Checkpoint{Origin: rulestest.Ledger.Name(), Root: tlog.EmptyRoot()})); err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(cfg)
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; n < size; n += 4096 {
		batch := s.NewBatch()
		for _, e := range revocationsFrom(b, n, min(n+4096, size), true) {
			if _, err := batch.Append(e.Time, e.Record); err != nil {
				b.Fatal(err)
			}
		}
		c, err := batch.Checkpoint()
		if err != nil {
			b.Fatal(err)
		}
		if err := batch.Commit(signs(c)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return cfg
}

// BenchmarkCheck checks and rebuilds a store of 20,000 entries of one signature each, or of as
// many as CHIROGRAPH_BENCH_ENTRIES says.
func BenchmarkCheck(b *testing.B) {
	size := 20_000
	if s := os.Getenv("CHIROGRAPH_BENCH_ENTRIES"); s != "" {
		var err error
		if size, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	cfg := big(b, dir, size)
	var peak uint64
	watch := func(p check.Progress) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			r, err := check.Run(b.Context(), check.Config{Store: cfg, State: filepath.Join(dir, stateDir), Progress: watch})
			if err != nil || len(r.Findings) > 0 || r.Head.Checkpoint.Size != uint64(size) {
				b.Fatal(findings(r), err)
			}
		}
		b.ReportMetric(float64(size)/(b.Elapsed().Seconds()/float64(b.N)), "entries/s")
		b.ReportMetric(float64(peak)/(1<<20), "heap-MiB")
	})
	peak = 0
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			to := filepath.Join(b.TempDir(), newDir)
			last := signs(tlog.Checkpoint{Origin: rulestest.Ledger.Name(), Root: tlog.EmptyRoot()})
			if _, err := check.Rebuild(b.Context(), check.RebuildConfig{Store: cfg, Last: last, Dir: to, Progress: watch}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size)/(b.Elapsed().Seconds()/float64(b.N)), "entries/s")
		b.ReportMetric(float64(peak)/(1<<20), "heap-MiB")
	})
}
