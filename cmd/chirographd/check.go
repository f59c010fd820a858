package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// errDamaged says that a check found damage.
var errDamaged = errors.New("the ledger is damaged")

type checkFlags struct{ dir, guard, state string }

func checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check --dir DIR [--guard DIR] [--state DIR]",
		Short: "Find what is damaged in a ledger that does not run",
		Long: `Reads all of a ledger, a copy or a backup that no process has, and changes nothing in it: the
checkpoint and the guard, every entry, its signatures and the rules, every hash up to the
root, and every index and state, made again and compared. Prints what is wrong and where.

What was read is kept in a folder of its own, DIR.check unless --state names one, which
takes as much room as the ledger and is removed at the end: a check that was interrupted
goes on there, unless the ledger ran since.

Exit 1: something is damaged. What follows from the entries, chirographd rebuild makes
anew; the entries themselves only a copy of the log has. Exit 2: not all could be checked.`,
		Example:               "  chirographd check --dir /var/lib/chirograph",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" {
				return errors.New("--dir has to be given")
			}
			return checkLedger(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the ledger or the backup (`DIR`)")
	c.Flags().StringVar(&f.guard, "guard", "", "where the guard is (`DIR`); else where it was last")
	c.Flags().StringVar(&f.state, "state", "", "keep in `DIR`, new or empty, what was read")
	return c
}

// checkLedger checks a ledger, and prints what it found.
func checkLedger(ctx context.Context, f checkFlags, stdout, stderr io.Writer) error {
	src, err := readSubject(f.dir)
	if err != nil {
		return err
	}
	if f.state == "" {
		dir, err := filepath.Abs(f.dir)
		if err != nil {
			return err
		}
		f.state = dir + ".check"
	}
	known, err := knownCheckpoints(src, f.guard)
	if err != nil {
		return err
	}
	policy, quorum, err := publicPolicy(src)
	if err != nil {
		return err
	}
	bar := newProgressBar(stderr, "checked")
	result, err := check.Run(ctx, check.Config{
		Store: store.Config{Dir: filepath.Join(f.dir, storeDir), Key: src.key}, Copy: src.isCopy, Node: src.isNode, Known: known, State: f.state, Progress: bar.show,
		Policy: policy, Quorum: quorum,
	})
	bar.end()
	if result.Anew {
		if _, err := fmt.Fprintln(stderr, "the ledger changed since the check that was interrupted: this one began anew"); err != nil {
			return err
		}
	}
	if err := printCheck(stdout, src, result); err != nil {
		return err
	}
	if err := f.judgeCheck(src, result, err); err != nil {
		return err
	}
	return printSound(stdout, src, result.Head.Checkpoint.Checkpoint)
}

// judgeCheck returns what ends the command: an error of the check, or its findings.
func (f checkFlags) judgeCheck(src subject, result *check.Result, err error) error {
	remedy := ""
	switch {
	case src.isNode && src.isCopy:
		remedy = "; it is a node's: chirographd node reads the log anew where " + storeDir + " is moved away and another node runs"
	case src.isCopy:
		remedy = "; it is a copy: chirographd follow makes another, in a new directory"
	}
	switch n := len(result.Findings); {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted: the next check goes on from what is in %s", f.state)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("not all could be checked: %w: name another place with --state", err)
	case errors.Is(err, store.ErrHeld):
		return fmt.Errorf("%w: what runs is not checked: stop it, or check a backup of it", err)
	case err != nil:
		return fmt.Errorf("not all could be checked: %w", err)
	case n == 1:
		return fmt.Errorf("%w: 1 finding%s", errDamaged, remedy)
	case n > 0:
		return fmt.Errorf("%w: %d findings%s", errDamaged, n, remedy)
	}
	return nil
}

// printSound says that nothing was found, or that a copy has nothing that could be judged.
func printSound(stdout io.Writer, src subject, tree tlog.Checkpoint) error {
	if src.isCopy && tree.Origin == "" {
		goesOn := "it was never copied to an end, or the log of writes lost that; chirographd follow goes on with it"
		if src.isNode {
			goesOn = "chirographd node goes on with it"
		}
		_, err := fmt.Fprintf(stdout, "%s: shows nothing yet, and no checkpoint of the ledger vouches for what is in it: %s\n", src.name(), goesOn)
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s: sound: %s, root %s\n", src.name(), entries(tree.Size), tree.Root)
	return err
}

// publicPolicy returns the policy that a ledger gives out, and whether witnesses are in it,
// whom it asked last; of a copy that by which it was judged.
func publicPolicy(src subject) (policy *verify.Policy, witnessed bool, err error) {
	if policy, err = readPolicy(filepath.Join(src.dir, policyFile)); err != nil {
		return nil, false, err
	}
	if src.isCopy && !src.isNode {
		return policy, policy.Quorum != verify.NoQuorum, nil
	}
	id := &identity{key: src.key, policy: policy}
	text, err := id.readWitnesses(src.dir, "", false)
	return id.policy, text != nil, err
}

// printCheck prints what a check found.
func printCheck(stdout io.Writer, src subject, result *check.Result) error {
	if len(result.Findings) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(stdout, "%s: damaged\n", src.name())
	for _, f := range result.Findings {
		_, e := fmt.Fprintf(stdout, "  %s\n", f)
		err = errors.Join(err, e)
	}
	if result.More {
		_, e := fmt.Fprintf(stdout, "  and there may be more: the check ends at %d findings\n", check.MaxFindings)
		err = errors.Join(err, e)
	}
	if result.Open != "" {
		_, e := fmt.Fprintf(stdout, "  not checked: %s\n", result.Open)
		err = errors.Join(err, e)
	}
	return err
}

// knownCheckpoints returns what the guard of a ledger has, or where there is none the
// checkpoint beside the store of a backup. A copy has no guard, and a node none before it
// has joined the log.
func knownCheckpoints(src subject, said string) ([]store.GuardFile, error) {
	none := store.ErrNoGuard
	if !src.isCopy || src.isNode {
		guard, err := guardOf(src.dir, said)
		if err != nil {
			return nil, err
		}
		var list []store.GuardFile
		list, none = store.ReadGuard(store.GuardConfig{Dir: guard, Key: src.key})
		for i := range list {
			list[i].Name = "guard: " + list[i].Name
		}
		if !errors.Is(none, store.ErrNoGuard) {
			return list, none
		}
	}
	b, err := os.ReadFile(filepath.Join(src.dir, checkpointFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && src.isCopy:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return []store.GuardFile{noCheckpoint(src.dir, none)}, nil
	case err != nil:
		return nil, err
	}
	kept := store.GuardFile{Name: checkpointFile + " of the backup"}
	if kept.Checkpoint, kept.Err = tlog.ParseSignedCheckpoint(b); kept.Err == nil {
		kept.Err = store.CheckSigner(src.key, kept.Checkpoint)
	}
	return []store.GuardFile{kept}, nil
}
