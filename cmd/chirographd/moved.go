package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/ledger/objects"
)

// movedFile is the file of a ledger's directory that says that its log is in a bucket, or on
// the way to or from one. A ledger of one machine is not served while it is there.
const movedFile = "in-bucket"

// Where a log is, by its directory.
type step string

const (
	going   step = "going"   // on the way to the bucket
	there   step = "there"   // in the bucket
	leaving step = "leaving" // on the way back
)

// A moved says in which bucket a log is. The nonce is that of the change of the head by
// which it went there or left: who was cut short knows its own again by it.
//
//	chirograph in-bucket 1
//	<going, there or leaving>
//	bucket <NAME/PREFIX>
//	nonce <32 hex digits>
//	state <open or frozen, of a log that leaves>
type moved struct {
	step   step
	bucket string
	nonce  objects.Nonce
	state  objects.State
}

func (m moved) bytes() []byte {
	return fmt.Appendf(nil, "chirograph in-bucket 1\n%s\nbucket %s\nnonce %s\nstate %s\n", m.step, m.bucket, m.nonce, m.state)
}

// parseMoved reads what bytes prints, and nothing else.
func parseMoved(b []byte) (moved, error) {
	var m moved
	lines := strings.Split(string(b), "\n")
	if len(lines) != 6 {
		return m, fmt.Errorf("it has %d lines, not 5", len(lines)-1)
	}
	m.step = step(lines[1])
	m.bucket = strings.TrimPrefix(lines[2], "bucket ")
	m.state = objects.State(strings.TrimPrefix(lines[4], "state "))
	var err error
	if m.nonce, err = objects.ParseNonce(strings.TrimPrefix(lines[3], "nonce ")); err != nil {
		return m, err
	}
	if m.step != going && m.step != there && m.step != leaving || m.state != objects.Open && m.state != objects.Frozen || string(m.bytes()) != string(b) {
		return m, errors.New("it is not in its one form")
	}
	return m, nil
}

// readMoved returns where the log of a directory is, nil where it is there and nowhere else.
func readMoved(dir string) (*moved, error) {
	name := filepath.Join(dir, movedFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := parseMoved(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &m, nil
}

// keepMoved has a directory remember where its log is, and returns when that is on disk.
func keepMoved(dir string, m moved) error { return keep(filepath.Join(dir, movedFile), m.bytes()) }

// mustBeHere demands of a directory that its log is in it, and not in a bucket.
func mustBeHere(dir string) error {
	m, err := readMoved(dir)
	if err != nil || m == nil {
		return err
	}
	switch m.step {
	case going:
		return fmt.Errorf("the log of %s is on the way to the bucket %s: say chirographd migrate --to-bucket again, as the first time", dir, m.bucket)
	case leaving:
		return fmt.Errorf("the log of %s is on the way from the bucket %s: say chirographd migrate --from-bucket again, as the first time", dir, m.bucket)
	}
	return fmt.Errorf("the log of %s is in the bucket %s: chirographd node runs it, and chirographd migrate --from-bucket brings it back", dir, m.bucket)
}

// mustBeIn demands of the directory of a node that its log is in that bucket, and has a new
// one remember it, so that nobody serves it as a ledger of one machine.
func mustBeIn(dir, bucket string) error {
	m, err := readMoved(dir)
	switch {
	case err != nil:
		return err
	case m == nil:
		return keepMoved(dir, moved{step: there, bucket: bucket, state: objects.Open})
	case m.step != there:
		return mustBeHere(dir)
	case m.bucket != bucket:
		return fmt.Errorf("the log of %s is in the bucket %s, and not in %s", dir, m.bucket, bucket)
	}
	return nil
}
