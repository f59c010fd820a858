//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/chirograph/chirograph/ledger/record"
)

// submitted posts a record, and returns what is answered.
func submitted(t *testing.T, url string, r *record.Record) (int, string) {
	t.Helper()
	resp, err := http.Post(url+"/records", "text/plain", bytes.NewReader(r.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// newLedgerOfTwo makes a ledger with two keys, and moves them to a directory of their own.
func newLedgerOfTwo(t *testing.T) (dir, keys string) {
	t.Helper()
	dir, keys = filepath.Join(t.TempDir(), "ledger"), t.TempDir()
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa")
	for _, name := range []string{keyFile, keyFile + ".pub", cosignerFile} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(keys, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, keys
}

// A ledger whose keys are elsewhere is one, and no backup; without them it does not start.
func TestKeysMayBeElsewhere(t *testing.T) {
	dir, keys := newLedgerOfTwo(t)
	id, err := readIdentityBy(dir, "", secrets{key: filepath.Join(keys, keyFile), cosigner: filepath.Join(keys, cosignerFile)})
	if err != nil {
		t.Fatal(err)
	}
	list := revocations(t, id.key, 2)
	says(t, exitFailed, []string{filepath.Join(dir, keyFile)}, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	other := filepath.Join(t.TempDir(), "other")
	says(t, 0, nil, "init", "--dir", other, "--origin", "ledger.example")
	says(t, exitFailed, []string{"the policy's is"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--key", filepath.Join(other, keyFile))
	says(t, exitFailed, []string{"--agent and --key contradict each other"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--key", "x", "--agent")
	run := func(f serveFlags, r *record.Record) {
		t.Helper()
		f.dir = dir
		url, _, end := operate(t, f, silent())
		if status, body := submitted(t, url, r); status != http.StatusCreated || strings.Count(body, "\n— ledger.example ") < 2 {
			t.Errorf("%d %s", status, body)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	}
	run(serveFlags{secrets: secrets{key: filepath.Join(keys, keyFile), cosigner: filepath.Join(keys, cosignerFile)}}, list[0])
	for _, args := range [][]string{{"recover", "--without-witnesses"}, {"log-config", "--contact", "ops@ledger.example"}} {
		says(t, 0, nil, append(args, "--dir", dir, "--key", filepath.Join(keys, keyFile), "--mldsa-key", filepath.Join(keys, cosignerFile))...)
	}
	t.Setenv(credentials, keys) // as systemd gives them
	run(serveFlags{}, list[1])
	backup := filepath.Join(t.TempDir(), "backup")
	says(t, 0, nil, "backup", "--dir", dir, "--to", backup)
	says(t, 0, nil, "check", "--dir", dir)
	// A backup stays one, wherever keys are.
	says(t, exitFailed, []string{"is a backup of a ledger"}, "serve", "--dir", backup, "--listen", "127.0.0.1:0")
}

// What the directory has goes before what systemd gave, and what a flag says before both.
func TestKeysAreLookedForInOrder(t *testing.T) {
	dir, given := t.TempDir(), t.TempDir()
	t.Setenv(credentials, given)
	want := func(said, path string) {
		t.Helper()
		if got := file(dir, said, keyFile); got != path {
			t.Errorf("%s, want %s", got, path)
		}
	}
	own, lent := filepath.Join(dir, keyFile), filepath.Join(given, keyFile)
	want("", own)
	for _, name := range []string{lent, own} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want("", name)
	}
	want("elsewhere", "elsewhere")
}

// An agentServer is an ssh-agent that can be away, refuse, or never answer.
type agentServer struct {
	agent.Agent
	mode atomic.Value // "", away, refuses, hangs
	hung chan struct{}

	listed atomic.Int64
}

func (a *agentServer) Sign(key ssh.PublicKey, message []byte) (*ssh.Signature, error) {
	switch a.mode.Load() {
	case "refuses":
		return nil, errors.New("refused")
	case "hangs":
		<-a.hung
		return nil, errors.New("gone")
	}
	return a.Agent.Sign(key, message)
}

func (a *agentServer) List() ([]*agent.Key, error) {
	a.listed.Add(1)
	return a.Agent.List()
}

// serveAgent runs an agent with the key of a file.
func serveAgent(t *testing.T, name string) *agentServer {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	a := &agentServer{Agent: agent.NewKeyring(), hung: make(chan struct{})}
	a.mode.Store("")
	if err := a.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		os.RemoveAll(dir)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if a.mode.Load() == "away" {
				c.Close()
				continue
			}
			go func() {
				_ = agent.ServeAgent(a, c)
				c.Close()
			}()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(dir, "s"))
	return a
}

// An agent that stops answering stores nothing and ends nothing: submitters are told to come
// back, reads go on, and so does the ledger when the agent does.
func TestAnAgentThatStopsSigningStopsNoLedger(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, 6)
	elsewhere := filepath.Join(t.TempDir(), keyFile)
	if err := os.Rename(filepath.Join(dir, keyFile), elsewhere); err != nil {
		t.Fatal(err)
	}
	a := serveAgent(t, elsewhere)
	said := new(lines)
	url, _, end := operate(t, serveFlags{dir: dir, secrets: secrets{agent: true}}, slog.New(slog.NewTextHandler(said, nil)))
	if status, body := submitted(t, url, list[0]); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	for i, mode := range []string{"away", "refuses", "hangs"} {
		a.mode.Store(mode)
		status, body := submitted(t, url, list[1+i])
		if status != http.StatusServiceUnavailable || !strings.Contains(body, "urn:chirograph:not-taken") || !strings.Contains(body, "the ledger cannot sign") {
			t.Errorf("%s: %d %s", mode, status, body)
		}
		if status, body := submitted(t, url, list[0]); status != http.StatusOK {
			t.Errorf("%s: what is registered: %d %s", mode, status, body)
		}
		if b := get(t, url+"/checkpoint"); !strings.HasPrefix(string(b), "ledger.example\n1\n") {
			t.Errorf("%s: %s", mode, b)
		}
	}
	close(a.hung)
	a.mode.Store("")
	for _, r := range list[1:5] {
		if status, body := submitted(t, url, r); status != http.StatusCreated {
			t.Errorf("when it is back: %d %s", status, body)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(said.String(), "the ledger cannot sign the checkpoint of size 2: ssh-agent"); n != 3 {
		t.Errorf("it says so %d times: %s", n, said)
	}
	// At a start it is needed, and what is wrong is said.
	a.mode.Store("refuses")
	says(t, exitFailed, []string{"the ledger cannot sign the checkpoint of size 5: ssh-agent"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--agent")
	if err := a.RemoveAll(); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"the ssh-agent has 0 Ed25519 keys, and not SHA256:", "ssh-add FILE"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--agent")
	t.Setenv("SSH_AUTH_SOCK", "")
	says(t, exitFailed, []string{"SSH_AUTH_SOCK is empty"}, "serve", "--dir", dir, "--listen", "127.0.0.1:0", "--agent")
}
