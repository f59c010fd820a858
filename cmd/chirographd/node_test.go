package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/verify"
)

// A runningNode is one whose URL is known, which the pipe of its standard output says.
type runningNode struct {
	url  string
	end  func() error
	logs *lines
}

// startNode runs a node of a directory. It names itself by its address.
func startNode(t *testing.T, dir string, b objects.Bucket) *runningNode {
	t.Helper()
	return startNodeAs(t, dir, b, func(*nodeFlags) {})
}

// startNodeAs runs one with other flags.
func startNodeAs(t *testing.T, dir string, b objects.Bucket, change func(*nodeFlags)) *runningNode {
	t.Helper()
	// The address has to be known before it listens.
	l, err := listen("--listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	n := &runningNode{url: "http://" + address, logs: new(lines)}
	ended := make(chan error, 1)
	f := nodeFlags{dir: dir, bucket: bucketFlags{bucket: "ledger"}, listen: address, at: n.url, after: leastAfter}
	change(&f)
	go func() {
		ended <- runNode(ctx, f, b, in, slog.New(slog.NewTextHandler(n.logs, nil)))
		_ = in.Close()
	}()
	said := make([]byte, 1<<10)
	k, err := out.Read(said)
	if want := "for the others at " + f.at; err != nil || !strings.Contains(string(said[:k]), want) {
		cancel()
		t.Fatalf("it said %q, not %q: %v, %v", said[:k], want, err, <-ended)
	}
	n.end = func() error {
		cancel()
		err := <-ended
		n.end = func() error { return nil }
		return err
	}
	t.Cleanup(func() { _ = n.end() })
	return n
}

// ready waits until a node says so.
func (n *runningNode) ready(t *testing.T) {
	t.Helper()
	for begun := time.Now(); ; {
		resp, err := http.Get(n.url + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s is not ready:\n%s", n.url, n.logs)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// vouched waits until a node's guard is no new one any more.
func vouched(t *testing.T, dir string) {
	t.Helper()
	for begun := time.Now(); ; <-time.After(50 * time.Millisecond) {
		_, guard := os.Stat(filepath.Join(dir, guardDir, "checkpoint.0"))
		if _, err := os.Stat(filepath.Join(dir, guardDir, "unvouched")); errors.Is(err, fs.ErrNotExist) && guard == nil {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("nobody vouches for the guard in %s", dir)
		}
	}
}

func submitTo(t *testing.T, url string, policy *verify.Policy, n int) {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range revocations(t, policy.Logs[0].Key, n)[n-1:] {
		if _, err := c.Submit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// shared returns two directories of nodes of one ledger, and the bucket that has its empty log.
func shared(t *testing.T) (one, two string, policy *verify.Policy, bucket objects.Bucket, register *objects.Register) {
	t.Helper()
	one, policy = newLedger(t)
	key := policy.Logs[0].Key
	two = t.TempDir()
	for _, name := range []string{keyFile, keyFile + ".pub", policyFile} {
		b, err := os.ReadFile(filepath.Join(one, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(two, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	bucket = objectstest.NewMemory()
	register = &objects.Register{Bucket: bucket, Key: key, Random: strings.NewReader(strings.Repeat("nonce", 99))}
	if err := register.Begin(t.Context(), tlog.Checkpoint{Origin: key.Name(), Root: tlog.EmptyRoot()}, 0, objects.Open); err != nil {
		t.Fatal(err)
	}
	if err := keepMoved(one, moved{step: there, bucket: "ledger", state: objects.Open}); err != nil {
		t.Fatal(err)
	}
	return one, two, policy, bucket, register
}

// Two nodes share a ledger: either takes records, and when the one that leads is stopped the
// other goes on.
func TestTwoNodesAreOneLedger(t *testing.T) {
	one, two, policy, bucket, register := shared(t)
	key := policy.Logs[0].Key
	first := startNode(t, one, bucket)
	first.ready(t)
	second := startNode(t, two, bucket)
	second.ready(t)
	vouched(t, two)
	submitTo(t, first.url, policy, 1)
	submitTo(t, second.url, policy, 2)
	if err := first.end(); err != nil {
		t.Fatal(err)
	}
	submitTo(t, second.url, policy, 3)
	if h, _, err := register.Peek(t.Context()); err != nil || h.Owner != second.url || h.Checkpoint.Size != 3 {
		t.Errorf("%+v, %v", h, err)
	}
	if err := second.end(); err != nil {
		t.Fatal(err)
	}
	if h, _, err := register.Peek(t.Context()); err != nil || h.Owner != "" {
		t.Errorf("nobody runs, and the head says %+v, %v", h, err)
	}
	// What they have is sound, by the guard of who led and of who joined.
	for dir, has := range map[string]string{one: "2 entries", two: "3 entries"} {
		says(t, 0, []string{"node of " + key.Name() + ": sound: " + has}, "check", "--dir", dir, "--state", filepath.Join(t.TempDir(), "state"))
	}
	// Nothing else goes on from what a node has.
	for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"recover", "--without-witnesses"}, {"freeze", "--name", key.Name()}} {
		says(t, exitFailed, []string{"is in the bucket ", "chirographd node runs it"}, append(command, "--dir", one)...)
	}
}

// A node asks at its own --at, and says what answers there.
func TestANodeSaysThatItDoesNotFindItself(t *testing.T) {
	one, two, _, bucket, _ := shared(t)
	first := startNode(t, one, bucket)
	first.ready(t)
	second := startNodeAs(t, two, bucket, func(f *nodeFlags) { f.at = first.url })
	for begun := time.Now(); !strings.Contains(second.logs.String(), "does not find itself"); <-time.After(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("it never said so:\n%s", second.logs)
		}
	}
	if err := second.end(); err != nil {
		t.Fatal(err)
	}
	if err := first.end(); err != nil {
		t.Fatal(err)
	}
	wantWords(t, second.logs.String(), true, "another node answers")
	wantWords(t, first.logs.String(), false, "does not find itself")
}

func TestANodeIsToldWhatItNeeds(t *testing.T) {
	dir := t.TempDir()
	at := []string{"node", "--dir", dir, "--listen", "127.0.0.1:0"}
	says(t, exitFailed, []string{"--dir, --listen and --at have to be given"}, at...)
	says(t, exitFailed, []string{`--at: the owner "http://a.example/path"`}, append(at, "--at", "http://a.example/path")...)
	says(t, exitFailed, []string{"--takeover-after 4.999s: at least 5s"}, append(at, "--at", "http://a.example", "--takeover-after", "4999ms")...)
}
