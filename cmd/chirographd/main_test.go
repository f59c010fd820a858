package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/chirograph/chirograph/cmd/manual"
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

// Every command that the help of the program names is asked for its own.
func TestHelpFitsAScreen(t *testing.T) {
	var all bytes.Buffer
	if code := run([]string{"--help"}, &all, &all); code != 0 {
		t.Fatal(all.String())
	}
	_, rows, ok := strings.Cut(all.String(), "\nCommands:\n")
	if !ok {
		t.Fatal(all.String())
	}
	lines := [][]string{{}, {"help", "serve"}}
	for row := range strings.Lines(rows) {
		names, _, _ := strings.Cut(strings.TrimPrefix(row, "  "), "  ")
		for name := range strings.SplitSeq(names, ", ") {
			lines = append(lines, []string{name})
		}
	}
	for _, name := range []string{"init", "serve", "reload", "recover", "log-config", "backup", "follow", "promote", "check", "rebuild", "version", "completion", "help"} {
		if !slices.ContainsFunc(lines, func(words []string) bool { return slices.Equal(words, []string{name}) }) {
			t.Errorf("%s is not named:\n%s", name, rows)
		}
	}
	for _, args := range lines {
		var stdout, stderr bytes.Buffer
		if code := run(append(args, "--help"), &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", args, code, stderr.String())
		}
		help := stdout.String()
		if n := strings.Count(help, "\n"); n > manual.Lines || !strings.Contains(help, "\nExamples:\n  chirographd ") {
			t.Errorf("%q: %d lines, or no example:\n%s", args, n, help)
		}
		for line := range strings.Lines(help) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > manual.Columns || strings.Contains(line, "true|false") || strings.Contains(line, "(DIR)") {
				t.Errorf("%q: %s", args, line)
			}
		}
	}
}

// What few need is in the whole help alone, where the other has no room for it.
func TestTheWholeHelpOfServeHasItsRate(t *testing.T) {
	for flag, has := range map[string]bool{"--help": false, "--help-all": true} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"serve", flag}, &stdout, &stderr); code != 0 || stderr.Len() > 0 || strings.Contains(stdout.String(), "--rate N") != has {
			t.Errorf("%s: exit code %d\n%s%s", flag, code, stdout.String(), stderr.String())
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
