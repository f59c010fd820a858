//go:build linux

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/chirograph/chirograph/crypto/keys/keystest"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// seeds returns the seeds of the two keys of a ledger.
func seeds(t *testing.T, dir string) [][]byte {
	t.Helper()
	var out [][]byte
	for _, name := range []string{keyFile, cosignerFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == cosignerFile {
			block, _ := pem.Decode(b)
			out = append(out, block.Bytes[len(block.Bytes)-32:])
			continue
		}
		k, err := ssh.ParseRawPrivateKey(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k.(*ed25519.PrivateKey).Seed())
	}
	return out
}

// A ledger is given its files in each other's places, damaged and cut, and as files of
// another kind; then it runs, is sent nonsense, and dies with all that Go prints of it.
func TestIncidentASecretInALedgersLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa")
	secrets := seeds(t, dir)
	quiet := func(what string, output []byte) {
		t.Helper()
		for _, s := range secrets {
			keystest.NoneOf(t, s, what, output)
		}
	}
	files := map[string][]byte{}
	for _, name := range []string{keyFile, cosignerFile, policyFile, keyFile + ".pub"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
		files[name+", cut"] = b[:len(b)*2/3]
	}
	for i, s := range secrets {
		files[fmt.Sprintf("seed %d", i)] = fmt.Appendf(nil, "%x\n", s)
		files[fmt.Sprintf("seed %d as a signer", i)] = fmt.Appendf(nil, "PRIVATE+KEY+ledger.example+01020304+%s\n", base64.StdEncoding.EncodeToString(append([]byte{1}, s...)))
	}
	for _, name := range []string{keyFile, cosignerFile, policyFile, keyFile + ".pub", witnessFile} {
		path := filepath.Join(dir, name)
		before, missing := os.ReadFile(path)
		for what, b := range files {
			if name == what {
				continue
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:none"}, {"recover", "--without-witnesses"}, {"log-config"}} {
				_, stdout, stderr := chirographd(t, append(command, "--dir", dir)...)
				quiet(fmt.Sprintf("%s with %s in %s", command[0], what, name), []byte(stdout+stderr))
			}
		}
		err := os.WriteFile(path, before, 0o600)
		if missing != nil {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	t.Setenv("GOTRACEBACK", "crash")
	p := startLedger(t, dir)
	for _, body := range [][]byte{nil, []byte("nonsense"), secrets[0], files[keyFile], files[cosignerFile]} {
		resp, err := http.Post(p.url+"/records", "text/plain", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode < 400 {
			t.Errorf("%s, %v", resp.Status, err)
		}
		quiet("an answer", answer)
	}
	for _, name := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Process.Pid, name))
		if err != nil {
			t.Fatal(err)
		}
		quiet(name, b)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.Process.Pid))
	if err != nil || !regexp.MustCompile(`(?m)^Max core file size +0 `).Match(limits) {
		t.Errorf("it may leave a core dump: %v\n%s", err, limits)
	}
	if err := p.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err == nil || !strings.Contains(p.stderr.String(), "goroutine ") {
		t.Errorf("it did not die with a trace: %v", err)
	}
	quiet("the trace", p.stderr.Bytes())
}

