package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// This program is the test binary under its own name, so that what is tested is
// built as the test is.
func TestMain(m *testing.M) { testscript.Main(m, programs) }

var programs = map[string]func(){"chirographd": main}

// newLedger makes a ledger and returns its directory and policy.
func newLedger(t testing.TB) (string, *verify.Policy) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"init", "--dir", dir, "--origin", "ledger.example"}, &stdout, &stderr); code != 0 {
		t.Fatalf("init: exit code %d\n%s", code, stderr.String())
	}
	p, err := verify.ParsePolicy(stdout.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return dir, p
}

// revocations returns so many records, each of another key.
func revocations(t testing.TB, ledger note.Key, n int) []*record.Record {
	t.Helper()
	list := make([]*record.Record, n)
	for i := range list {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		secret := ed25519.NewKeyFromSeed(seed[:])
		public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		key, err := note.NewKey("key.example", note.Ed25519, public)
		if err != nil {
			t.Fatal(err)
		}
		r, err := record.New(&record.Text{Kind: record.Revocation, Ledger: ledger, Made: time.Now().Unix(), Key: key, Reason: "lost"})
		if err != nil {
			t.Fatal(err)
		}
		if list[i], err = r.Sign(public, func(m []byte) ([]byte, error) { return ed25519.Sign(secret, m), nil }); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestHelpFitsAScreen(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"init", "--help"}, {"serve", "--help"}, {"help", "serve"}, {"recover", "--help"}, {"check", "--help"}, {"rebuild", "--help"}, {"log-config", "--help"},
		{"backup", "--help"}, {"follow", "--help"}, {"help", "operating"}, {"promote", "--help"}, {"freeze", "--help"}, {}} {
		var stdout, stderr bytes.Buffer
		if code := run(args, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", args, code, stderr.String())
		}
		help, screen := stdout.String(), 24
		if strings.Contains(help, "Available Commands:") {
			screen = 30 // a line for each command
		}
		if lines := strings.Count(help, "\n"); lines > screen || !strings.Contains(help, "Examples:\n  chirographd ") {
			t.Errorf("%q: %d lines, or no example:\n%s", args, lines, help)
		}
		if strings.Contains(help, "true|false") || strings.Contains(help, "(DIR)") {
			t.Errorf("%q: it says of flags what says nothing:\n%s", args, help)
		}
	}
}

// get returns a resource, or nil when there is none.
func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return body
	case http.StatusNotFound:
		return nil
	}
	t.Fatalf("GET %s: %s\n%s", url, resp.Status, body)
	return nil
}
