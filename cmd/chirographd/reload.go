package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/verify"
)

func reloadCommand() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "reload --dir DIR",
		Short: "Have a running ledger read its witness policy again",
		Long: `Has the ledger that runs in DIR read the file of its --witness-policy again, or without that
flag witnesses.policy in DIR, and go on with its witnesses and its quorum. It does when that
quorum has cosigned its tree, within 30 seconds; else nothing changes. Records wait meanwhile,
and none is lost.

To ask nobody any more takes a start: serve --without-witnesses.`,
		Example:               "  chirographd reload --dir /var/lib/chirograph",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return errors.New("--dir has to be given")
			}
			if _, err := readKey(dir); err != nil {
				return err
			}
			said, err := askReload(cmd.Context(), dir)
			if errors.Is(err, errNotRunning) {
				return fmt.Errorf("%w. Nothing is to be done: the next start reads the policy", err)
			}
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), said)
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the ledger that runs in `DIR`")
	return c
}

// An asking is whom a running ledger asks to cosign, and how it comes to ask others.
type asking struct {
	dir, file string // file is that of --witness-policy; "" for that of last time
	alone     bool   // by --without-witnesses
	store     *store.Store
	log       *ledger.Log // set once the ledger runs
	logger    *slog.Logger

	reloading sync.Mutex         // guards what follows, from the file to the end of a reload
	id        *identity          // with the policy that is in force
	witnesses *witness.Witnesses // nil for none
}

// Close closes the witnesses, when the log is.
func (a *asking) Close() {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	if a.witnesses != nil {
		a.witnesses.Close()
	}
}

// reload has the ledger do what a restart with the same flags would, where the quorum that
// it then asks for is there. It returns what changed, in lines for people. With an error
// nothing did.
func (a *asking) reload(ctx context.Context) (string, error) {
	if !a.reloading.TryLock() {
		return "", errors.New("another reload is under way")
	}
	defer a.reloading.Unlock()
	next := *a.id
	text, err := a.read(&next)
	if err != nil {
		return "", err
	}
	if bytes.Equal(next.policy.Bytes(), a.id.policy.Bytes()) {
		return fmt.Sprintf("%s says what is in force already\n", a.place()), nil
	}
	w, err := next.askWitnesses(a.store, a.logger)
	if err != nil {
		return "", err
	}
	unheard, err := a.log.Reload(ctx, ledger.Terms{Policy: next.policy.Bytes(), Witnesses: w, Keep: func() error {
		file := filepath.Join(a.dir, witnessFile)
		if err := replace(file, text); err != nil {
			return fmt.Errorf("%w: a start without --witness-policy reads %s, which may have either policy now", err, file)
		}
		return nil
	}})
	if err != nil {
		w.Close()
		return "", whoIsSilent(err, w, next.policy)
	}
	before := a.id
	a.id, a.witnesses = &next, w
	sayForgotten(before.policy.Bytes(), next.policy, a.logger)
	said := changes(before.policy, next.policy)
	if witness.Disjoint(next.policy, next.key) {
		said += "warning: " + disjoint + "\n"
	}
	for _, c := range unheard {
		said += fmt.Sprintf("warning: %s, who is asked no more, said that it has seen another tree of this ledger, of size %d\n", c.Witness.Name, c.Size)
		a.logger.Warn("a witness that said that it has seen another history is asked no more", "witness", c.Witness.Name, "size", c.Size)
	}
	a.logger.Info("the witness policy was read again", "file", a.place(), "quorum", quorum(next.policy, next.policy.Quorum))
	return said, nil
}

// place returns the file in which the policy is.
func (a *asking) place() string { return cmp.Or(a.file, filepath.Join(a.dir, witnessFile)) }

// read has an identity ask the witnesses of the file, and returns its text. What takes more
// than a file to decide is refused.
func (a *asking) read(next *identity) ([]byte, error) {
	if a.alone {
		return nil, errors.New("the ledger was started with --without-witnesses: start it again, with --witness-policy FILE")
	}
	text, err := next.readWitnesses(a.dir, a.file, false)
	switch {
	case err != nil || text != nil:
		return text, err
	case a.witnesses == nil:
		return nil, fmt.Errorf("the ledger asks no witnesses, and was started without --witness-policy FILE: start it again with it, or put one at %s", a.place())
	}
	return nil, fmt.Errorf("%s is gone, and the ledger asks %d witnesses: put it back; to ask nobody any more, start it again with --without-witnesses", a.place(), len(a.witnesses.Reports()))
}

