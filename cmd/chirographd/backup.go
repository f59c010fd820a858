package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// checkpointFile has in a backup the checkpoint of all that is in it. It is no guard,
// and lies where none is looked for: a guard that came back with the store would know
// nothing of what was lost.
const checkpointFile = "checkpoint"

type backupFlags struct {
	dir, to string
	blind   bool
}

func backupCommand() *cobra.Command {
	var f backupFlags
	c := &cobra.Command{
		Use:   "backup --dir DIR --to DIR2 [--no-verify]",
		Short: "Copy a ledger, also one that runs",
		Long: `Copies the ledger in DIR, which may be running, to DIR2, which is new or empty: all that is
registered, its policies, and the checkpoint of it, which comes last: a directory without
one is no backup. All is read back, as by check, for which there has to be room twice. On the file system of DIR the copy shares files with the
ledger, and goes with it: DIR2 belongs on another disk, or is copied to one.

No secret key is copied: ledger.key and ledger.mldsa.key are kept once, offline, since
the day they were made. Nor is the guard, which has to know more than an old copy.

To restore, put store, policy and witnesses.policy back beside the keys. A ledger that
lost something by it does not start: see chirographd recover. The backup of a copy, which
is stopped for that time, is a copy: chirographd follow goes on with it. So is that of a node,
which is stopped too: it has in-bucket, which goes back with the rest.`,
		Example:               "  chirographd backup --dir /var/lib/chirograph --to /mnt/backup/2026-11-22",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" || f.to == "" {
				return errors.New("--dir and --to have to be given")
			}
			return backup(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the ledger (`DIR`)")
	c.Flags().StringVar(&f.to, "to", "", "make the copy in `DIR2`, new or empty")
	c.Flags().BoolVar(&f.blind, "no-verify", false, "do not read the copy back")
	return c
}

// backup copies a ledger under another name, which it gives up for the one that was
// said when all is there.
func backup(ctx context.Context, f backupFlags, stdout, stderr io.Writer) (err error) {
	begun := time.Now()
	src, err := readSubject(f.dir)
	if err != nil {
		return err
	}
	to, err := backupPlace(f, stderr)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	d, err := newDraft(to)
	if err != nil {
		return err
	}
	c, unmet, err := fillBackup(ctx, f, src, d.temp)
	if err == nil {
		err = d.finish()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w; there is no backup in %s", err, f.to), d.discard())
	}
	checked := ", verified"
	if f.blind {
		checked = ", not verified"
	}
	for _, what := range unmet {
		if _, err := fmt.Fprintf(stderr, "chirographd: warning: it is as in the ledger, and there %s\n", what); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "%s: %s in %s, root %s, %.1f s%s\n", src.name(), entries(c.Size), f.to, c.Root, time.Since(begun).Seconds(), checked)
	return err
}

// backupPlace returns where the backup is to be, without links. What killed backups left
// there is taken away.
func backupPlace(f backupFlags, stderr io.Writer) (string, error) {
	to, err := realPath(f.to)
	if err != nil {
		return "", err
	}
	if err := mustBeBeside(f.dir, to); err != nil {
		return "", err
	}
	// Not made: where a disk is not mounted, the backup would be on the ledger's own.
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return "", fmt.Errorf("the directory that %s is to be in is not there, or its disk is not mounted: %w", to, err)
	}
	left, err := clearDrafts(to)
	for _, name := range left {
		if _, err := fmt.Fprintf(stderr, "chirographd: %s may be what a killed backup left: look, and remove it\n", name); err != nil {
			return "", err
		}
	}
	return to, errors.Join(err, mustBeEmpty(to))
}

// A subject is what is backed up or checked: the directory of a ledger, of a backup, of a
// copy that follow kept, or of a node whose log is in a bucket.
type subject struct {
	dir    string
	key    note.Key
	isCopy bool // the store is a copy
	isNode bool // the log is in a bucket, or on the way, and the policies are a ledger's own
}

func (s subject) name() string {
	switch {
	case s.isNode:
		return "node of " + s.key.Name()
	case s.isCopy:
		return "copy of " + s.key.Name()
	}
	return s.key.Name()
}

// readSubject returns what a directory has, by its policy.
func readSubject(dir string) (subject, error) {
	_, err := os.Stat(filepath.Join(dir, copyOf))
	isCopy := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return subject{}, err
	}
	p, err := readPolicy(filepath.Join(dir, policyFile))
	if err != nil {
		return subject{}, noLedger(dir, err)
	}
	s := subject{dir: dir, key: p.Logs[0].Key, isCopy: isCopy}
	if m, err := readMoved(dir); err != nil {
		return s, err
	} else if m == nil || isCopy {
		return s, nil
	}
	s.isNode = true
	s.isCopy, err = store.IsCopy(store.Config{Dir: filepath.Join(dir, storeDir), Key: s.key})
	if errors.Is(err, store.ErrHeld) {
		err = fmt.Errorf("%w: stop the node first", err)
	}
	return s, err
}

// readKey returns the key of the ledger in a directory by its policy. Its secret half
// need not be there.
func readKey(dir string) (note.Key, error) {
	if err := mustBeNoCopy(dir); err != nil {
		return note.Key{}, err
	}
	p, err := readPolicy(filepath.Join(dir, policyFile))
	if err != nil {
		return note.Key{}, noLedger(dir, err)
	}
	return p.Logs[0].Key, nil
}

