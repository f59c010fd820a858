package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

// witnessPatience is how long recover waits for a quorum: a request to each and one
// more after its size is known.
const witnessPatience = 30 * time.Second

type recoverFlags struct {
	dir, guard, witnesses string
	url                   string
	alone, off            bool
	lose                  uint64
	secrets
}

func recoverCommand() *cobra.Command {
	var f recoverFlags
	c := &cobra.Command{
		Use:   "recover --dir DIR [--guard DIR] [--witness-policy FILE | --without-witnesses] [--lose N] [--url URL] [--old-is-off]",
		Short: "Give a ledger a guard, or a restored one the guard of what it has",
		Long: `Makes the guard of a ledger that has none. Or says what a ledger lost that is behind its
guard because an old copy was restored, and with --lose N, the number of entries lost,
has it go on without them. Look for the entries first: to go on without them begins a
second history under one name and key.

Every receipt and checkpoint of a larger tree then speaks against the ledger. A new
ledger of another name harms nobody. The witnesses of FILE, or those of last time, are
asked first: when one has more, or another tree, nothing is done.`,
		Example:               "  chirographd recover --dir /var/lib/chirograph --witness-policy witnesses.policy",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" {
				return errors.New("--dir has to be given")
			}
			return recoverGuard(cmd.Context(), f, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the ledger (`DIR`)")
	c.Flags().StringVar(&f.guard, "guard", "", "where the guard is (`DIR`); else where it was last")
	c.Flags().StringVar(&f.witnesses, "witness-policy", "", "the witnesses to ask, and their quorum (`FILE`)")
	c.Flags().BoolVar(&f.alone, "without-witnesses", false, "nobody else knows how large the ledger was")
	c.Flags().StringVar(&f.url, "url", "", "where the ledger is asked for, if a guard is made (`URL`); else by its policy")
	c.Flags().BoolVar(&f.off, "old-is-off", false, "what answers there is a cache or a copy")
	hidden(c, f.secrets.flags)
	commands.Advanced(c, "url", "old-is-off")
	c.Flags().Uint64Var(&f.lose, "lose", 0, "go on without the last `N` entries, just as many as are lost")
	return c
}

// recoverGuard puts the store's head into the guard, if nobody shows that more has
// left, or whoever runs it says that it is lost.
func recoverGuard(ctx context.Context, f recoverFlags, stdout io.Writer) (err error) {
	id, err := readIdentityBy(f.dir, "", f.secrets)
	if err == nil {
		err = mustBeRecoverable(f.dir)
	}
	if err != nil {
		return err
	}
	asked, err := id.readWitnesses(f.dir, f.witnesses, f.alone)
	if err != nil {
		return err
	}
	if asked == nil && !f.alone {
		return errors.New("give --witness-policy FILE, or say that there is nobody to ask: --without-witnesses")
	}
	guard, err := guardOf(f.dir, f.guard)
	if err != nil {
		return err
	}
	s, err := store.OpenReadOnly(store.Config{Dir: filepath.Join(f.dir, storeDir), Key: id.key})
	if err != nil {
		return whoseCopy(whoHolds(err))
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := mustBeRecoverable(f.dir); err != nil {
		return err
	}
	r := &recovery{recoverFlags: f, id: id, store: s, head: s.Head(), guard: guard, stdout: stdout}
	g, err := store.OpenGuard(store.GuardConfig{Dir: guard, Key: id.key})
	switch {
	case errors.Is(err, store.ErrNoGuard):
		return r.adopt(ctx, err)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	return r.rewind(ctx, g)
}

// mustBeRecoverable demands of a directory that its log is in it. Of a node's the error says what
// mends it.
func mustBeRecoverable(dir string) error {
	return mustBeHereOr(dir, "a node whose store or guard is damaged begins anew from the bucket when both are moved away")
}

// A recovery is one run of recover.
type recovery struct {
	recoverFlags
	id     *identity
	store  *store.Store
	head   store.Head // of the store, signed
	guard  string     // directory
	stdout io.Writer
}

// say says what was found out.
func (r *recovery) say(format string, args ...any) error {
	_, err := fmt.Fprintf(r.stdout, format+"\n", args...)
	return err
}

// adopt makes the guard of a ledger that has none.
func (r *recovery) adopt(ctx context.Context, none error) error {
	head := r.head
	size := head.Checkpoint.Size
	lost, shown, err := r.lostSince(ctx)
	switch {
	case err != nil:
		return err
	case shown != "" && !r.off:
		return fmt.Errorf("%s still shows the ledger, and nothing was changed: turn the old machine off, for ever; if a cache or a copy answers there, say --old-is-off", shown)
	case lost == 0 && r.lose > 0:
		return fmt.Errorf("%w that says how many entries are lost: leave --lose %d out", none, r.lose)
	case lost != r.lose:
		return fmt.Errorf("that would lose %s, and nothing was changed: if the ledger runs there, stop this; else restore a later copy, or say --lose %d", entries(lost), lost)
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	if err := store.CreateGuard(store.GuardConfig{Dir: r.guard, Key: r.id.key}, head.Checkpoint); err != nil {
		return err
	}
	if err := keepGuard(r.dir, r.guard); err != nil {
		return err
	}
	last := "none was ever registered"
	if size > 0 {
		last = "the last was registered at " + record.FormatTime(head.Time)
		switch {
		case r.alone && r.address() == "":
			last += "; if any came later, which nobody was asked, they are lost (--url URL asks at the ledger's address, and its policy has none)"
		case r.alone:
			last += "; if any came later, which nobody was asked, they are lost"
		}
	}
	return r.say("%s: the guard in %s begins with the tree of %s; %s", r.id.key.Name(), r.guard, entries(size), last)
}

// address returns where the ledger is asked for; "" where nobody says.
func (r *recovery) address() string { return cmp.Or(r.url, r.id.policy.Logs[0].URL) }

// lostSince returns how many entries more than the store has are shown at the ledger's own
// address, and the address where it shows any tree.
func (r *recovery) lostSince(ctx context.Context) (lost uint64, shown string, err error) {
	url := r.address()
	if url == "" {
		return 0, "", nil
	}
	if err := checkURL(url); err != nil {
		return 0, "", fmt.Errorf("--url: %w", err)
	}
	c, err := shownAt(ctx, r.id.policy.Logs, url)
	if err != nil {
		return 0, "", r.say("nothing that shows a tree of the ledger answers at %s", url)
	}
	if size := r.head.Checkpoint.Size; c.Size > size {
		return c.Size - size, url, sayLost(r.stdout, r.id.key.Name(), r.head, c.Checkpoint, url+" shows")
	}
	return 0, url, r.say("WARNING: %s still shows the ledger, with %s. Never run two", url, entries(c.Size))
}

// rewind has a store that is behind its guard go on, if it is said that what is
// missing is lost.
func (r *recovery) rewind(ctx context.Context, g *store.Guard) error {
	last, err := g.Last()
	if err != nil {
		return err
	}
	head := r.head
	size, name := head.Checkpoint.Size, r.id.key.Name()
	damaged, why := g.Damaged()
	behind := last.Size > size
	if behind {
		if err := sayLost(r.stdout, name, head, last.Checkpoint, "its guard knows of"); err != nil {
			return err
		}
	} else if err := r.store.Continues(last.Checkpoint); err != nil {
		return fmt.Errorf("the store is of another history than its guard, and not an old copy: %w", err)
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	switch {
	case !behind && r.lose > 0:
		return fmt.Errorf("nothing is lost: the ledger has %s, its guard knows of %d", entries(size), last.Size)
	case !behind && damaged != "":
		if err := g.Set(head.Checkpoint); err != nil {
			return err
		}
		return r.say("%s: %s was damaged (%s), and is written anew: the guard has the tree of %s", name, damaged, why, entries(size))
	case !behind:
		return r.say("%s: nothing to recover: the ledger has %s, and all that its guard knows of", name, entries(size))
	case r.lose != last.Size-size:
		return fmt.Errorf("that would lose %s, and nothing was changed: restore a later copy, or say --lose %d", entries(last.Size-size), last.Size-size)
	}
	if err := g.Set(head.Checkpoint); err != nil {
		return err
	}
	return r.say("%s: goes on from the tree of %s", name, entries(size))
}

// sayLost says what a ledger lost, by the word of whom, and what becomes of the receipts.
func sayLost(stdout io.Writer, name string, head store.Head, last tlog.Checkpoint, who string) error {
	size := head.Checkpoint.Size
	since := "from the beginning"
	if size > 0 {
		since = "after " + record.FormatTime(head.Time)
	}
	_, err := fmt.Fprintf(stdout, `%s: the ledger has %d entries, %s %d
  lost: %s, registered %s
  orphaned: every receipt whose tree has more than %d entries. Those of lost records prove
  what the ledger has no more, and whoever holds one can submit its record again, as
  another entry (chirograph extract, chirograph submit NOTE); those of others are renewed
  by chirograph update, which will say first that the ledger shows two pasts
  the tree of %d entries has the root %s; a copy with it has them all
`, name, size, who, last.Size, span(size, last.Size), since, size, last.Size, last.Root)
	return err
}

// span names the entries from first to one before end.
func span(first, end uint64) string {
	if end-first == 1 {
		return fmt.Sprintf("entry %d", first)
	}
	return fmt.Sprintf("entries %d to %d", first, end-1)
}

// unasked says which witnesses the ledger asked last, when nobody is asked now: they know
// what it had, and the next start meets them.
func (r *recovery) unasked() error {
	if _, err := r.id.readWitnesses(r.dir, "", false); err != nil {
		return fmt.Errorf("the witnesses that were asked last: %w", err)
	}
	var names []string
	for _, w := range r.id.policy.Witnesses {
		if w != r.id.own() {
			names = append(names, w.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return r.say("%s: remembered as witnesses, and not asked now: the next serve asks, and does not start when any has more than this ledger or another tree, unless --without-witnesses has it forget them",
		strings.Join(names, ", "))
}

// ask asks every witness what it has, each to its end. It returns an error when one
// says that it has more than the store or another tree, and when their quorum does not
// confirm the store's.
func (r *recovery) ask(ctx context.Context) error {
	if r.alone {
		return r.unasked()
	}
	ctx, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	head := r.head
	size := head.Checkpoint.Size
	var against, silent []string
	answered := map[string]bool{r.id.own().Name: true}
	for _, w := range r.id.policy.Witnesses {
		if w == r.id.own() {
			continue
		}
		has, err := witness.Size(ctx, nil, w.URL, head.Checkpoint)
		said := "witness " + w.Name + " has a tree of " + entries(has)
		if err != nil {
			said = "witness " + w.Name + " does not say what it has: " + err.Error()
			silent = append(silent, w.Name)
		} else {
			answered[w.Name] = true
		}
		if has > size || errors.Is(err, witness.ErrAnother) {
			against = append(against, w.Name)
		} else if c, err := witness.Seen(ctx, nil, w.URL, r.id.key); err == nil && r.store.Continues(c.Checkpoint) != nil {
			said = fmt.Sprintf("witness %s shows a tree of %s, with which the ledger's does not begin", w.Name, entries(c.Size))
			against = append(against, w.Name)
		}
		if err := r.say("%s", said); err != nil {
			return err
		}
	}
	if len(against) > 0 {
		return fmt.Errorf("this ledger has a tree of %s, and %s more or another: it is an old copy, or there is a second ledger of this key; nothing was changed. "+
			"Restore a later copy, or make a new ledger. A witness that lies is left out of the policy", entries(size), have(against))
	}
	if !r.id.policy.Met(answered) {
		return fmt.Errorf("the quorum %s cannot be made without %s: nothing was changed; see above what to do, and try again", r.id.policy.Quorum, strings.Join(silent, ", "))
	}
	return r.confirm(ctx, head)
}

// have says who has.
func have(names []string) string {
	if len(names) == 1 {
		return names[0] + " has"
	}
	return strings.Join(names, " and ") + " have"
}

// confirm has the witnesses' quorum cosign the store's head.
func (r *recovery) confirm(ctx context.Context, head store.Head) error {
	if r.id.policy.Met(map[string]bool{r.id.own().Name: true}) {
		return errors.New("the policy asks for no quorum, so no witness has confirmed what the ledger has: name a quorum, or say --without-witnesses")
	}
	asked, err := r.id.askWitnesses(r.store, nil)
	if err != nil {
		return err
	}
	defer asked.Close()
	size := entries(head.Checkpoint.Size)
	if _, err := asked.Cosign(ctx, head.Checkpoint, head.Time); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the witnesses did not make their quorum for the tree of %s in %s: try again when they answer", size, witnessPatience)
	} else if err != nil {
		return err
	}
	return r.say("the witnesses' quorum has cosigned the tree of %s", size)
}
