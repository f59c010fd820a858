package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// trace matches the lines of an error of Pebble that say where in the program it was made.
var trace = regexp.MustCompile(`^(\([0-9]+\) |\||-- stack trace:|[├└│─ ]*Wraps: \(|Error types: \(|<corruption detail carrier>$)`)

// told returns what an error says to people, in one line. After what is said of a damaged
// store stands what to do.
func told(err error) string {
	var parts []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !trace.MatchString(line) {
			parts = append(parts, line)
		}
	}
	text := strings.Join(parts, "; ")
	const remedy = "chirographd rebuild"
	if store.IsDamage(err) && !strings.Contains(text, remedy) {
		text += "; chirographd check says all that is damaged: what follows from the entries, " + remedy + " makes anew; the entries themselves only a backup or a copy has (chirographd backup --help)"
	}
	return text
}

// noLedger says of a directory without a policy that it is none of a ledger.
func noLedger(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no ledger in %s, nor a copy or a backup of one: %w", dir, err)
	}
	return err
}

// mustBeNoBackup refuses a backup, which has the checkpoint of all that is in it and no
// secret key, and says what it is for.
func mustBeNoBackup(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, keyFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []string{checkpointFile, policyFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return nil // what it lacks, the caller says
		}
	}
	if _, err := os.Stat(filepath.Join(dir, movedFile)); err == nil {
		return fmt.Errorf("%s is a backup of a node, and has no %s: to restore it, put its %s, %s, %s and %s beside the node's keys and guard, in another directory (chirographd backup --help)",
			dir, keyFile, storeDir, policyFile, witnessFile, movedFile)
	}
	return fmt.Errorf("%s is a backup of a ledger, and has no %s: to restore it, put its %s, %s and %s beside the ledger's keys and guard, in another directory (chirographd backup --help)",
		dir, keyFile, storeDir, policyFile, witnessFile)
}

// whoseCopy says what to do about a store that is a copy, where the ledger's own is looked for.
func whoseCopy(err error) error {
	if errors.Is(err, store.ErrCopy) {
		return fmt.Errorf("%w, as a node has it: where its bucket is there, put the node's file %s back, and chirographd node runs it; where the bucket is lost, %s", err, movedFile, bucketLost)
	}
	return err
}

// noCheckpoint says what is missing where nothing says how large a ledger or a backup was.
func noCheckpoint(dir string, none error) store.GuardFile {
	if _, err := os.Stat(filepath.Join(dir, keyFile)); errors.Is(err, fs.ErrNotExist) {
		return store.GuardFile{Name: checkpointFile, Err: fmt.Errorf("it is not there: if this was to be a backup, it is none, and was cut short; if it is a ledger without its keys, %w", none)}
	}
	return store.GuardFile{Name: "guard", Err: fmt.Errorf("%w: where it is, --guard DIR says; where it is lost, see chirographd recover --help", none)}
}

// whatIsBehind says what to do about a store of which rebuild cannot make the one that the
// guard knows.
func whatIsBehind(dir string, isCopy bool, err error) error {
	switch behind := errors.Is(err, check.ErrBehind); {
	case behind && isCopy:
		return fmt.Errorf("%w: this node led once, and its store was put back, or lost its end: another node has them (chirographd check of each says how many), and becomes the ledger instead", err)
	case behind:
		return fmt.Errorf("%w: what is lost, and how to go on, chirographd recover --dir %s --without-witnesses says, or with --witness-policy FILE", err, dir)
	}
	return err
}
