package audit

import (
	"testing"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/verify"
)

// benchEntries is how many contracts of two signatures the audited log has.
const benchEntries = 16 << 10

// BenchmarkAudit reads a whole log, from the server in this process to the copy on
// disk.
func BenchmarkAudit(b *testing.B) {
	l := newLedger().fill(benchEntries)
	cfg := l.config(b, "")
	for b.Loop() {
		cfg.Dir = b.TempDir()
		r, err := Run(b.Context(), cfg)
		if err != nil || r.Finding != nil || r.Judged != benchEntries {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(benchEntries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkOpenEntry is the part of it that every processor shares.
func BenchmarkOpenEntry(b *testing.B) {
	l := newLedger().fill(1)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			verify.OpenEntry(l.Entries[0])
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkSignatureFloor checks the signatures of an entry and does nothing else.
func BenchmarkSignatureFloor(b *testing.B) {
	l := newLedger().fill(1)
	r := verify.OpenEntry(l.Entries[0]).Record
	text := r.Text().Bytes()
	signers := []ledgertest.Signer{maker, buyer}
	var sigs [][]byte
	for _, s := range signers {
		sigs = append(sigs, must(s.Sign(text)))
	}
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			for i, s := range signers {
				if !s.Public().Verify(text, sigs[i]) {
					b.Error(s.Key)
				}
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
