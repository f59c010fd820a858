package web

import (
	"bytes"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
)

func BenchmarkGet(b *testing.B) {
	w := open(b).add(contracts(300)...)
	id := contract(7).ID().String()
	for _, bench := range []struct {
		name, path string
		header     []string
	}{
		{"checkpoint", "/checkpoint", nil},
		{"tile", "/tile/0/000", nil},
		{"bundle", "/tile/entries/000", nil},
		{"bundle-gzip", "/tile/entries/000", []string{"Accept-Encoding", "gzip"}},
		{"record", "/records/" + id, nil},
		{"receipt", "/records/" + id + "/receipt", nil},
		{"contract", "/contracts/" + id, nil},
		{"key-256", "/keys/" + maker.Public().String(), nil},
		{"consistency", "/consistency/100", nil},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if resp := w.get("GET", bench.path, bench.header...); resp.StatusCode != 200 {
					b.Fatal(resp.StatusCode)
				}
			}
		})
	}
}

// On the disk of b.TempDir, with a sync for each batch.
func BenchmarkPost(b *testing.B) {
	for _, bench := range []struct {
		name string
		many int // requests for each core
	}{{"alone", 0}, {"crowd", 64}} {
		b.Run(bench.name, func(b *testing.B) {
			w := newWorld(b, nil, filepath.Join(b.TempDir(), "ledger"), nil)
			var next atomic.Uint64
			records := contracts(b.N)
			post := func() {
				r := httptest.NewRequest("POST", "/records", bytes.NewReader(records[next.Add(1)-1].Bytes()))
				r.Header.Set("Content-Type", "text/plain")
				if resp := w.do(r); resp.StatusCode != 201 {
					b.Error(resp.StatusCode)
				}
			}
			b.ResetTimer()
			if bench.many == 0 {
				for range b.N {
					post()
				}
				return
			}
			b.SetParallelism(bench.many)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					post()
				}
			})
		})
	}
}

// BenchmarkPostRefused is what a stranger's bytes cost.
func BenchmarkPostRefused(b *testing.B) {
	w := open(b).add(contract(0))
	forged := bytes.Replace(contract(1).Bytes(), []byte("terms.txt"), []byte("terms.doc"), 1)
	for name, body := range map[string][]byte{"garbage": bytes.Repeat([]byte("a"), 32_000), "forged": forged} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if resp := w.post(body); resp.StatusCode < 400 || resp.StatusCode > 499 {
					b.Fatal(resp.StatusCode)
				}
			}
		})
	}
}
