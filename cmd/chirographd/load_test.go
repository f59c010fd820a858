//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

const (
	submitters = 32
	records    = 3200
	midway     = 500 // answers after which the ledger is told to end
)

// A ledgerProcess is a ledger that runs.
type ledgerProcess struct {
	*exec.Cmd
	url    string
	stderr bytes.Buffer
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// startLedger serves a ledger, and bounds no address's rate: all that ask are one.
func startLedger(t testing.TB, dir string, more ...string) *ledgerProcess {
	t.Helper()
	return startCommand(t, exec.Command("chirographd", append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--rate", "0"}, more...)...))
}

// startCommand starts a command that serves a ledger.
func startCommand(t testing.TB, c *exec.Cmd) *ledgerProcess {
	t.Helper()
	p := &ledgerProcess{Cmd: c}
	p.Stderr = &p.stderr
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			p.Process.Kill()
			p.Wait()
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the ledger said nothing: %v\n%s", err, p.stderr.String())
	}
	p.url = address.FindString(line)
	return p
}

// submitAll posts the records, each on a connection of its own, until the ledger
// answers no more, and calls at when so many were acknowledged. It returns the
// receipts of those that were.
func submitAll(t *testing.T, url string, list []*record.Record, at func()) map[record.ID][]byte {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var next, answered atomic.Int64
	var mu sync.Mutex
	receipts := make(map[record.ID][]byte)
	submitter := func() {
		for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
			resp, err := client.Post(url+"/records", "text/plain; charset=utf-8", bytes.NewReader(list[i].Bytes()))
			if err != nil {
				return
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case err != nil || resp.StatusCode == http.StatusServiceUnavailable:
				return
			case resp.StatusCode != http.StatusCreated:
				t.Errorf("record %s: %s\n%s", list[i].ID(), resp.Status, body)
				return
			}
			mu.Lock()
			receipts[list[i].ID()] = body
			mu.Unlock()
			if answered.Add(1) == midway {
				at()
			}
		}
	}
	var group sync.WaitGroup
	for range submitters {
		group.Go(submitter)
	}
	group.Wait()
	return receipts
}

// checkReceipts demands that every receipt holds, and that no two are of one entry.
// It returns the index of each record.
func checkReceipts(t *testing.T, p *verify.Policy, receipts map[record.ID][]byte) map[record.ID]uint64 {
	t.Helper()
	indexes := make(map[record.ID]uint64)
	taken := make(map[uint64]record.ID)
	for id, receipt := range receipts {
		r, err := verify.Receipt(p, receipt)
		if err != nil {
			t.Fatalf("receipt of %s: %v", id, err)
		}
		if other, ok := taken[r.Index]; ok || r.Record.ID() != id {
			t.Fatalf("receipt of %s is of %s, entry %d, which is %s as well", id, r.Record.ID(), r.Index, other)
		}
		indexes[id], taken[r.Index] = r.Index, id
	}
	return indexes
}

// checkAfter starts the ledger again, and demands every record that was
// acknowledged at its index, and that the tree of each receipt is in today's. It
// returns how many of the others are registered too.
func checkAfter(t *testing.T, dir string, p *verify.Policy, list []*record.Record, receipts map[record.ID][]byte) (unanswered int) {
	t.Helper()
	indexes := checkReceipts(t, p, receipts)
	again := startLedger(t, dir)
	now := make(map[record.ID][]byte)
	for _, r := range list {
		if receipt := get(t, again.url+"/records/"+r.ID().String()+"/receipt"); receipt != nil {
			now[r.ID()] = receipt
		}
	}
	for id, index := range checkReceipts(t, p, now) {
		want, acknowledged := indexes[id]
		switch {
		case !acknowledged:
			unanswered++
		case index != want:
			t.Errorf("record %s is entry %d, it was acknowledged as %d", id, index, want)
		}
		delete(indexes, id)
	}
	for id := range indexes {
		t.Errorf("record %s was acknowledged and is gone", id)
	}
	checked := make(map[uint64]bool)
	for _, receipt := range receipts {
		r, err := verify.Receipt(p, receipt)
		if err != nil {
			t.Fatal(err)
		}
		size := r.Checkpoint.Size
		if checked[size] {
			continue
		}
		checked[size] = true
		proof := get(t, fmt.Sprintf("%s/consistency/%d", again.url, size))
		if _, err := verify.Consistency(p, r.Checkpoint.SignedCheckpoint, proof); err != nil {
			t.Errorf("the tree of %d entries that a receipt shows: %v", size, err)
		}
	}
	if err := again.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := again.Wait(); err != nil {
		t.Errorf("the ledger after its restart: %v\n%s", err, again.stderr.String())
	}
	return unanswered
}

func TestASignalUnderLoadEndsTheLedgerWhenAllIsAnswered(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, records)
	p := startLedger(t, dir)
	receipts := submitAll(t, p.url, list, func() { p.Process.Signal(syscall.SIGTERM) })
	if err := p.Wait(); err != nil || p.stderr.Len() > 0 {
		t.Errorf("the ledger ended with %v and said %q", err, p.stderr.String())
	}
	if len(receipts) < midway || len(receipts) == len(list) {
		t.Fatalf("%d of %d were acknowledged: that is not midway", len(receipts), len(list))
	}
	if n := checkAfter(t, dir, policy, list, receipts); n > 0 {
		t.Errorf("%d records are registered whose submitters got no answer", n)
	}
}

// A submission of which the ledger has begun to read the body, and nothing more,
// when it is told to end.
func TestARequestThatHasBegunIsAnsweredAfterASignal(t *testing.T) {
	dir, policy := newLedger(t)
	r := revocations(t, policy.Logs[0].Key, 1)[0]
	p := startLedger(t, dir)
	host := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /records HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", host, len(r.Bytes()))
	answer := bufio.NewReader(conn)
	if line, err := answer.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if line, err := answer.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // until it has heard: nobody is let in any more
		late, err := net.Dial("tcp", host)
		if err != nil {
			break
		}
		late.Close()
	}
	if _, err := conn.Write(r.Bytes()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(answer, nil)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s, %v\n%s", resp.Status, err, receipt)
	}
	if err := p.Wait(); err != nil || p.stderr.Len() > 0 {
		t.Errorf("the ledger ended with %v and said %q", err, p.stderr.String())
	}
	checkAfter(t, dir, policy, []*record.Record{r}, map[record.ID][]byte{r.ID(): receipt})
}

func TestAKilledLedgerHasWhatItAcknowledged(t *testing.T) {
	dir, policy := newLedger(t)
	list := revocations(t, policy.Logs[0].Key, records)
	p := startLedger(t, dir)
	receipts := submitAll(t, p.url, list, func() { p.Process.Kill() })
	if err := p.Wait(); err == nil {
		t.Error("the ledger that was killed ended well")
	}
	if len(receipts) < midway || len(receipts) == len(list) {
		t.Fatalf("%d of %d were acknowledged: that is not midway", len(receipts), len(list))
	}
	checkAfter(t, dir, policy, list, receipts)
}

func TestALedgerThatCannotSayWhereItIsEnds(t *testing.T) {
	dir, _ := newLedger(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	var stderr bytes.Buffer
	if code := run([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0"}, w, &stderr); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if !strings.Contains(stderr.String(), "chirographd: ") {
		t.Errorf("it said %q", stderr.String())
	}
}
