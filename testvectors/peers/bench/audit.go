package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// timed runs a program to its end, and returns how long that took, its processor time,
// and the most memory that it was seen to have.
func timed(cmd *exec.Cmd, n int) (metrics, string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	most, err := 0.0, error(nil)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-tick.C:
			most = max(most, mostMemory(cmd.Process.Pid))
		}
	}
	took := time.Since(begun).Seconds()
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w\n%s", cmd, err, &out)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return metrics{
		"seconds": took, "rate": float64(n) / took, "cpu": cpu.Seconds() / float64(n), "memory": most,
	}, out.String(), nil
}

// auditSide audits the ledger of n entries at a URL.
func (s *stage) auditSide(name, url string, n int, flags ...string) side {
	return side{name, func() (m metrics, err error) {
		state := s.folder("state")
		defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
		args := append([]string{"audit", "--policy", s.policy()}, flags...)
		if len(flags) == 0 {
			args = append(args, "--state", state)
		}
		m, said, err := timed(exec.Command(s.program("chirograph"), append(args, url)...), n)
		if err == nil && !strings.Contains(strings.ReplaceAll(said, ",", ""), fmt.Sprintf(" yes: %d entries ", n)) {
			return nil, fmt.Errorf("an audit of %d entries said\n%s", n, said)
		}
		return m, err
	}}
}

// whole is what Tessera's fsck says of a log that is. It exits with 0 of any other as
// well.
const whole = "Successfully fsck'd log"

// fsckSide has Tessera's fsck read the tree at a URL.
func (s *stage) fsckSide(name, url, key string, n int) side {
	return side{name, func() (metrics, error) {
		cmd := exec.Command(s.program("fsck"), "--storage_url", url, "--public_key", key, fmt.Sprintf("--N=%d", 4*runtime.NumCPU()), "--ui=false")
		m, said, err := timed(cmd, n)
		if err == nil && !strings.Contains(said, whole) {
			return nil, fmt.Errorf("fsck said\n%s", said)
		}
		return m, err
	}}
}

func auditing(s *stage, r *report) (err error) {
	n := s.Audited
	dir, err := s.ledgerOf(n)
	if err != nil {
		return err
	}
	if err := s.tessera("cmd/fsck"); err != nil {
		return err
	}
	files, key := s.folder("files"), s.folder("key")
	if _, err := child("export", job{Dir: dir, Records: files}); err != nil {
		return err
	}
	if err := os.WriteFile(key, []byte(s.key.String()), 0o600); err != nil {
		return err
	}
	srv, err := s.serve(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	res, err := rounds(s.Rounds, s.floorSide(n), s.auditSide("audit", srv.url, n), s.auditSide("hashes", srv.url, n, "--hashes"),
		s.fsckSide("fsck", srv.url, key, n), s.fsckSide("fsck of files", (&url.URL{Scheme: "file", Path: files}).String(), key, n))
	if err != nil {
		return err
	}
	r.row("signature checks alone, all cores", res.of("floor", "rate"), "/s")
	r.row(fmt.Sprintf("chirograph audit of %d entries, from a server beside it", n), res.of("audit", "rate"), "/s")
	r.least("  of the signature floor", res.ratio("audit", "floor", "rate"), "", 0.9)
	r.row("  of the signature floor, by CPU: where others work here too", res.ratio("floor", "audit", "cpu"), "")
	r.row("  CPU an entry", micro*res.of("audit", "cpu"), "µs")
	r.most("  memory", res.of("audit", "memory")/(1<<20), "MiB", 512)
	r.row("Tessera's fsck, the same tree from our server", res.of("fsck", "rate"), "/s")
	r.row("Tessera's fsck, the same tree from files", res.of("fsck of files", "rate"), "/s")
	r.row("chirograph audit --hashes, from our server", res.of("hashes", "rate"), "/s")
	r.most("  memory", res.of("hashes", "memory")/(1<<20), "MiB", 512)
	r.row("  CPU an entry", micro*res.of("hashes", "cpu"), "µs")
	r.row("  CPU an entry of fsck from our server", micro*res.of("fsck", "cpu"), "µs")
	r.least("  to fsck from our server", res.ratio("hashes", "fsck", "rate"), "", 1)
	r.row("  to fsck from files", res.ratio("hashes", "fsck of files", "rate"), "")
	return nil
}
