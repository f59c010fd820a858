package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// A start is a program that is run from its start to its exit.
type start struct {
	name string
	args []string
	in   string // file; "" for none
}

// side runs it once, and demands that it says yes.
func (c start) side() side {
	return side{c.name, func() (metrics, error) {
		cmd := exec.Command(c.args[0], c.args[1:]...)
		if c.in != "" {
			f, err := os.Open(c.in)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			cmd.Stdin = f
		}
		m, _, err := timed(cmd, 1)
		return m, err
	}}
}

// minisign makes a key and a signature of a file of theirs.
func minisign(path, dir, message string) (start, error) {
	public, secret := filepath.Join(dir, "minisign.pub"), filepath.Join(dir, "minisign.key")
	if _, err := output(path, "-G", "-W", "-p", public, "-s", secret); err != nil {
		return start{}, err
	}
	if _, err := output(path, "-S", "-s", secret, "-m", message); err != nil {
		return start{}, err
	}
	return start{name: "minisign", args: []string{path, "-V", "-q", "-p", public, "-m", message}}, nil
}

// sshKeygen makes a key and a signature of a file of theirs.
func sshKeygen(path, dir, message string) (start, error) {
	key, allowed := filepath.Join(dir, "ssh"), filepath.Join(dir, "allowed")
	if _, err := output(path, "-q", "-t", "ed25519", "-N", "", "-C", "bob.example", "-f", key); err != nil {
		return start{}, err
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		return start{}, err
	}
	if err := os.WriteFile(allowed, append([]byte("bob.example "), public...), 0o600); err != nil {
		return start{}, err
	}
	if _, err := output(path, "-Y", "sign", "-q", "-f", key, "-n", "file", message); err != nil {
		return start{}, err
	}
	args := []string{path, "-Y", "verify", "-q", "-f", allowed, "-I", "bob.example", "-n", "file", "-s", message + ".sig"}
	return start{name: "ssh-keygen", args: args, in: message}, nil
}

// An other is a program of others that verifies.
type other struct {
	name, pkg, title string
	limit            float64 // of our time to its
	make             func(path, dir, message string) (start, error)
}

var others = []other{
	{"minisign", "minisign", "minisign -V, one signature", 2, minisign},
	{"ssh-keygen", "openssh-client", "ssh-keygen -Y verify", 0.4, sshKeygen},
}

// starts returns what is compared, of which each finds what it needs in dir, and in
// words why others are absent, by their names.
func (s *stage) starts(dir, receipt string) (list []start, gone map[string]string, err error) {
	list = []start{
		{name: "ours", args: []string{s.program("chirograph-verify"), "receipt", "--policy", s.policy(), receipt}},
		{name: "ok", args: []string{s.program("ok")}},
		{name: "three", args: []string{s.program("three")}},
	}
	gone = make(map[string]string)
	for _, o := range others {
		path, why := found(o.name, o.pkg)
		if why != "" {
			gone[o.name] = why
			continue
		}
		c, err := o.make(path, dir, receipt)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, c)
	}
	return list, gone, nil
}

func verifier(s *stage, r *report) error {
	dir, err := s.ledgerOf(s.Sizes[0])
	if err != nil {
		return err
	}
	work := s.folder("verifier")
	receipt := filepath.Join(work, "foot.tlog-proof")
	if err := os.Mkdir(work, 0o700); err != nil {
		return err
	}
	if _, err := child("receipt", job{Dir: dir, Records: receipt}); err != nil {
		return err
	}
	list, gone, err := s.starts(work, receipt)
	if err != nil {
		return err
	}
	var sides []side
	for _, c := range list {
		sides = append(sides, c.side())
	}
	res, err := rounds(s.Starts, sides...)
	if err != nil {
		return err
	}
	r.row("chirograph-verify receipt", milli*res.of("ours", "seconds"), "ms")
	r.row("a Go program that prints ok", milli*res.of("ok", "seconds"), "ms")
	r.row("a Go program that checks three signatures and prints ok", milli*res.of("three", "seconds"), "ms")
	r.most("  ours to that", res.ratio("ours", "three", "seconds"), "", 1.3)
	for _, o := range others {
		if why := gone[o.name]; why != "" {
			r.gone(o.title, why)
			continue
		}
		r.row(o.title, milli*res.of(o.name, "seconds"), "ms")
		r.most("  ours to that", res.ratio("ours", o.name, "seconds"), "", o.limit)
	}
	info, err := os.Stat(s.program("chirograph-verify"))
	if err != nil {
		return err
	}
	r.most("the program, stripped", float64(info.Size())/1e6, "MB", 5)
	return nil
}

// receiptChild writes the receipt of an entry to the file Records.
func receiptChild(j job) (m metrics, err error) {
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	b, err := h.log.View().Receipt(h.log.View().Size() / 2)
	if err == nil {
		err = os.WriteFile(j.Records, b, 0o600)
	}
	if err := h.close(); err != nil {
		return nil, fmt.Errorf("closing %s: %w", j.Dir, err)
	}
	return metrics{"bytes": float64(len(b))}, err
}
