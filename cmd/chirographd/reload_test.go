package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

// A panel is some witnesses that answer at addresses, and a file that has policies of them.
type panel struct {
	all  []*witnesstest.Witness
	urls []string
	file string
}

func newPanel(t *testing.T, key note.Key, n int) *panel {
	t.Helper()
	p := &panel{file: filepath.Join(t.TempDir(), "asked.policy")}
	for i := range n {
		w, err := witnesstest.New(fmt.Sprintf("w%d.example", i), key, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(w)
		t.Cleanup(server.Close)
		p.all, p.urls = append(p.all, w), append(p.urls, server.URL)
	}
	return p
}

// ask writes the policy by which so many of some witnesses make the quorum.
func (p *panel) ask(t *testing.T, quorum int, which ...int) {
	t.Helper()
	text, names := "", ""
	for _, i := range which {
		text += fmt.Sprintf("witness w%d %s %s\n", i, p.all[i].Key, p.urls[i])
		names += fmt.Sprintf(" w%d", i)
	}
	p.write(t, fmt.Sprintf("%sgroup some %d%s\nquorum some\n", text, quorum, names))
}

func (p *panel) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(p.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// register submits a record, and demands that it has a receipt by the policy that the
// ledger then shows.
func register(t *testing.T, url string, body []byte) []byte {
	t.Helper()
	resp, err := http.Post(url+"/records", "text/plain; charset=utf-8", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	receipt, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s %v\n%s", resp.Status, err, receipt)
	}
	verifies(t, receipt, get(t, url+"/policy"))
	return receipt
}

func verifies(t *testing.T, receipt, policy []byte) {
	t.Helper()
	p, err := verify.ParsePolicy(policy)
	if err == nil {
		_, err = verify.Receipt(p, receipt)
	}
	if err != nil {
		t.Errorf("%v, by\n%s", err, policy)
	}
}

func TestARunningLedgerReadsItsWitnessPolicyAgain(t *testing.T) {
	dir, policy := newLedger(t)
	p := newPanel(t, policy.Logs[0].Key, 3)
	p.ask(t, 2, 0, 1)
	said := new(lines)
	url, _, end := operate(t, serveFlags{dir: dir, witnesses: p.file}, slog.New(slog.NewTextHandler(said, nil)))
	records := revocations(t, policy.Logs[0].Key, 5)
	first := get(t, url+"/policy")
	old := register(t, url, records[0].Bytes())
	says(t, 0, []string{p.file + " says what is in force already"}, "reload", "--dir", dir)

	p.ask(t, 2, 0, 1, 2)
	says(t, 0, []string{"added    w2 ", p.urls[2] + "\n", "quorum   2 of w0 w1 w2, was 2 of w0 w1\n"}, "reload", "--dir", dir)
	register(t, url, records[1].Bytes())
	if kept, err := os.ReadFile(filepath.Join(dir, witnessFile)); err != nil || !strings.Contains(string(kept), "witness w2 ") {
		t.Errorf("%v, kept is\n%s", err, kept)
	}
	if page := get(t, url+"/index.json"); !strings.Contains(string(page), p.all[2].Key.String()) {
		t.Errorf("the page is of other witnesses:\n%s", page)
	}
	if text := get(t, url+"/metrics"); !strings.Contains(string(text), `chirograph_witness_cosigned_timestamp_seconds{witness="w2"}`) {
		t.Error("no series is of the new witness")
	}

	p.ask(t, 1, 0, 2)
	says(t, 0, []string{"removed  w1 ", "quorum   1 of w0 w2, was 2 of w0 w1 w2\n", "warning: two quorums of the witnesses may have nobody in common"}, "reload", "--dir", dir)
	p.all[1].SetAway(true)
	register(t, url, records[2].Bytes())
	p.ask(t, 1, 2)
	p.all[0].SetAway(true)
	says(t, 0, []string{"removed  w0 ", "quorum   1 of w2, was 1 of w0 w2\n"}, "reload", "--dir", dir)
	register(t, url, records[3].Bytes())
	verifies(t, old, first)
	if log := said.String(); !strings.Contains(log, "forgotten") || !strings.Contains(log, "witnesses=w1") {
		t.Errorf("the log is silent about who is asked no more:\n%s", log)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}

	// The next start asks the same ones, without being told to.
	url, end = serving(t, serveFlags{dir: dir})
	register(t, url, records[4].Bytes())
	if now := get(t, url+"/policy"); strings.Contains(string(now), "witness w0 ") || !strings.Contains(string(now), "witness w2 ") {
		t.Errorf("the policy is\n%s", now)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

func TestAReloadThatIsRefusedChangesNothing(t *testing.T) {
	dir, policy := newLedger(t)
	key := policy.Logs[0].Key
	p := newPanel(t, key, 2)
	p.ask(t, 1, 0)
	url, end := serving(t, serveFlags{dir: dir, witnesses: p.file})
	before := get(t, url+"/policy")
	kept, err := os.ReadFile(filepath.Join(dir, witnessFile))
	if err != nil {
		t.Fatal(err)
	}
	_, other := newLedger(t)
	p.all[1].Claim(99)
	w := fmt.Sprintf("witness w1 %s %s\n", p.all[1].Key, p.urls[1])
	for text, want := range map[string]string{
		"nonsense\n": "asked.policy: ",
		w:            "asked.policy: ",
		"log " + other.Logs[0].Key.String() + "\n" + w + "quorum w1\n": "it is for the log " + other.Logs[0].Key.String() + ", this ledger is " + key.String(),
		"quorum none\n": "it names no witness",
		fmt.Sprintf("witness w1 %s\nquorum w1\n", p.all[1].Key):         "has no URL",
		fmt.Sprintf("witness w1 %s ftp://x\nquorum w1\n", p.all[1].Key): "cannot be asked",
		w + "quorum w1\n": "w1 (size 99)",
	} {
		p.write(t, text)
		says(t, exitFailed, []string{"chirographd: nothing is changed: ", want}, "reload", "--dir", dir)
	}
	if err := os.Remove(p.file); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"nothing is changed: ", p.file}, "reload", "--dir", dir)
	if now := get(t, url+"/policy"); !bytes.Equal(now, before) {
		t.Errorf("the policy is\n%s", now)
	}
	if now, err := os.ReadFile(filepath.Join(dir, witnessFile)); err != nil || !bytes.Equal(now, kept) {
		t.Errorf("%v, kept is\n%s", err, now)
	}
	register(t, url, revocations(t, key, 1)[0].Bytes())
	if err := end(); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"no running ledger answers", "the next start reads the policy"}, "reload", "--dir", dir)
}

