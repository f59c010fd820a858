package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/store"
)

// movedFile is the file of a ledger's directory that says that its log is in a bucket, or on
// the way to or from one. A ledger of one machine is not served while it is there.
const movedFile = "in-bucket"

// Where a log is, by its directory.
type step string

// none stands for the nonce of no head.
const none = "-"

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
//	after <32 hex digits, the nonce of the head that is replaced, or - for none>
//	at <the endpoint of the store, of a log on its way; this line is missing for AWS>
type moved struct {
	step   step
	bucket string
	nonce  objects.Nonce
	state  objects.State
	after  objects.Nonce // the zero nonce for none, and on no other way than to the bucket
	at     string        // "" for AWS, and in the bucket, where each node has a gateway of its own
}

func (m moved) bytes() []byte {
	after := none
	if m.after != (objects.Nonce{}) {
		after = m.after.String()
	}
	b := fmt.Appendf(nil, "chirograph in-bucket 1\n%s\nbucket %s\nnonce %s\nstate %s\nafter %s\n", m.step, m.bucket, m.nonce, m.state, after)
	if m.at != "" {
		b = fmt.Appendf(b, "at %s\n", m.at)
	}
	return b
}

// parseMoved reads what bytes prints, and nothing else.
func parseMoved(b []byte) (moved, error) {
	var m moved
	lines := strings.Split(string(b), "\n")
	if len(lines) != 7 && len(lines) != 8 {
		return m, fmt.Errorf("it has %d lines, not 6 or 7", len(lines)-1)
	}
	m.step = step(lines[1])
	m.bucket = strings.TrimPrefix(lines[2], "bucket ")
	m.state = objects.State(strings.TrimPrefix(lines[4], "state "))
	var err error
	if m.nonce, err = objects.ParseNonce(strings.TrimPrefix(lines[3], "nonce ")); err != nil {
		return m, err
	}
	if after := strings.TrimPrefix(lines[5], "after "); after != none {
		if m.after, err = objects.ParseNonce(after); err != nil {
			return m, err
		}
	}
	if len(lines) == 8 {
		m.at = strings.TrimPrefix(lines[6], "at ")
	}
	if m.step == there && m.at != "" {
		return m, errors.New("a log that is there is at no one endpoint")
	}
	if m.step != going && m.after != (objects.Nonce{}) {
		return m, fmt.Errorf("a log that is %s comes after no head", m.step)
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

// mustBeHere demands of a directory that its log is in it, and not in a bucket. Said before the store
// or the guard is open it is for the words: a migration may go on until then, which has both.
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

// mustBeHereOr is mustBeHere, which says more of a log that is in a bucket.
func mustBeHereOr(dir, more string) error {
	err := mustBeHere(dir)
	if m, failed := readMoved(dir); err != nil && failed == nil && m != nil && m.step == there {
		return fmt.Errorf("%w; %s", err, more)
	}
	return err
}

// openHere opens the store of a directory whose log is in it, and stays there while it is open.
func openHere(dir string, cfg store.Config) (*store.Store, error) {
	s, err := store.Open(cfg)
	if err != nil {
		return nil, err
	}
	if err := mustBeHere(dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// mustBeIn demands of the directory of a node that its log is in that bucket, and has a new
// one remember it, so that nobody serves it as a ledger of one machine. One that has a ledger of
// one machine stays as it is: the error says how it becomes a node's.
func mustBeIn(dir, bucket string, key note.Key) error {
	isNew, err := mayBeIn(dir, bucket, key)
	if err != nil || !isNew {
		return err
	}
	return keepMoved(dir, moved{step: there, bucket: bucket, state: objects.Open})
}

// mayBeIn says whether a directory may be a node's of that bucket, and whether it was none yet,
// and changes nothing.
func mayBeIn(dir, bucket string, key note.Key) (isNew bool, err error) {
	m, err := readMoved(dir)
	switch {
	case err != nil:
		return false, err
	case m == nil:
		return true, mustBeNoOwn(dir, key)
	case m.step != there:
		return false, mustBeHere(dir)
	case m.bucket != bucket:
		return false, fmt.Errorf("the log of %s is in the bucket %s, and not in %s", dir, m.bucket, bucket)
	}
	return false, nil
}

// mustStillBeIn is mustBeIn for who has the store of the directory open, so that nobody else
// changes where its log is.
func mustStillBeIn(dir, bucket string) error {
	m, err := readMoved(dir)
	switch {
	case err != nil:
		return err
	case m == nil:
		return fmt.Errorf("the log of %s was in the bucket %s just now, and came back: chirographd serve runs it", dir, bucket)
	case m.step != there:
		return mustBeHere(dir)
	case m.bucket != bucket:
		return fmt.Errorf("the log of %s is in the bucket %s, and not in %s", dir, m.bucket, bucket)
	}
	return nil
}

// mustBeNoOwn demands of a directory that it has no store of a ledger, or a copy that nobody has
// open.
func mustBeNoOwn(dir string, key note.Key) error {
	s, err := store.OpenReadOnly(store.Config{Dir: filepath.Join(dir, storeDir), Key: key})
	switch {
	case errors.Is(err, store.ErrCopy), errors.Is(err, store.ErrNone):
		return nil
	case err != nil:
		return whoHolds(err)
	}
	return errors.Join(fmt.Errorf("%s %w: say chirographd migrate --to-bucket first, or let chirographd serve run it", dir, errOwnLog), s.Close())
}

// errOwnLog is what mustBeNoOwn finds.
var errOwnLog = errors.New("has a ledger of one machine, and nothing says that its log is in a bucket")