// whoIsSilent names those witnesses for whom a reload waited in vain.
func whoIsSilent(err error, w *witness.Witnesses, p *verify.Policy) error {
	if !errors.Is(err, ledger.ErrNoQuorum) {
		return err
	}
	var silent []string
	for _, r := range w.Reports() {
		if r.Cosigned == 0 {
			silent = append(silent, r.Witness)
		}
	}
	return fmt.Errorf("%w: the quorum is %s, and these did not cosign: %s. The log says why; a start with this policy would register nothing until they do",
		err, quorum(p, p.Quorum), strings.Join(silent, " "))
}

// changes says in lines in what the witnesses and the quorum of a policy are others than
// those of the one before.
func changes(before, after *verify.Policy) string {
	var b strings.Builder
	find := func(p *verify.Policy, w verify.Witness) int {
		return slices.IndexFunc(p.Witnesses, func(x verify.Witness) bool { return x.Key == w.Key })
	}
	for _, w := range after.Witnesses {
		i := find(before, w)
		switch {
		case i < 0:
			fmt.Fprintf(&b, "added    %s %s %s\n", w.Name, w.Key.Fingerprint(), w.URL)
		case before.Witnesses[i] != w:
			fmt.Fprintf(&b, "changed  %s %s, was %s %s\n", w.Name, w.URL, before.Witnesses[i].Name, before.Witnesses[i].URL)
		}
	}
	for _, w := range before.Witnesses {
		if find(after, w) < 0 {
			fmt.Fprintf(&b, "removed  %s %s %s\n", w.Name, w.Key.Fingerprint(), w.URL)
		}
	}
	was, is := quorum(before, before.Quorum), quorum(after, after.Quorum)
	if was == is {
		fmt.Fprintf(&b, "quorum   %s, as before\n", is)
	} else {
		fmt.Fprintf(&b, "quorum   %s, was %s\n", is, was)
	}
	return b.String()
}

// quorum returns who makes a quorum, or part of one, by its name in a policy.
func quorum(p *verify.Policy, name string) string {
	i := slices.IndexFunc(p.Groups, func(g verify.Group) bool { return g.Name == name })
	if i < 0 {
		return name
	}
	members := make([]string, len(p.Groups[i].Members))
	for j, m := range p.Groups[i].Members {
		if members[j] = quorum(p, m); members[j] != m {
			members[j] = "(" + members[j] + ")"
		}
	}
	return fmt.Sprintf("%d of %s", p.Groups[i].K, strings.Join(members, " "))
}

// sayForgotten warns of witnesses of the policy text before, nil for none, whom the ledger
// asks no more: what they have seen, it no longer hears of.
func sayForgotten(before []byte, asked *verify.Policy, logger *slog.Logger) {
	p, err := verify.ParsePolicy(before)
	if err != nil {
		if before != nil {
			logger.Warn("who was asked to cosign last is not known", "file", witnessFile, "err", err)
		}
		return
	}
	var names []string
	for _, w := range p.Witnesses {
		if !slices.ContainsFunc(asked.Witnesses, func(x verify.Witness) bool { return x.Key == w.Key }) {
			names = append(names, w.Name)
		}
	}
	switch {
	case len(names) == 0:
	case !slices.ContainsFunc(asked.Witnesses, func(w verify.Witness) bool { return w.Key.Name() != asked.Logs[0].Key.Name() }):
		logger.Warn("the witnesses of last time are forgotten: nobody says any more whether this ledger has all that they have seen", "witnesses", strings.Join(names, " "))
	default:
		logger.Warn("some witnesses of last time are forgotten: they say no more whether this ledger has all that they have seen", "witnesses", strings.Join(names, " "))
	}
}

// askReload has the process that runs the ledger in dir reload, and returns what changed.
// The error is errNotRunning where none does.
func askReload(ctx context.Context, dir string) (string, error) {
	conn, hangUp, err := askRunning(ctx, dir, askReloading)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(conn, maxChanges))
	if err = errors.Join(err, hangUp()); err != nil {
		return "", err
	}
	line, rest, _ := strings.Cut(string(b), "\n")
	if why, ok := strings.CutPrefix(line, "error "); ok {
		return "", errors.New(why)
	}
	if line != "ok" {
		return "", fmt.Errorf("the running ledger answers %.80q", line)
	}
	return rest, nil
}
