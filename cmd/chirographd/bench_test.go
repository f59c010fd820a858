//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// quorumOf writes a policy of so many witnesses on this machine, of which the last
// hang, and the quorum that the others make.
func quorumOf(b *testing.B, key note.Key, all, hanging int) string {
	b.Helper()
	var text, names string
	ended := make(chan struct{})
	for i := range all {
		w, err := witnesstest.New(fmt.Sprintf("w%d.example", i), key, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		var h http.Handler = w
		if i >= all-hanging {
			h = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
				case <-ended:
				}
			})
		}
		server := httptest.NewServer(h)
		b.Cleanup(server.Close)
		text += fmt.Sprintf("witness w%d %s %s\n", i, w.Key, server.URL)
		names += fmt.Sprintf(" w%d", i)
	}
	b.Cleanup(func() { close(ended) })
	file := filepath.Join(b.TempDir(), "witnesses.policy")
	text += fmt.Sprintf("group most %d%s\nquorum most\n", all-hanging, names)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	return file
}

// BenchmarkSubmit is from the record, over HTTP on this machine, to its receipt.
func BenchmarkSubmit(b *testing.B) {
	for _, c := range []struct {
		name         string
		all, hanging int
	}{{"alone", 0, 0}, {"one witness", 1, 0}, {"two of three, one hangs", 3, 1}} {
		b.Run(c.name, func(b *testing.B) {
			dir, policy := newLedger(b)
			var more []string
			if c.all > 0 {
				more = []string{"--witness-policy", quorumOf(b, policy.Logs[0].Key, c.all, c.hanging)}
			}
			p := startLedger(b, dir, more...)
			list := revocations(b, policy.Logs[0].Key, b.N)
			b.ResetTimer()
			for _, r := range list {
				resp, err := http.Post(p.url+"/records", "text/plain", bytes.NewReader(r.Bytes()))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusCreated {
					b.Fatal(resp.Status, err)
				}
				resp.Body.Close()
			}
		})
	}
}
