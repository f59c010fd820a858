package audit

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/verify"
)

// now is when the log begins. Every entry comes a minute after the one before.
const (
	now = ledgertest.Begin
	day = 24 * 60 * 60
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newSigner(name string) ledgertest.Signer { return ledgertest.NewSigner(name, note.Ed25519) }

var (
	party, signed = ledgertest.Party, ledgertest.Signed

	home   = ledgertest.Home
	maker  = ledgertest.Maker
	buyer  = ledgertest.Buyer
	other  = newSigner("other.example")
	trust  = must(verify.ParsePolicy([]byte("log " + home.String() + "\nquorum none\n")))
	errBad = errors.New("bad")
)

// A ledger is one that serves whatever it is told to have.
type ledger struct{ *ledgertest.Fake }

func newLedger() *ledger { return &ledger{ledgertest.NewFake(60)} }

func (l *ledger) fill(size int) *ledger {
	l.Fill(size)
	return l
}

// serve starts a server, and returns a client to which it is the ledger.
func serve(t testing.TB, h http.Handler) *client.Client {
	t.Helper()
	return serveAs(t, h, trust)
}

func serveAs(t testing.TB, h http.Handler, p *verify.Policy) *client.Client {
	t.Helper()
	return must(client.New(client.Config{URL: "http://ledger.example", Policy: p, HTTP: ledgertest.Serve(t, h)}))
}

func (l *ledger) config(t testing.TB, dir string) Config {
	t.Helper()
	return Config{
		Client: serve(t, l), Policy: trust, Dir: dir, Random: rand.NewChaCha8([32]byte{1}),
		Clock: func() time.Time { return time.Unix(l.Last, 0) },
	}
}

func (l *ledger) audit(t testing.TB, dir string) (*Result, error) {
	t.Helper()
	return Run(t.Context(), l.config(t, dir))
}

// clean audits a ledger at which nothing is to be found.
func (l *ledger) clean(t testing.TB, dir string) *Result {
	t.Helper()
	r, err := l.audit(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Finding != nil {
		t.Fatal(r.Finding)
	}
	if want := uint64(l.Shown); r.Judged != want {
		t.Fatalf("%d of %d entries are judged", r.Judged, want)
	}
	return r
}
