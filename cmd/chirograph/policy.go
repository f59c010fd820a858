package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/terminal"
	"github.com/chirograph/chirograph/verify"
)

func (a *app) policyCommand() *cobra.Command {
	var out string
	var repin bool
	c := &cobra.Command{
		Use:   "policy URL -o FILE",
		Short: "Fetch a ledger's own policy: its key and its witnesses",
		Long: `Fetches the policy that a ledger gives out, shows it, and writes it to FILE. What it
asked for until now is said where that is something else.

The first answer is the ledger's word alone. Compare the key with somebody who knows
it by another way, before you trust what the policy verifies.`,
		Example: "  chirograph policy https://ledger.example -o ledger.policy",
		Args:    arguments("URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !isURL(args[0]):
				return hint(errors.New(args[0]+" is no URL"), "it begins with https:// or http://")
			case out == "":
				return hint(errors.New("-o is missing"), "name the file to write: -o ledger.policy")
			}
			old, err := oldPolicy(out)
			if err != nil {
				return err
			}
			p, pinned, err := a.askPolicy(cmd.Context(), args[0], repin)
			if err != nil {
				return err
			}
			if old != nil && !repin && !sameLogs(old, p) {
				return refuseExisting(out)
			}
			if old != nil && !sameQuorum(old, p) {
				return hint(fmt.Errorf("%s asks for the quorum %s of %d witnesses, the ledger now for %s of %d", out, old.Quorum, len(old.Witnesses), p.Quorum, len(p.Witnesses)),
					"write what the ledger says to another file, and compare: who you trust is yours to choose")
			}
			a.sayChange(args[0], pinned, p)
			if err := replaceFile(out, forAll, bytes.NewReader(p.Bytes())); err != nil {
				return err
			}
			if err := a.repin(args[0], p); err != nil {
				return err
			}
			a.say("wrote %s; compare this key with somebody who knows it by another way:", out)
			a.sayKeys(p)
			if err := a.sayFrozen(cmd.Context(), args[0], p); err != nil {
				return err
			}
			_, err = terminal.Writer(a.stdout).Write(p.Bytes())
			return err
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "the file to write (`FILE`)")
	c.Flags().BoolVar(&repin, "new-key", false, "take another log key than the one that was first seen at this URL")
	return c
}

// sayChange says what a ledger asked for until now, and asks for no more.
func (a *app) sayChange(url string, pinned *pin, p *verify.Policy) {
	if pinned == nil || sameQuorum(pinned.policy, p) {
		return
	}
	a.say("%s", untilNow(pinned, p))
	if weaker(p, pinned.policy) {
		a.say("warning: that is weaker: fewer have to cosign than until now; it is remembered for %s from here on", url)
	}
	if estranged(p, pinned.policy) {
		a.say("warning: these are other witnesses than until now; %s; compare them by another way; they are remembered for %s from here on", exchanged(pinned.policy, p), url)
	}
}

// sayKeys says which keys the ledger of a policy has.
func (a *app) sayKeys(p *verify.Policy) {
	log := p.Logs[0]
	a.say("  %s %s", log.Key.Name(), log.Key.Fingerprint())
	for _, w := range p.Witnesses {
		if log.Owns(w) {
			a.say("  %s %s (its post-quantum key)", w.Key.Name(), w.Key.Fingerprint())
		}
	}
}

// oldPolicy reads a policy that is at path and may be replaced, nil if there is
// nothing. Another file is never written over.
func oldPolicy(path string) (*verify.Policy, error) {
	b, err := readFile(path, verify.MaxPolicy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		if p, err := verify.ParsePolicy(b); err == nil {
			return p, nil
		}
	}
	return nil, errors.Join(refuseExisting(path), err)
}

func sameLogs(a, b *verify.Policy) bool {
	return slices.EqualFunc(a.Logs, b.Logs, func(x, y verify.Log) bool { return x.Key == y.Key })
}

// sameQuorum says whether two policies ask the same of the same witnesses, wherever
// those are.
func sameQuorum(a, b *verify.Policy) bool {
	same := func(x, y verify.Witness) bool { return x.Name == y.Name && x.Key == y.Key }
	group := func(x, y verify.Group) bool {
		return x.Name == y.Name && x.K == y.K && slices.Equal(x.Members, y.Members)
	}
	return a.Quorum == b.Quorum && slices.EqualFunc(a.Witnesses, b.Witnesses, same) && slices.EqualFunc(a.Groups, b.Groups, group)
}
