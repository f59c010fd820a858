package peers

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A ledger is our server, run as anyone runs it.
type ledger struct {
	*process
	dir string
	url string // without a slash at its end
	key note.Key

	registered int // how many records this test has submitted
}

// patient waits longer than a ledger has a submitter wait for its witnesses.
var patient = &http.Client{Timeout: 2 * patience}

// newLedger makes a ledger of that name, which does not run yet.
func newLedger(t testing.TB, origin string, args ...string) *ledger {
	t.Helper()
	l := &ledger{dir: filepath.Join(t.TempDir(), "ledger")}
	args = append([]string{"init", "--dir", l.dir, "--origin", origin}, args...)
	p, err := verify.ParsePolicy([]byte(output(t, nil, "chirographd", args...)))
	if err != nil {
		t.Fatal(err)
	}
	l.key = p.Logs[0].Key
	return l
}

// startLedger makes a ledger and runs it.
func startLedger(t testing.TB) *ledger {
	l := newLedger(t, origin)
	l.serve(t)
	return l
}

var serving = regexp.MustCompile(` at (http://[0-9.:]+), [^\n]*\n`)

func (l *ledger) serve(t testing.TB, args ...string) {
	t.Helper()
	l.process = start(t, nil, "chirographd", append([]string{"serve", "--dir", l.dir, "--listen", "127.0.0.1:0"}, args...)...)
	l.url = l.await(t, serving)[1]
}

// copied returns a copy of a ledger that does not run: one key, and two that have it.
func (l *ledger) copied(t testing.TB) *ledger {
	t.Helper()
	c := &ledger{dir: filepath.Join(t.TempDir(), "copy"), key: l.key, registered: l.registered}
	if err := os.CopyFS(c.dir, os.DirFS(l.dir)); err != nil {
		t.Fatal(err)
	}
	// A copy has not the modes, and a key that others can read is refused.
	secrets, err := filepath.Glob(filepath.Join(c.dir, "*.key"))
	if err != nil || len(secrets) == 0 {
		t.Fatalf("secret keys %q, %v", secrets, err)
	}
	for _, name := range secrets {
		if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// fetch returns the status and the body of what is there.
func fetch(t testing.TB, url string) (int, []byte) {
	t.Helper()
	resp, err := patient.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// get returns what has to be there.
func get(t testing.TB, url string) []byte {
	t.Helper()
	status, body := fetch(t, url)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", url, status, body)
	}
	return body
}

func (l *ledger) checkpoint(t testing.TB) tlog.SignedCheckpoint {
	t.Helper()
	c, err := tlog.ParseSignedCheckpoint(get(t, l.url+"/checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// addCheckpoint returns what a witness that has seen that size is sent.
func (l *ledger) addCheckpoint(t testing.TB, old uint64) []byte {
	t.Helper()
	return get(t, fmt.Sprintf("%s/consistency/%d", l.url, old))
}

// revocationOf returns the record by which the i-th key signs nothing more; for one
// ledger always the same.
func (l *ledger) revocationOf(t testing.TB, i int) *record.Record {
	t.Helper()
	name := fmt.Sprintf("key-%d.example", i)
	k := key(t, name, note.Ed25519)
	r, err := record.New(&record.Text{Kind: record.Revocation, Ledger: l.key, Made: made, Key: k, Reason: "lost"})
	if err != nil {
		t.Fatal(err)
	}
	r, err = r.Sign(k.Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(secret(name), m), nil })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// submit posts a record, and returns the answer and its body.
func (l *ledger) submit(r *record.Record) (*http.Response, []byte, error) {
	resp, err := patient.Post(l.url+"/records", "text/plain; charset=utf-8", bytes.NewReader(r.Bytes()))
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

const (
	submitters = 16
	made       = 1772355600 // any time before now
)

// register registers so many records that are not there yet, and returns their receipts.
func (l *ledger) register(t testing.TB, n int) [][]byte {
	t.Helper()
	list := make([]*record.Record, n)
	for i := range list {
		list[i] = l.revocationOf(t, l.registered)
		l.registered++
	}
	receipts, errs := make([][]byte, n), make([]error, submitters)
	var group sync.WaitGroup
	for s := range submitters {
		group.Go(func() {
			for i := s; i < n && errs[s] == nil; i += submitters {
				resp, body, err := l.submit(list[i])
				if err == nil && resp.StatusCode != http.StatusCreated {
					err = fmt.Errorf("record %d: %s\n%s", i, resp.Status, body)
				}
				receipts[i], errs[s] = body, err
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return receipts
}

// file writes a file that a program is to read.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// parsed returns a receipt and the entry that it is of.
func parsed(t testing.TB, receipt []byte) tlog.Proof {
	t.Helper()
	p, err := tlog.ParseProof(receipt)
	if err != nil {
		t.Fatalf("%v\n%s", err, receipt)
	}
	return p
}