// readPolicy reads a policy of one ledger.
func readPolicy(file string) (*verify.Policy, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p, err := verify.ParsePolicy(text)
	if err == nil && len(p.Logs) != 1 {
		err = fmt.Errorf("it lists %d logs, not one ledger alone", len(p.Logs))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// fillBackup makes a backup in a directory, and returns the checkpoint of it, and what it
// lacks that the ledger lacks too.
func fillBackup(ctx context.Context, f backupFlags, src subject, temp string) (c tlog.SignedCheckpoint, unmet []check.Finding, err error) {
	snap, err := takeSnapshot(ctx, src)
	if err != nil {
		return c, nil, err
	}
	c = snap.checkpoint
	moved := moveCopy(ctx, filepath.Join(f.dir, storeDir), snap.name, filepath.Join(temp, storeDir))
	if err := errors.Join(moved, snap.close()); err != nil {
		return c, nil, err
	}
	if err := copyBeside(src, temp); err != nil {
		return c, nil, err
	}
	if err := writeSynced(filepath.Join(temp, checkpointFile), c.Bytes(), 0o644); err != nil {
		return c, nil, err
	}
	if !f.blind {
		if unmet, err = checkBackup(ctx, subject{temp, src.key, src.isCopy, src.isNode}, c); err != nil {
			return c, nil, fmt.Errorf("the copy is not what the ledger said: %w", err)
		}
	}
	return c, unmet, syncDir(temp)
}

// takeSnapshot has the running ledger copy its store, or does it where none runs.
func takeSnapshot(ctx context.Context, src subject) (*storeCopy, error) {
	dir, key := src.dir, src.key
	switch {
	case src.isNode && src.isCopy:
		return nodeSnapshot(dir, key)
	case src.isCopy:
		return copySnapshot(dir, key)
	}
	snap, notRunning := askSnapshot(ctx, dir)
	if notRunning == nil || !errors.Is(notRunning, errNotRunning) {
		return snap, notRunning
	}
	if err := mustOwn(dir); err != nil {
		return nil, err
	}
	guard, err := guardOf(dir, "")
	if err != nil {
		return nil, err
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(dir, storeDir), Key: key, Guard: guard})
	if errors.Is(err, store.ErrHeld) {
		return nil, fmt.Errorf("%w; whoever has it was asked, and %w", err, notRunning)
	}
	if err != nil {
		return nil, err
	}
	snap, err = ownSnapshot(s, store.GuardConfig{Dir: guard, Key: key})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return snap, nil
}

// ownSnapshot copies a store that nobody else has open. A backup counts as leaving: what it
// has, the guard has first, as it does where the ledger runs.
func ownSnapshot(s *store.Store, guard store.GuardConfig) (*storeCopy, error) {
	g, err := store.OpenGuard(guard)
	if err != nil {
		return nil, err
	}
	head := s.Head().Checkpoint
	last, err := g.Last()
	if err == nil {
		err = s.Continues(last.Checkpoint)
	}
	if err == nil && head.Checkpoint != last.Checkpoint {
		err = g.Put(head)
	}
	if err := errors.Join(err, g.Close()); err != nil {
		return nil, err
	}
	dir, err := s.Snapshot()
	if err != nil {
		return nil, err
	}
	return &storeCopy{name: filepath.Base(dir), checkpoint: head, close: func() error { return errors.Join(os.RemoveAll(dir), s.Close()) }}, nil
}

// copySnapshot copies the store of a copy that nobody follows meanwhile.
func copySnapshot(dir string, key note.Key) (*storeCopy, error) {
	if err := mustOwn(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	hold, err := holdCopy(dir)
	if errors.Is(err, store.ErrHeld) {
		err = fmt.Errorf("%w; or back up the ledger itself, or another copy of it: chirographd follow --once makes one", err)
	}
	if err != nil {
		return nil, err
	}
	name := filepath.Join(dir, storeDir)
	if _, err := os.Stat(name); err != nil { // else one would be made
		return nil, errors.Join(fmt.Errorf("%w: a promotion was cut short: chirographd follow or promote goes on with the copy", err), hold.Close())
	}
	snap, err := shownSnapshot(name, key)
	if errors.Is(err, errShowsNothing) {
		err = fmt.Errorf("the copy in %s %w: chirographd follow goes on with it", dir, err)
	}
	if err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	closed := snap.close
	snap.close = func() error { return errors.Join(closed(), hold.Close()) }
	return snap, nil
}

// nodeSnapshot copies the store of a node that is stopped and follows.
func nodeSnapshot(dir string, key note.Key) (*storeCopy, error) {
	if err := mustOwn(dir); err != nil {
		return nil, err
	}
	snap, err := shownSnapshot(filepath.Join(dir, storeDir), key)
	if errors.Is(err, errShowsNothing) {
		err = fmt.Errorf("the node of %s %w: there is nothing to be backed up", dir, err)
	}
	return snap, err
}

// errShowsNothing says that a copy has not come to a checkpoint.
var errShowsNothing = errors.New("shows nothing yet")

// shownSnapshot copies a store that is a copy, which is there. It goes by what the copy shows.
func shownSnapshot(name string, key note.Key) (*storeCopy, error) {
	s, err := store.OpenCopy(store.Config{Dir: name, Key: key})
	if err != nil {
		return nil, err
	}
	shown, ok := s.Shown()
	if !ok {
		return nil, errors.Join(errShowsNothing, s.Close())
	}
	aside, err := s.Snapshot()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &storeCopy{name: filepath.Base(aside), checkpoint: shown.Checkpoint, close: func() error {
		return errors.Join(os.RemoveAll(aside), s.Close())
	}}, nil
}

// writeSynced writes a new file, and returns when it is on disk.
func writeSynced(name string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// mustBeNoCopy refuses a directory of follow.
func mustBeNoCopy(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, copyOf))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err // of who may not look, nobody knows what it is
	}
	return fmt.Errorf("%s is a copy of the ledger at %s: chirographd follow keeps it, and chirographd promote makes it the ledger",
		dir, strings.TrimSuffix(string(b), "\n"))
}
