//go:build linux

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/keys/keystest"
)

// secretFiles writes each kind of file that a secret may be in, and returns their names.
func secretFiles(t *testing.T, dir string, seed []byte) []string {
	t.Helper()
	k, err := keys.Generate(bytes.NewReader(seed), "ann.example")
	if err != nil {
		t.Fatal(err)
	}
	second, err := keys.GenerateMLDSA44(bytes.NewReader(seed))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{k.WriteFiles(filepath.Join(dir, "key"), nil), second.WriteFile(filepath.Join(dir, "pkcs8"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	names := []string{"key", "pkcs8"}
	whole, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"cut": whole[:len(whole)-60], "body": whole[36:], "raw": seed, "hex": []byte(hex.EncodeToString(seed) + "\n"),
		"base64": []byte(base64.StdEncoding.EncodeToString(seed)), "log": fmt.Appendf(nil, "log %x\n", seed),
		"sumdb": fmt.Appendf(nil, "PRIVATE+KEY+ann.example+01020304+%s\n", base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))),
		"both":  fmt.Appendf(nil, "log PRIVATE+KEY+ann.example+01020304+%s\nquorum none\n", base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))),
		"note":  fmt.Appendf(nil, "chirograph/v1 contract\n%x\n\n— ann.example %s\n", seed, base64.StdEncoding.EncodeToString(seed)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// Each file that holds a secret is given to each command in each place where it takes the
// name of a file: what it says goes into logs, tickets and mails.
func TestIncidentASecretInAnErrorLog(t *testing.T) {
	dir, seed := t.TempDir(), keystest.Seed(7)
	t.Setenv("CHIROGRAPH_HOME", filepath.Join(dir, "home"))
	t.Chdir(dir)
	if err := os.Rename(draftFile(t), "x.chirograph"); err != nil {
		t.Fatal(err)
	}
	policy := "log " + testKey(t, "ledger.example").String() + " http://127.0.0.1:1\nquorum none\n"
	for name, text := range map[string]string{"policy": policy, "terms": "terms\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const url = "http://127.0.0.1:1" // where nobody answers
	places := [][]string{
		{"key", "show", "*"}, {"key", "show", "*", "--name", "ann"}, {"key", "revoke", "*"}, {"key", "revoke", "--ledger", "*", "key"},
		{"new", "--ledger", "*", "--party", "buyer=key.pub", "--party", "payer=key.pub", "terms", "-o", "n"},
		{"new", "--ledger", "policy", "--party", "buyer=*", "--party", "payer=key.pub", "terms", "-o", "n"},
		{"sign", "*", "--key", "key"}, {"sign", "x.chirograph", "--key", "*", "--yes"}, {"show", "*"}, {"show", "x.chirograph", "--key", "*"},
		{"join", "*", "x.chirograph"}, {"join", "x.chirograph", "*"}, {"drop", "*"}, {"extract", "*"}, {"submit", "*", "--ledger", url},
		{"update", "*", "--ledger", url}, {"status", "*", "--ledger", url}, {"amend", "*", "terms", "-o", "n"}, {"declare", "*", "--about", "dispute"},
		{"terminate", "*"}, {"audit", url, "--policy", "*"}, {"watch", "--policy", "*", "--state", "w", "--once"},
		{"watch", "--policy", "policy", "--key", "*", "--state", "w", "--once"}, {"watch", "--policy", "policy", "--dossier", "*", "--state", "w", "--once"},
	}
	offline := [][]string{
		{"receipt", "--policy", "*", "x.chirograph"}, {"receipt", "--policy", "policy", "*"}, {"receipt", "--policy", "policy", "--party", "buyer=*", "x.chirograph"},
		{"consistency", "--policy", "policy", "*", "terms"}, {"consistency", "--policy", "policy", "terms", "*"}, {"evidence", "--policy", "policy", "*"},
	}
	said := 0
	for _, name := range secretFiles(t, dir, seed) {
		for _, place := range places {
			var out bytes.Buffer
			run(put(place, name), bytes.NewReader(nil), &out, &out)
			keystest.NoneOf(t, seed, fmt.Sprintf("chirograph %q", put(place, name)), out.Bytes())
			said += out.Len()
		}
		for _, place := range offline {
			out, err := exec.Command("chirograph-verify", put(place, name)...).CombinedOutput()
			if err == nil {
				t.Errorf("chirograph-verify %q: it holds", put(place, name))
			}
			keystest.NoneOf(t, seed, fmt.Sprintf("chirograph-verify %q", put(place, name)), out)
		}
	}
	if said == 0 {
		t.Error("nothing was said at all")
	}
}

// put returns a command line with the name of a file in the place of a star.
func put(line []string, name string) []string {
	out := make([]string, len(line))
	for i, word := range line {
		out[i] = string(bytes.ReplaceAll([]byte(word), []byte("*"), []byte(name)))
	}
	return out
}
