package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// A stage has what measurements share: programs, one identity of a ledger, records for
// it. All is in one folder, on the disk that is measured.
type stage struct {
	scale
	work   string
	origin string // directory of the ledger that was made first, and stays empty
	key    note.Key
	made   int64 // POSIX seconds, of all contracts
	mint   *minter

	names   int            // of folders that were given out
	written map[int]string // files of records, by their number
	filled  map[int]string // ledgers that are only read, by their entries
	built   map[string]error
}

func newStage(work string, sc scale) (*stage, error) {
	s := &stage{
		scale: sc, work: work, origin: filepath.Join(work, "origin"), made: time.Now().Unix(),
		written: make(map[int]string), filled: make(map[int]string), built: make(map[string]error),
	}
	if err := os.Mkdir(s.programs(), 0o700); err != nil {
		return nil, err
	}
	if err := s.buildOurs(); err != nil {
		return nil, err
	}
	text, err := output(s.program("chirographd"), "init", "--dir", s.origin, "--origin", "ledger.example")
	if err != nil {
		return nil, err
	}
	p, err := verify.ParsePolicy([]byte(text))
	if err != nil {
		return nil, err
	}
	s.key = p.Logs[0].Key
	s.mint, err = newMinter(s.key, sc.Parties, s.made)
	return s, err
}

func (s *stage) programs() string           { return filepath.Join(s.work, "bin") }
func (s *stage) program(name string) string { return filepath.Join(s.programs(), name) }
func (s *stage) policy() string             { return filepath.Join(s.origin, "policy") }

// entryBytes returns how many bytes an entry has, near enough.
func (s *stage) entryBytes() int {
	return len(s.mint.record(0)) + len("registered 2026-03-01T09:00:00Z\n")
}

// folder returns the path of a folder or file that is not there yet.
func (s *stage) folder(name string) string {
	s.names++
	return filepath.Join(s.work, fmt.Sprintf("%d-%s", s.names, name))
}

// ledger returns the directory of a new ledger without entries.
func (s *stage) ledger() (string, error) {
	dir := s.folder("ledger")
	if err := os.CopyFS(dir, os.DirFS(s.origin)); err != nil {
		return "", err
	}
	// A copy has not the modes, and a key that others can read is refused.
	return dir, os.Chmod(filepath.Join(dir, "ledger.key"), 0o600)
}

// job returns what a child needs for n records in dir.
func (s *stage) job(dir string, n int) job {
	return job{Dir: dir, N: n, Check: s.Check, Made: s.made, Parties: s.Parties}
}

// records returns a file of the first n contracts.
func (s *stage) records(n int) (string, error) {
	if file, ok := s.written[n]; ok {
		return file, nil
	}
	file := s.folder("records")
	s.written[n] = file
	return file, writeRecords(file, s.mint.records(0, n))
}

// inNewLedger has a child do a job with n records in a ledger of its own, which is
// gone afterwards.
func (s *stage) inNewLedger(child string, n int, change func(*job)) (m metrics, err error) {
	dir, err := s.ledger()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return s.doRecords(child, dir, n, change)
}

// doRecords has a child do a job with the first n records.
func (s *stage) doRecords(name, dir string, n int, change func(*job)) (metrics, error) {
	file, err := s.records(n)
	if err != nil {
		return nil, err
	}
	j := s.job(dir, n)
	j.Records = file
	if change != nil {
		change(&j)
	}
	return child(name, j)
}

// ledgerOf returns the directory of a ledger with that many contracts, which is only to
// be read.
func (s *stage) ledgerOf(n int) (string, error) {
	if dir, ok := s.filled[n]; ok {
		return dir, nil
	}
	dir, err := s.ledger()
	if err != nil {
		return "", err
	}
	s.filled[n] = dir
	if _, err := child("fill", s.job(dir, n)); err != nil {
		return "", err
	}
	// Opened again it has tables instead of the log of writes.
	_, err = child("tidy", s.job(dir, n))
	return dir, err
}

// buildOurs builds the programs of this tree, stripped, as they are given out.
func (s *stage) buildOurs() error {
	root, err := output("go", "list", "-m", "-f", "{{.Dir}}", "github.com/chirograph/chirograph")
	if err != nil {
		return err
	}
	ours := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", s.programs()+string(filepath.Separator),
		"./cmd/chirograph", "./cmd/chirograph-verify", "./cmd/chirographd")
	ours.Dir = strings.TrimSpace(root)
	if err := runQuietly(ours); err != nil {
		return err
	}
	const here = "github.com/chirograph/chirograph/testvectors/peers/bench/"
	return runQuietly(exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", s.programs()+string(filepath.Separator), here+"ok", here+"three"))
}

// tessera builds a program of Tessera as its authors released it, by their own go.mod,
// in the version that ours names.
func (s *stage) tessera(path string) error {
	if err, ok := s.built[path]; ok {
		return err
	}
	const module = "github.com/transparency-dev/tessera"
	version, err := output("go", "list", "-m", "-f", "{{.Version}}", module)
	if err == nil {
		cmd := exec.Command("go", "install", module+"/"+path+"@"+strings.TrimSpace(version))
		cmd.Env = append(os.Environ(), "GOBIN="+s.programs())
		err = runQuietly(cmd)
	}
	s.built[path] = err
	return err
}

// found returns the path of a program of the system, or in words why there is none.
func found(name, pkg string) (path, why string) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Sprintf("not measured: %s is not there (apt-get install %s)", name, pkg)
	}
	return path, ""
}

// runQuietly runs a command of which only a failure is of interest.
func runQuietly(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// output runs a program to its end, and returns what it said on standard output.
func output(name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, stderr.String())
	}
	return stdout.String(), nil
}