// A ledger is made by a relative name, with a guard that has one too, and runs from other
// directories: it is the same ledger with the same guard, and leaves nothing where it runs.
func TestIncidentARelativeDirectoryAndAnotherWorkingDirectory(t *testing.T) {
	base := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.Mkdir(filepath.Join(base, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(base, "a"))
	says(t, 0, nil, "init", "--dir", "ledger", "--origin", "ledger.example", "--guard", "guard")
	text, err := os.ReadFile("ledger/" + policyFile)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := verify.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	list := revocations(t, policy.Logs[0].Key, 3)
	for i, at := range []struct{ in, dir string }{{"b", "../a/ledger"}, {"c", filepath.Join(base, "a", "ledger")}, {"a/ledger", "."}} {
		t.Chdir(filepath.Join(base, at.in))
		p := startLedger(t, at.dir)
		if receipts := submitAll(t, p.url, list[i:i+1], nothing); len(receipts) != 1 {
			t.Fatalf("in %s the record was not registered", at.in)
		}
		for _, r := range list[:i+1] {
			if get(t, p.url+"/records/"+r.ID().String()) == nil {
				t.Errorf("in %s record %s is gone", at.in, r.ID())
			}
		}
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil || p.stderr.Len() > 0 {
			t.Errorf("in %s: %v, %s", at.in, err, p.stderr.String())
		}
	}
	for name, want := range map[string]int{"a": 2, "b": 0, "c": 0} {
		if entries, err := os.ReadDir(filepath.Join(base, name)); err != nil || len(entries) != want {
			t.Errorf("%s has %v, %v; %d are what was made", name, entries, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(base, "a", "ledger", guardDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a second guard was made: %v", err)
	}
}

// The volume of the store is not there, or a new one is, and the identity is: nothing
// starts, and nothing is made.
func TestIncidentAnEmptyStoreBesideAnIdentity(t *testing.T) {
	dir, policy := newLedger(t)
	restore := snapshot(t, dir, storeDir)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	secret, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, storeDir)
	refused := func(what, reason string) {
		t.Helper()
		says(t, exitFailed, []string{reason}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
		says(t, exitFailed, []string{"is not empty", "never written over"}, "init", "--dir", dir, "--origin", "ledger.example")
		if now, err := os.ReadFile(filepath.Join(dir, keyFile)); err != nil || !bytes.Equal(now, secret) {
			t.Errorf("%s: the key has changed, %v", what, err)
		}
	}
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	refused("no directory", "there is none")
	if _, err := os.Stat(place); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store was made: %v", err)
	}
	if err := os.Mkdir(place, 0o755); err != nil {
		t.Fatal(err)
	}
	refused("an empty directory", "there is none")
	if entries, err := os.ReadDir(place); err != nil || len(entries) > 0 {
		t.Errorf("a store was made: %v, %v", entries, err)
	}
	restore()
	refused("the store as it was made", "the tree has 0 entries, a checkpoint of size 3 has left")
}

// Signature lines that are not good, of keys that sign and of others, are sent under a text
// that is new and under one that is registered: none is ever stored.
func TestIncidentAnUnverifiedSignatureLineIsStored(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 2)
	p := startLedger(t, dir)
	post := func(body string) int {
		t.Helper()
		resp, err := http.Post(p.url+"/records", "text/plain; charset=utf-8", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	lines := func(r *record.Record) (text, line string) {
		text, line, _ = strings.Cut(string(r.Bytes()), "\n\n")
		return text, line
	}
	text, good := lines(list[0])
	_, others := lines(list[1])
	flipped := []byte(good)
	flipped[len(flipped)-20] ^= 1 // a bit of the signature
	bad := map[string]string{
		"of another text": others, "none": "", "damaged": string(flipped), "damaged after the good": good + string(flipped),
		"of another text after the good": good + others, "of another text before the good": others + good, "twice": good + good,
	}
	for name, l := range bad {
		if code := post(text + "\n\n" + l); code/100 != 4 {
			t.Errorf("a line %s: status %d", name, code)
		}
		if get(t, p.url+"/records/"+list[0].ID().String()) != nil {
			t.Fatalf("a line %s was stored", name)
		}
	}
	if code := post(text + "\n\n" + good); code != http.StatusCreated {
		t.Fatalf("the good line: status %d", code)
	}
	for name, l := range bad {
		post(text + "\n\n" + l)
		if now := get(t, p.url+"/records/"+list[0].ID().String()); string(now) != text+"\n\n"+good {
			t.Fatalf("a line %s changed what is stored:\n%s", name, now)
		}
	}
	if checkpoint := get(t, p.url+"/checkpoint"); !strings.HasPrefix(string(checkpoint), "ledger.example\n1\n") {
		t.Errorf("the ledger has more than one entry:\n%s", checkpoint)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("%v\n%s", err, p.stderr.String())
	}
}

func TestAnAddressWithAPasswordIsNotPublished(t *testing.T) {
	dir, _ := newLedger(t)
	const url = "https://ada:Hafgufa.Vrykolakas@ledger.example"
	for _, command := range [][]string{
		{"init", "--dir", filepath.Join(t.TempDir(), "ledger"), "--origin", "ledger.example", "--url", url},
		{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--url", url},
	} {
		code, stdout, stderr := chirographd(t, command...)
		if code != exitFailed || !strings.Contains(stderr, "has a user or a password, and policies are public") {
			t.Errorf("%s: exit code %d, %s", command[0], code, stderr)
		}
		keystest.NoneOf(t, []byte("Hafgufa.Vrykolakas"), command[0], []byte(stdout+stderr))
	}
}

// Whatever is done to a ledger, the check does not say yes: a bit in each quarter of each
// file that it writes entries or checkpoints to, files that are gone, and a folder that is no ledger.
func TestIncidentACheckToolExits0OnFailure(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 5)...)
	says(t, 0, nil, "check", "--dir", dir)
	damaged := func(what string, change func(dir string) error) {
		t.Helper()
		copied := filepath.Join(t.TempDir(), "ledger")
		if err := errors.Join(os.CopyFS(copied, os.DirFS(dir)), change(copied)); err != nil {
			t.Fatal(err)
		}
		if code, stdout, stderr := chirographd(t, "check", "--dir", copied); code == 0 || stdout+stderr == "" {
			t.Errorf("%s: exit code %d\n%s%s", what, code, stdout, stderr)
		}
	}
	var files []string
	for _, pattern := range []string{storeDir + "/*.log", storeDir + "/*.sst", guardDir + "/checkpoint.*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	flips := 0
	for _, path := range files {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		newest := strings.Contains(string(whole), "ledger.example\n5\n") // the other file of the guard may be torn
		if len(whole) == 0 || strings.HasPrefix(name, guardDir) && !newest {
			continue
		}
		for quarter := range 4 {
			at := len(whole)*quarter/4 + len(whole)/8
			flips++
			damaged(fmt.Sprintf("%s, byte %d", name, at), func(dir string) error {
				b := bytes.Clone(whole)
				b[at] ^= 1
				return os.WriteFile(filepath.Join(dir, name), b, 0o600)
			})
		}
	}
	if flips < 8 {
		t.Errorf("%d flips in %v", flips, files)
	}
	for _, name := range []string{storeDir, guardDir, policyFile} {
		damaged(name+" is gone", func(dir string) error { return os.RemoveAll(filepath.Join(dir, name)) })
	}
	says(t, exitFailed, nil, "check", "--dir", t.TempDir())
}
