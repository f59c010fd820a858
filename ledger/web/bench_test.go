package web

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
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
		{"home-html", "/", []string{"Accept", firefox}},
		{"record-html", "/records/" + id, []string{"Accept", firefox}},
		{"contract-html", "/contracts/" + id, []string{"Accept", firefox}},
		{"key-256-html", "/keys/" + maker.Public().String(), []string{"Accept", firefox}},
		{"log-html", "/log", []string{"Accept", firefox}},
		{"feed", "/feed.atom", nil},
		{"missing-html", "/nothing", []string{"Accept", firefox}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if resp := w.get("GET", bench.path, bench.header...); resp.StatusCode != 200 && bench.name != "missing-html" {
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

// BenchmarkPostBulk is of a record, over connections: many in a stream, and two streams at
// once, beside one a request on 64 connections.
func BenchmarkPostBulk(b *testing.B) {
	for _, bench := range []struct {
		name  string
		lanes int
		bulk  bool
	}{{"single", 64, false}, {"bulk", 2, true}} {
		b.Run(bench.name, func(b *testing.B) {
			w := newWorld(b, nil, filepath.Join(b.TempDir(), "ledger"), nil)
			address, _ := w.serveTCP(1024, nil)
			var bodies [][]byte
			for _, r := range contracts(b.N) {
				bodies = append(bodies, r.Bytes())
			}
			const atOnce = 4096
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: bench.lanes}}
			post := func(media string, body []byte, want string, answers int) {
				resp, err := client.Post("http://"+address+"/records", media, bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				if n := bytes.Count(got, []byte(want)); err != nil || n != answers {
					b.Errorf("%d answers to %d records, %v: %.300s", n, answers, err, got)
				}
				resp.Body.Close()
			}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range bench.lanes {
				wg.Go(func() {
					for {
						if !bench.bulk {
							i := next.Add(1) - 1
							if i >= int64(len(bodies)) {
								return
							}
							post(plainText, bodies[i], "c2sp.org/tlog-proof", 1)
							continue
						}
						i := next.Add(atOnce) - atOnce
						if i >= int64(len(bodies)) {
							return
						}
						part := bodies[i:min(i+atOnce, int64(len(bodies)))]
						post(recordsType, framed(part...), `"status":201`, len(part))
					}
				})
			}
			wg.Wait()
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
