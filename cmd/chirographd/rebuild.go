package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

// Where rebuild has a store beside the one that is there.
const (
	rebuiltDir = storeDir + ".rebuilt"        // the new one, while it is made
	beforeDir  = storeDir + ".before-rebuild" // the old one, when it is

	rebuiltMark = "rebuilt-as" // in the old one: the identity that the new one was given its name with
)

type rebuildFlags struct {
	dir, guard string
	discard    bool
}

func rebuildCommand() *cobra.Command {
	var f rebuildFlags
	c := &cobra.Command{
		Use:   "rebuild --dir DIR [--guard DIR] [--discard]",
		Short: "Make what follows from a ledger's entries anew",
		Long: `Makes a new store of the entries of a ledger that does not run: its tiles, its indexes
and its state, where chirographd check says that they are damaged, or where they are of
an older program. The new one takes the place of the old when it has the tree that the
ledger signed, and which the guard knows; the old one is kept as store.before-rebuild.

The copy of a node whose bucket is lost becomes the ledger's own, once its file in-bucket
is moved away: nothing else may go on with the log then, neither a bucket nor a node.

Entries that are damaged it names, and changes nothing: only a copy of the log has them
as they were. It can be stopped at any moment, and run again; once it is done, and the
ledger ran or changed since, only when store.before-rebuild is moved away.`,
		Example:               "  chirographd rebuild --dir /var/lib/chirograph",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" {
				return errors.New("--dir has to be given")
			}
			return rebuild(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the ledger (`DIR`)")
	c.Flags().StringVar(&f.guard, "guard", "", "where the guard is (`DIR`); else where it was last")
	c.Flags().BoolVar(&f.discard, "discard", false, "do not keep the old store")
	return c
}

// rebuild makes the store of a ledger anew. It holds the guard all the while, so that no
// ledger starts between the two names.
func rebuild(ctx context.Context, f rebuildFlags, stdout, stderr io.Writer) (err error) {
	key, err := readKey(f.dir)
	if err == nil {
		err = mustBeRebuildable(f.dir)
	}
	if err != nil {
		return err
	}
	guard, err := guardOf(f.dir, f.guard)
	if err != nil {
		return err
	}
	g, err := store.OpenGuard(store.GuardConfig{Dir: guard, Key: key})
	if errors.Is(err, store.ErrNoGuard) {
		if err := mustBeNoBackup(f.dir); err != nil {
			return err
		}
		err = fmt.Errorf("%w: where it is, --guard DIR says; without it nobody knows whether entries are missing at the end", err)
	}
	if err != nil {
		return whoHolds(err)
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if err := mustBeRebuildable(f.dir); err != nil {
		return err
	}
	last, err := g.Last()
	if err != nil {
		return err
	}
	r := &rebuilding{f, key, g, last, stdout, stderr}
	switch state, err := r.state(); {
	case err != nil:
		return err
	case state == rebuildDone:
		return r.sayDone()
	case state == rebuildCut:
		return r.swap(true)
	}
	if err := r.make(ctx); err != nil {
		return err
	}
	return r.swap(false)
}

// mustBeRebuildable demands of a directory that its log is in it. Of a node's the error says when it
// may be.
func mustBeRebuildable(dir string) error {
	return mustBeHereOr(dir, "where that bucket is lost, "+bucketLost)
}

// A rebuilding is one run of rebuild.
type rebuilding struct {
	rebuildFlags
	key            note.Key
	guard          *store.Guard
	last           tlog.SignedCheckpoint // that it has
	stdout, stderr io.Writer
}

func (r *rebuilding) path(name string) string { return filepath.Join(r.dir, name) }

// How far an earlier run came.
type rebuildState int

const (
	rebuildNew  rebuildState = iota
	rebuildCut               // it ended between the two names, with the new store whole
	rebuildDone              // to its end, and the new store is as it was then
)

// state says how far an earlier run came. The error says that there is an old store that
// this one would write over.
func (r *rebuilding) state() (rebuildState, error) {
	there := make(map[string]bool)
	for _, name := range []string{storeDir, rebuiltDir, beforeDir} {
		_, err := os.Stat(r.path(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		there[name] = err == nil
	}
	switch {
	case there[storeDir] && there[beforeDir]:
		mark, err := os.ReadFile(filepath.Join(r.path(beforeDir), rebuiltMark))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		if is, err := r.identity(storeDir); err != nil || is != string(mark) {
			return 0, errors.Join(err, fmt.Errorf("%s is there: a rebuild before was done, and kept the old store there; the ledger ran or changed since: to make it once more, move it away", r.path(beforeDir)))
		}
		return rebuildDone, nil
	case there[storeDir] || !there[beforeDir] || !there[rebuiltDir]:
		return rebuildNew, nil
	}
	return rebuildCut, nil
}

// identity returns what tells a store from what it was, or will be.
func (r *rebuilding) identity(name string) (string, error) {
	raw, err := store.OpenRaw(store.Config{Dir: r.path(name), Key: r.key})
	if err != nil {
		return "", err
	}
	id, err := raw.Identity()
	return id, errors.Join(err, raw.Close())
}

// sayDone says that nothing is left to be done, but to remove the old store.
func (r *rebuilding) sayDone() error {
	old, err := r.old("; to make it once more, move it away")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.stdout, "%s: was rebuilt, and is unchanged since; %s\n", r.key.Name(), old)
	return err
}

// old removes the old store where that was said, the mark last, and says where it is.
func (r *rebuilding) old(more string) (string, error) {
	before := r.path(beforeDir)
	if !r.discard {
		return "the old store is in " + before + more, nil
	}
	files, err := os.ReadDir(before)
	for _, f := range files {
		if f.Name() != rebuiltMark {
			err = errors.Join(err, os.RemoveAll(filepath.Join(before, f.Name())))
		}
	}
	if err == nil {
		err = os.RemoveAll(before)
	}
	return "the old store is removed", err
}

// make makes the new store.
func (r *rebuilding) make(ctx context.Context) error {
	if err := os.RemoveAll(r.path(rebuiltDir)); err != nil {
		return err
	}
	frozen, err := r.guard.Frozen()
	if err != nil {
		return err
	}
	bar := newProgressBar(r.stderr, "rebuilt")
	rebuilt, err := check.Rebuild(ctx, check.RebuildConfig{
		Store: store.Config{Dir: r.path(storeDir), Key: r.key}, Last: r.last, Frozen: frozen, Dir: r.path(rebuiltDir), Progress: bar.show,
	})
	bar.end()
	if err = whatIsBehind(r.dir, rebuilt.Copy, whoHolds(err)); err != nil {
		return fmt.Errorf("nothing was changed: %w", errors.Join(err, os.RemoveAll(r.path(rebuiltDir))))
	}
	return r.sayMade(rebuilt)
}

// sayMade says what the new store lacks, and what the old one was.
func (r *rebuilding) sayMade(rebuilt check.Rebuilt) (err error) {
	if rebuilt.Lost != nil {
		_, err = fmt.Fprintf(r.stderr, "chirographd: warning: %s\n", told(rebuilt.Lost))
	}
	if rebuilt.Copy {
		_, e := fmt.Fprintln(r.stderr, "the store was a copy, as a node has it: the new one is the ledger's own, and nothing else may go on with the log")
		err = errors.Join(err, e)
	}
	return err
}

// swap proves the new store as a start does, and gives it the name of the old one.
func (r *rebuilding) swap(cut bool) error {
	s, err := store.Open(store.Config{Dir: r.path(rebuiltDir), Key: r.key})
	if err != nil {
		return err
	}
	size := s.Head().Checkpoint.Size
	if err := errors.Join(s.Continues(r.last.Checkpoint), s.Close()); err != nil {
		return fmt.Errorf("the new store is not the ledger's: %w", err)
	}
	was := storeDir
	if cut {
		was = beforeDir
	}
	id, err := r.identity(rebuiltDir)
	if err == nil {
		err = keep(filepath.Join(r.path(was), rebuiltMark), []byte(id))
	}
	if err != nil {
		return err
	}
	if !cut {
		if err := errors.Join(os.Rename(r.path(storeDir), r.path(beforeDir)), syncDir(r.dir)); err != nil {
			return err
		}
	}
	if err := os.Rename(r.path(rebuiltDir), r.path(storeDir)); err != nil {
		return err
	}
	if err := syncDir(r.dir); err != nil {
		return err
	}
	old, err := r.old("")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.stdout, "%s: rebuilt from %s; %s\n", r.key.Name(), entries(size), old)
	return err
}

// cutRebuild says of a store that does not open when a rebuild is in the way.
func cutRebuild(dir string, err error) error {
	_, there := os.Stat(filepath.Join(dir, storeDir))
	if _, cut := os.Stat(filepath.Join(dir, beforeDir)); cut == nil && errors.Is(there, fs.ErrNotExist) {
		return fmt.Errorf("%w; a rebuild was cut short: chirographd rebuild ends it", err)
	}
	return err
}