// Without --witness-policy it is the file of last time that is read, as by a start.
func TestAReloadReadsWhatAStartWouldRead(t *testing.T) {
	dir, policy := newLedger(t)
	p := newPanel(t, policy.Logs[0].Key, 2)
	p.file = filepath.Join(dir, witnessFile)
	url, end := serving(t, serveFlags{dir: dir})
	records := revocations(t, policy.Logs[0].Key, 3)
	register(t, url, records[0].Bytes())
	says(t, exitFailed, []string{"asks no witnesses", "--witness-policy FILE"}, "reload", "--dir", dir)
	p.ask(t, 1, 0)
	says(t, 0, []string{"added    w0 ", "quorum   1 of w0, was none\n"}, "reload", "--dir", dir)
	register(t, url, records[1].Bytes())
	if n := p.all[0].Size(); n != 2 {
		t.Errorf("the witness has size %d", n)
	}
	if err := os.Remove(p.file); err != nil {
		t.Fatal(err)
	}
	says(t, exitFailed, []string{"is gone, and the ledger asks 1 witnesses", "--without-witnesses"}, "reload", "--dir", dir)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	url, end = serving(t, serveFlags{dir: dir, alone: true})
	p.ask(t, 1, 0)
	says(t, exitFailed, []string{"was started with --without-witnesses"}, "reload", "--dir", dir)
	register(t, url, records[2].Bytes())
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// A start with another file says whom it asks no more, as a reload does.
func TestAStartSaysWhomItAsksNoMore(t *testing.T) {
	dir, policy := newLedger(t)
	p := newPanel(t, policy.Logs[0].Key, 2)
	for start, which := range [][]int{{0, 1}, {1}, {1}} {
		p.ask(t, 1, which...)
		_, logged, err := servedOnce(t, serveFlags{dir: dir, witnesses: p.file})
		if err != nil {
			t.Fatal(err)
		}
		wantWords(t, logged, start == 1, "some witnesses of last time are forgotten")
		wantWords(t, logged, start == 1, "witnesses=w0")
	}
}

// The second key of a ledger is in its quorum before and after, and whoever reloads names it
// nowhere.
func TestAReloadKeepsTheSecondKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	says(t, 0, nil, "init", "--dir", dir, "--origin", "ledger.example", "--ml-dsa")
	key, err := readKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := newPanel(t, key, 2)
	p.ask(t, 1, 0)
	url, end := serving(t, serveFlags{dir: dir, witnesses: p.file})
	p.ask(t, 2, 0, 1)
	says(t, 0, []string{"added    w1 ", "quorum   2 of ledger (2 of w0 w1), was 2 of ledger (1 of w0)\n"}, "reload", "--dir", dir)
	register(t, url, revocations(t, key, 1)[0].Bytes())
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

func TestOneReloadIsMadeAtOnce(t *testing.T) {
	dir, policy := newLedger(t)
	p := newPanel(t, policy.Logs[0].Key, 2)
	p.ask(t, 1, 0)
	asked, answer := make(chan struct{}, 8), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-answer
		p.all[1].ServeHTTP(rw, r)
	}))
	defer slow.Close()
	p.urls[1] = slow.URL
	url, end := serving(t, serveFlags{dir: dir, witnesses: p.file})
	p.ask(t, 2, 0, 1)
	type told struct {
		said string
		err  error
	}
	first := make(chan told, 1)
	go func() {
		said, err := askReload(context.Background(), dir)
		first <- told{said, err}
	}()
	<-asked
	says(t, exitFailed, []string{"chirographd: nothing is changed: another reload is under way"}, "reload", "--dir", dir)
	close(answer)
	if got := <-first; got.err != nil || !strings.Contains(got.said, "added    w1 ") {
		t.Errorf("%q, %v", got.said, got.err)
	}
	register(t, url, revocations(t, policy.Logs[0].Key, 1)[0].Bytes())
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// A ledger that ends while a witness lets it wait ends in its time, and keeps what it asked by.
func TestALedgerEndsDuringAReload(t *testing.T) {
	dir, policy := newLedger(t)
	p := newPanel(t, policy.Logs[0].Key, 2)
	p.ask(t, 1, 0)
	asked := make(chan struct{}, 8)
	never := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer never.Close()
	p.urls[1] = never.URL
	_, end := serving(t, serveFlags{dir: dir, witnesses: p.file})
	p.ask(t, 1, 1)
	refused := make(chan error, 1)
	go func() {
		_, err := askReload(context.Background(), dir)
		refused <- err
	}()
	<-asked
	begun := time.Now()
	if err := end(); err != nil || time.Since(begun) > shutdownPatience.whole() {
		t.Errorf("it ended after %v: %v", time.Since(begun), err)
	}
	if err := <-refused; err == nil || errors.Is(err, errNotRunning) {
		t.Error(err)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, witnessFile)); err != nil || strings.Contains(string(kept), "w1") {
		t.Errorf("%v, kept is\n%s", err, kept)
	}
}
