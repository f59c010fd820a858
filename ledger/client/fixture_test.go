package client

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

const now = 1_790_000_000 // POSIX seconds, in 2026

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type signer = ledgertest.Signer

var newSigner, serve = ledgertest.NewSigner, ledgertest.Serve

// A fakeLog is a log in memory that proves whatever it is told to.
type fakeLog struct {
	*ledgertest.Fake
	witness *signer // cosigns at the time now where there is one
}

func newLog(name string) *fakeLog {
	l := &fakeLog{Fake: ledgertest.NewFake(1)}
	l.Signer = newSigner(name, note.Ed25519)
	return l
}

// contract returns a contract of two parties for this log, signed by both.
func (l *fakeLog) contract(n int) *record.Record {
	maker, buyer := ledgertest.Maker, ledgertest.Buyer
	return ledgertest.Signed(&record.Text{
		Kind: record.Contract, Ledger: l.Key, Made: now - 60, SignBy: now + 86400, Nonce: [16]byte{15: byte(n), 14: byte(n >> 8)},
		Parties:   []record.Party{ledgertest.Party("manufacturer", maker), ledgertest.Party("buyer", buyer)},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	}, maker, buyer)
}

func (l *fakeLog) add(r []byte) uint64 {
	l.RegisterAt(now, r)
	return uint64(l.Shown - 1)
}

func (l *fakeLog) checkpoint(size int) tlog.SignedCheckpoint {
	c := l.Checkpoint(size)
	if l.witness != nil {
		c.Note.Signatures = append(c.Note.Signatures, l.witness.Cosign(c.Note.Text, now))
	}
	return c
}

func (l *fakeLog) proof(index uint64) tlog.Proof {
	hashes := must(tlog.InclusionProof(l.Tile, index, uint64(l.Shown)))
	return tlog.Proof{Extra: l.Entries[index], Index: index, Hashes: hashes, Checkpoint: l.checkpoint(l.Shown)}
}

func (l *fakeLog) consistency(old int) []byte {
	hashes := must(tlog.ConsistencyProof(l.Tile, uint64(old), uint64(l.Shown)))
	return tlog.Consistency{Old: uint64(old), Hashes: hashes, Checkpoint: l.checkpoint(l.Shown)}.Bytes()
}

// policy trusts these logs alone.
func policy(logs ...*fakeLog) *verify.Policy {
	var b strings.Builder
	quorum := "none"
	for _, l := range logs {
		fmt.Fprintf(&b, "log %s\n", l.Key)
		if l.witness != nil {
			fmt.Fprintf(&b, "witness %s %s\n", l.witness.Name(), l.witness.Key)
			quorum = l.witness.Name()
		}
	}
	return must(verify.ParsePolicy([]byte(b.String() + "quorum " + quorum + "\n")))
}

// nobodyListens is a dialer of addresses at which no server is.
func nobodyListens(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }

func nobody() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: nobodyListens}}
}

// client returns a client of l, which h plays.
func (l *fakeLog) client(t testing.TB, h http.Handler) *Client {
	t.Helper()
	return must(New(Config{URL: "http://ledger.example/l", Policy: policy(l), HTTP: serve(t, h)}))
}

// body answers everything with a status and bytes.
func body(status int, b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write(b)
	}
}

// recorded answers everything, and keeps the method and path of what was asked.
func recorded(h http.HandlerFunc) (http.HandlerFunc, func() []string) {
	var mu sync.Mutex
	var asked []string
	return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, r.Method+" "+r.URL.RequestURI())
			mu.Unlock()
			h(w, r)
		}, func() []string {
			mu.Lock()
			defer mu.Unlock()
			return asked
		}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

func TestFixtureProves(t *testing.T) {
	l := newLog("ledger.example/log")
	for i := range 300 {
		l.add(l.contract(i).Bytes())
	}
	if _, err := verify.Receipt(policy(l), l.proof(257).Bytes()); err != nil {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	body(http.StatusTeapot, []byte("x"))(w, nil)
	if w.Code != http.StatusTeapot || !bytes.Equal(w.Body.Bytes(), []byte("x")) {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
