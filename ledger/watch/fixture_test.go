package watch

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// begin is when the clock of a test starts.
const begin = ledgertest.Begin

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type signer = ledgertest.Signer

var (
	signed = ledgertest.Signed

	home  = ledgertest.Home
	maker = ledgertest.Maker
	buyer = ledgertest.Buyer
	other = ledgertest.NewSigner("other.example", note.Ed25519)
	w1    = ledgertest.NewSigner("w1.example", note.Cosignature)
	w2    = ledgertest.NewSigner("w2.example", note.Cosignature)
	w3    = ledgertest.NewSigner("w3.example", note.Cosignature)

	alone = must(verify.ParsePolicy([]byte("log " + home.String() + "\nquorum none\n")))
	three = must(verify.ParsePolicy([]byte("log " + home.String() + "\n" +
		"witness w1 " + w1.String() + " http://w1.example\nwitness w2 " + w2.String() + " http://w2.example\n" +
		"witness w3 " + w3.String() + "\ngroup g 2 w1 w2 w3\nquorum g\n")))
)

// A ledger registers an entry a second. Its clock is that of the bench.
type ledger struct{ *ledgertest.Fake }

func newLedger() *ledger { return &ledger{ledgertest.NewFake(1)} }

func (l *ledger) fill(size int) *ledger {
	l.Fill(size)
	return l
}

// twin returns a ledger of the same key with the same entries, which goes its own way.
func (l *ledger) twin() *ledger { return &ledger{l.Twin()} }

// seen has witnesses cosign what is shown.
func (l *ledger) seen(at int64, by ...signer) *ledger {
	l.Seen(at, by...)
	return l
}

// always has a ledger answer 503 to everything.
func always(string) bool { return true }

// A monitor is the page of a witness for those who watch.
type monitor struct{ c *tlog.SignedCheckpoint }

func (m *monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(home.Name()))
	if m.c == nil || r.URL.Path != "/"+hex.EncodeToString(sum[:])+"/checkpoint" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Write(m.c.Bytes())
}

// A network reaches servers by the names of their hosts. Whoever is not there does not
// answer.
type network map[string]http.Handler

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	h, ok := n[r.URL.Host]
	if !ok {
		return nil, errors.New("no route to host")
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z := must(gzip.NewReader(resp.Body))
		resp.Body, resp.Uncompressed = struct {
			*gzip.Reader
		}{z}, true
		resp.Header.Del("Content-Encoding")
	}
	return resp, nil
}

// A hang is a server that never answers.
type hang struct{}

func (hang) ServeHTTP(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// A bench is a watcher with its world: a clock, a network, and what was told.
type bench struct {
	*Watcher
	t      testing.TB
	cfg    Config
	net    network
	now    int64
	clock  *int64 // the ledger's
	events []Event
	unseen bool // whether turn counts that a witness shows nothing, which most here never do
}

// newBench watches a ledger at http://ledger.example.
func newBench(t testing.TB, l *ledger, p *verify.Policy, change func(cfg *Config)) *bench {
	t.Helper()
	b := &bench{t: t, net: network{"ledger.example": l}, now: begin + 3600, clock: l.Now}
	b.cfg = Config{
		Policy: p, Ledger: home.Key, URL: "http://ledger.example", Dir: t.TempDir(),
		HTTP: &http.Client{Transport: b.net}, Transport: b.net, Fresh: 24 * time.Hour,
		Clock: func() time.Time { return time.Unix(b.now, 0) }, Random: rand.NewChaCha8([32]byte{1}),
		Report: func(e Event) error {
			b.events = append(b.events, e)
			return nil
		},
	}
	if change != nil {
		change(&b.cfg)
	}
	b.Watcher = must(Open(b.cfg))
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// restart ends the watcher and opens it again.
func (b *bench) restart() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.Watcher = must(Open(b.cfg))
}

// turn makes a turn a minute later, and demands that just these kinds were told, with an
// exclamation mark for an alarm. It returns what was told.
func (b *bench) turn(want ...string) []Event {
	b.t.Helper()
	b.now += 60
	*b.clock, b.events = b.now, nil
	if _, err := b.Turn(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	var got []string
	if !b.unseen {
		b.events = slices.DeleteFunc(b.events, func(e Event) bool { return strings.Contains(e.Text, " shows nothing to compare with: ") })
	}
	for _, e := range b.events {
		if e.Ledger != home.String() || e.Time != record.FormatTime(b.now) || e.Text == "" {
			b.t.Errorf("event %+v", e)
		}
		got = append(got, e.Kind+map[Severity]string{Alarm: "!"}[e.Severity])
	}
	if !slices.Equal(got, want) {
		b.t.Fatalf("told %q, want %q:\n%s", got, want, b.events)
	}
	return b.events
}

// stands demands how many promises are broken and how much was not looked at.
func (b *bench) stands(broken, unlooked int) {
	b.t.Helper()
	if o := b.state.outcome(); len(o.Broken) != broken || len(o.Unlooked) != unlooked {
		b.t.Errorf("outcome %+v, want %d and %d", o, broken, unlooked)
	}
}
