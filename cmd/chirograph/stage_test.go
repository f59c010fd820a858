package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A stage is a ledger, an address in front of it at which its answers can be changed,
// and the tool in the hands of somebody who asks there.
type stage struct {
	*testing.T
	ledger   *demoLedger
	policy   *verify.Policy
	key      note.Key
	client   *client.Client // of the ledger itself
	now      time.Time      // stands
	dir      string
	front    *httptest.Server
	change   func(q *http.Request, body []byte) (status int, changed []byte) // nil: as the ledger answers
	before   func()                                                          // each request; nil for nothing
	requests atomic.Int64
	nonces   uint64
	random   *rand.ChaCha8 // of what the tool draws up

	stdout, stderr bytes.Buffer // of the last command
	cancel         func()       // ends the command that runs
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, now: time.Unix(1_790_000_000, 0).UTC(), dir: t.TempDir(), random: rand.NewChaCha8([32]byte{})}
	secret, err := keys.Generate(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "ledger.example")
	s.must(err)
	s.ledger, err = startLedger(filepath.Join(s.dir, "ledger"), secret, func() time.Time { return s.now })
	s.must(err)
	t.Cleanup(func() { s.must(s.ledger.stop()) })
	_, s.policy, err = client.Policy(t.Context(), nil, s.ledger.url)
	s.must(err)
	s.key = s.policy.Logs[0].Key
	s.client, err = s.ledger.client(s.policy)
	s.must(err)
	target, err := url.Parse(s.ledger.url)
	s.must(err)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: s.modify,
	}
	s.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.requests.Add(1)
		if s.before != nil {
			s.before()
		}
		proxy.ServeHTTP(w, q)
	}))
	t.Cleanup(s.front.Close)
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// modify has an answer changed.
func (s *stage) modify(resp *http.Response) error {
	if s.change == nil {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	status, changed := s.change(resp.Request, body)
	if status == 0 {
		status = resp.StatusCode
		if changed == nil {
			changed = body
		}
	}
	if bytes.HasPrefix(changed, []byte(`{"type"`)) {
		resp.Header.Set("Content-Type", "application/problem+json")
	}
	resp.StatusCode, resp.Status = status, ""
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(changed)), int64(len(changed))
	resp.Header.Del("Content-Length")
	return nil
}

// page changes pages of JSON below a path.
func (s *stage) page(path string, change func(page map[string]any)) {
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		page := make(map[string]any)
		if len(q.URL.Path) < len(path) || q.URL.Path[:len(path)] != path || json.Unmarshal(body, &page) != nil {
			return 0, nil
		}
		page["asked"] = q.URL.RawQuery
		change(page)
		b, err := json.Marshal(page)
		if err != nil {
			return http.StatusInternalServerError, nil
		}
		return http.StatusOK, b
	}
}

// run runs a command that asks at the front, and returns its exit code.
func (s *stage) run(args ...string) int {
	s.Helper()
	return s.tool(append(args, "--ledger", s.front.URL)...)
}

// tool runs a command, and returns its exit code.
func (s *stage) tool(args ...string) int {
	s.Helper()
	s.stdout.Reset()
	s.stderr.Reset()
	home := filepath.Join(s.dir, "home")
	a := &app{
		stdin: bytes.NewReader(nil), stdout: &s.stdout, stderr: &s.stderr, random: s.random, now: func() time.Time { return s.now },
		getenv: func(name string) string { return map[string]string{"CHIROGRAPH_HOME": home}[name] },
	}
	root := a.root()
	root.SetArgs(args)
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	s.cancel = cancel
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitYes
	}
	a.say("chirograph: %s", plainError(err))
	if h := advice(err); h != "" {
		a.say("hint: %s", h)
	}
	var n *negative
	if errors.As(err, &n) {
		return exitNo
	}
	return exitUnasked
}

func (s *stage) wants(code int, args ...string) {
	s.Helper()
	if got := s.run(args...); got != code {
		s.Fatalf("%q: exit code %d, want %d\n%s%s", args, got, code, s.stdout.String(), s.stderr.String())
	}
}

