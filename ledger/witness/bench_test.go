package witness

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// BenchmarkCosign is what a witness on loopback adds to a checkpoint: one at a time,
// each a leaf larger than the last.
func BenchmarkCosign(b *testing.B) {
	for _, c := range []struct {
		name string
		typ  note.Type
		more int // witnesses that hang
	}{
		{"Ed25519", note.Cosignature, 0},
		{"ML-DSA-44", note.MLDSA44, 0},
		{"Ed25519 and two that hang", note.Cosignature, 2},
	} {
		b.Run(c.name, func(b *testing.B) {
			const sizes = 4096
			log := newLog(sizes, sizes, "")
			p := &verify.Policy{Logs: []verify.Log{{Key: log.Key}}, Quorum: "w1"}
			add := func(name string, key note.Key, h http.Handler) {
				s := httptest.NewServer(h)
				b.Cleanup(s.Close)
				p.Witnesses = append(p.Witnesses, verify.Witness{Name: name, Key: key, URL: s.URL})
			}
			h := &honest{keys: []signer{newSigner("w1.example", c.typ)}, ledger: log.Key}
			add("w1", h.keys[0].Key, h)
			for i := range c.more {
				name := []string{"w2", "w3"}[i]
				add(name, newSigner(name+".example", note.Cosignature).Key, http.HandlerFunc(hang))
			}
			t := &http.Transport{DialContext: (&net.Dialer{}).DialContext}
			defer t.CloseIdleConnections()
			ws := must(New(Config{Ledger: log.Key, Policy: p, Transport: t, Clock: time.Now, Prove: log.prove}))
			defer ws.Close()
			n := 0
			for b.Loop() {
				c := log.checkpoint(min(n, sizes))
				if _, err := ws.Cosign(b.Context(), c, now()); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
