package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/store"
)

type freezeFlags struct {
	dir, guard, name string
	list             bool
	bucketFlags
}

func freezeCommand() *cobra.Command {
	var f freezeFlags
	c := &cobra.Command{
		Use:   "freeze --dir DIR [--guard DIR] [--name NAME | --list] [--bucket NAME[/PREFIX] [--endpoint URL]]",
		Short: "Have a ledger register nothing any more, for good",
		Long: `Names what a stopped ledger leaves unfinished: its contracts that are in force or pending,
and the disputes that are open. Nothing of them can be amended, ended, stated or resolved
any more once the ledger is frozen. Then it asks for the ledger's name, and freezes it.

chirographd serve goes on with a frozen ledger: it shows everything, its witnesses cosign
each hour, and backups and copies are made, but every new record is refused. Nothing
undoes that. Contracts go on in a ledger of another name, where their parties sign again.
A copy that is promoted in its place is not frozen: freeze it too.

With --bucket it freezes the log in a bucket, whose nodes may run: the one that leads stops, and
leads again without taking records. DIR is that of any node. What is unfinished, freeze
--list says of a node that is stopped.`,
		Example:               "  chirographd freeze --dir /var/lib/chirograph",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" {
				return errors.New("--dir has to be given")
			}
			if f.list && f.name != "" {
				return errors.New("--list freezes nothing: leave --name out")
			}
			z := &freezing{f, time.Now().Unix(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()}
			inBucket, err := f.given()
			switch {
			case err != nil:
				return err
			case f.list && inBucket:
				return errors.New("--list says what is unfinished in DIR: leave --bucket out")
			case f.list:
				return z.list(cmd.Context())
			case inBucket:
				return z.freezeBucket(cmd.Context())
			}
			return z.freeze(cmd.Context())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the ledger (`DIR`)")
	c.Flags().StringVar(&f.guard, "guard", "", "where the guard is (`DIR`); else where it was last")
	c.Flags().StringVar(&f.name, "name", "", "the ledger's `NAME`, where nobody is there to type it")
	c.Flags().BoolVar(&f.list, "list", false, "name what is unfinished, also in a backup, and freeze nothing")
	f.bucketFlags.flags(c)
	return c
}

// A freezing is one run of freeze.
type freezing struct {
	freezeFlags
	now            int64 // POSIX seconds
	stdin          io.Reader
	stdout, stderr io.Writer
}

// list names what is unfinished in a ledger, a backup or a node, and changes nothing.
func (z *freezing) list(ctx context.Context) (err error) {
	if err := mustBeNoCopy(z.dir); err != nil {
		return err
	}
	src, err := readSubject(z.dir)
	if err != nil {
		return err
	}
	open := store.OpenReadOnly
	if src.isCopy {
		open = store.OpenReadOnlyCopy
	}
	s, err := open(store.Config{Dir: filepath.Join(z.dir, storeDir), Key: src.key})
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("%w: stop the ledger, or name a backup of it (chirographd backup --help)", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	_, err = z.unfinished(ctx, s)
	return err
}

// freeze freezes the ledger, which nobody else has open meanwhile: what it names is what
// it freezes.
func (z *freezing) freeze(ctx context.Context) (err error) {
	key, err := readKey(z.dir)
	if err != nil {
		return err
	}
	if err := z.means(key); err != nil {
		return err
	}
	if err := errors.Join(mustBeHereOr(z.dir, "chirographd freeze --bucket freezes it there"), mustOwn(z.dir)); err != nil {
		return err
	}
	s, g, err := z.open(key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close(), s.Close()) }()
	if err := mustBeHere(z.dir); err != nil {
		return err
	}
	size := s.Head().Checkpoint.Size
	if s.Frozen() {
		if err := g.Freeze(s.Head().Checkpoint.Checkpoint); err != nil { // which a kill kept it from
			return err
		}
		_, err := fmt.Fprintf(z.stdout, "%s: was frozen before, with %s\n", key.Name(), entries(size))
		return err
	}
	left, err := z.unfinished(ctx, s)
	if errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	if err != nil {
		return fmt.Errorf("nothing was frozen: %w", err)
	}
	what := "Nothing is unfinished in it."
	if left != (unfinished{}) {
		what = "What is named above can't be amended, ended, stated or resolved any more then."
	}
	if err := z.ask(ctx, key.Name(), what); err != nil {
		return err
	}
	if err := s.Freeze(); err != nil {
		return err
	}
	if err := g.Freeze(s.Head().Checkpoint.Checkpoint); err != nil {
		return fmt.Errorf("the ledger is frozen, and its guard does not know it: run this again: %w", err)
	}
	_, err = fmt.Fprintf(z.stdout, "%s: frozen for good, with %s, root %s\n", key.Name(), entries(size), s.Head().Checkpoint.Root)
	return err
}

// means demands that the name that was said is the ledger's.
func (z *freezing) means(key note.Key) error {
	if z.name != "" && z.name != key.Name() {
		return fmt.Errorf("--name is %q, the ledger in %s is %s: nothing was frozen", z.name, z.dir, key.Name())
	}
	return nil
}

// open opens the store of a ledger that has all that its guard knows of.
func (z *freezing) open(key note.Key) (s *store.Store, g *store.Guard, err error) {
	guard, err := guardOf(z.dir, z.guard)
	if err != nil {
		return nil, nil, err
	}
	s, err = store.Open(store.Config{Dir: filepath.Join(z.dir, storeDir), Key: key, Guard: guard})
	if err != nil {
		return nil, nil, whatIsLost(z.dir, whoHolds(cutRebuild(z.dir, err)))
	}
	if g, err = store.OpenGuard(store.GuardConfig{Dir: guard, Key: key}); err != nil {
		return nil, nil, errors.Join(whereItIs(err), s.Close())
	}
	last, err := g.Last()
	if err == nil {
		err = s.Continues(last.Checkpoint)
	}
	if err != nil {
		return nil, nil, errors.Join(err, g.Close(), s.Close())
	}
	return s, g, nil
}

var errInterrupted = errors.New("interrupted: nothing was frozen")

// ask demands that the ledger's name is typed, unless it was said.
func (z *freezing) ask(ctx context.Context, name, what string) error {
	if z.name != "" {
		return nil
	}
	if _, err := fmt.Fprintf(z.stderr, "%s Nothing undoes it. To freeze the ledger for good, type its name, %s: ", what, name); err != nil {
		return err
	}
	typed, err := z.line(ctx)
	if err != nil { // else the line was ended by who typed
		fmt.Fprintln(z.stderr)
	}
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case errors.Is(err, io.EOF) && typed == "":
		return errors.New("nobody typed the name, and nothing was frozen: in a script, --name says it")
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("nothing was frozen: %w", err)
	case typed != name:
		return fmt.Errorf("%q was typed, the ledger is %s: nothing was frozen", typed, name)
	}
	return nil
}

// line reads what is typed, until ctx ends.
func (z *freezing) line(ctx context.Context) (string, error) {
	type answer struct {
		text string
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := bufio.NewReader(io.LimitReader(z.stdin, 2*note.MaxName)).ReadString('\n')
		typed <- answer{strings.TrimSpace(text), err}
	}()
	select {
	case a := <-typed:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