func (s *stage) says(want string) {
	s.Helper()
	if !bytes.Contains(s.stderr.Bytes(), []byte(want)) {
		s.Fatalf("stderr lacks %q:\n%s", want, s.stderr.String())
	}
}

// text returns a text of that kind with what every kind has.
func (s *stage) text(kind record.Kind) *record.Text {
	t := &record.Text{Kind: kind, Ledger: s.key, Made: s.now.Unix()}
	if kind != record.Revocation {
		t.SignBy = t.Made + 24*60*60
	}
	s.nonces++
	binary.BigEndian.PutUint64(t.Nonce[:], s.nonces)
	return t
}

func (s *stage) party(role, name string) record.Party {
	return record.Party{Role: role, Threshold: 1, Keys: []note.Key{testKey(s.T, name)}}
}

func (s *stage) contractText() *record.Text {
	t := s.text(record.Contract)
	t.Title = "Meters"
	t.Parties = []record.Party{s.party("buyer", "ann.example"), s.party("manufacturer", "dan.example")}
	t.Documents = []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
	return t
}

func (s *stage) statementText(contract *record.Record, about string) *record.Text {
	t := s.text(record.Statement)
	t.Contract, t.Parties, t.About = contract.ID(), contract.Text().Parties[:1], about
	return t
}

// amendmentText takes the place of a contract from a day on.
func (s *stage) amendmentText(old *record.Record, from record.Date) *record.Text {
	t := s.contractText()
	t.Replaces, t.Former, t.From = old.ID(), old.Text().Parties, from
	return t
}

func (s *stage) sign(t *record.Text, names ...string) *record.Record {
	s.Helper()
	r, err := record.New(t)
	s.must(err)
	for _, name := range names {
		seed := sha256.Sum256([]byte(name))
		secret := ed25519.NewKeyFromSeed(seed[:])
		r, err = r.Sign(testKey(s.T, name).Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(secret, m), nil })
		s.must(err)
	}
	return r
}

// register registers a record, past the front.
func (s *stage) register(t *record.Text, names ...string) (*record.Record, *client.Receipt) {
	s.Helper()
	r := s.sign(t, names...)
	receipt, err := s.client.Submit(s.Context(), r)
	s.must(err)
	return r, receipt
}

// publish has the ledger register another record before each request, and say so.
func (s *stage) publish() {
	s.Helper()
	var others []*record.Record
	for range 200 {
		others = append(others, s.sign(s.contractText(), "ann.example", "dan.example"))
	}
	s.before = func() {
		if len(others) == 0 {
			s.Error("there are more requests than records")
			return
		}
		if _, err := s.client.Submit(s.Context(), others[0]); err != nil {
			s.Error(err)
		}
		others = others[1:]
	}
}

// save saves a dossier of that contract and these receipts, and returns its path.
func (s *stage) save(contract *record.Record, receipts ...*client.Receipt) string {
	s.Helper()
	d, err := dossier.New(contract, s.policy.Bytes())
	s.must(err)
	for _, r := range receipts {
		_, err := d.AddReceipt(r.Bytes)
		s.must(err)
	}
	return s.saveAs(d)
}

func (s *stage) saveAs(d *dossier.Dossier) string {
	s.Helper()
	s.nonces++
	path := filepath.Join(s.dir, string(rune('a'+s.nonces%26))+time.Duration(s.nonces).String()+dossierExtension)
	s.must(d.Save(path))
	return path
}

func (s *stage) open(path string) *dossier.Dossier {
	s.Helper()
	d, err := dossier.Open(path)
	s.must(err)
	s.Cleanup(func() { d.Close() })
	return d
}

// holds says that the dossier has receipts of these records, and of no others.
func (s *stage) holds(path string, want ...*record.Record) {
	s.Helper()
	d := s.open(path)
	held := 0
	for _, r := range d.Records() {
		if d.Receipt(r.ID()) != nil {
			held++
		}
	}
	if held != len(want) {
		s.Errorf("the dossier has %d receipts, want %d", held, len(want))
	}
	for _, r := range want {
		if d.Receipt(r.ID()) == nil {
			s.Errorf("the dossier has no receipt of %s %s (%s)", r.Text().Kind, r.ID(), r.Text().About)
		}
	}
}
