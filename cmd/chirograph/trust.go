package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A trust is what the command line says of the ledger that is asked: where it is, and by
// which policy what it answers has to verify.
type trust struct {
	ledger string // a URL, or a policy file, which then says both; "" for what the dossier says
	policy string // a policy file; "" for that of the dossier, or the one at the URL
}

func (t *trust) flags(f *pflag.FlagSet) {
	f.StringVar(&t.ledger, "ledger", "", "ask the ledger there instead of where the file says (`URL|POLICY`); needed for a note and an ID")
	f.StringVar(&t.policy, "policy", "", "verify by the policy in `FILE` instead of the one that the dossier has")
}

// file returns the policy file that is named; "" for none.
func (t trust) file() (string, error) {
	switch {
	case t.ledger == "" || isURL(t.ledger):
		return t.policy, nil
	case t.policy != "":
		return "", hint(fmt.Errorf("--ledger %s and --policy %s are two policies", plain(t.ledger), plain(t.policy)), "beside --policy, --ledger is a URL")
	}
	return t.ledger, nil
}

// given returns the policy in the file that is named; nil for none.
func (a *app) given(t trust) (p *verify.Policy, name string, err error) {
	path, err := t.file()
	if path == "" || err != nil {
		return nil, "", err
	}
	flag := "--policy"
	if path == t.ledger {
		flag = "--ledger"
	}
	p, err = readPolicy(flag, path)
	return p, plain(path), err
}

// namedLedger returns the ledger that the command line names: of that key, for which a
// note is, or where the key is zero, of any.
func (a *app) namedLedger(ctx context.Context, t trust, key note.Key) (*asked, error) {
	p, name, err := a.given(t)
	if err != nil {
		return nil, err
	}
	if p == nil {
		if p, err = a.ledgerPolicy(ctx, t.ledger); err != nil {
			return nil, err
		}
		name = "the policy of " + t.ledger
	}
	if key == (note.Key{}) {
		key = p.Logs[0].Key
	}
	return a.ledgerBy(p, name, key, urlOf(t.ledger))
}

// An asked is a ledger, and what people call the policy by which it is asked.
type asked struct {
	*client.Client
	policy *verify.Policy
	name   string // of the policy
}

func (a *app) ledgerBy(p *verify.Policy, name string, key note.Key, override string) (*asked, error) {
	c, err := a.ledgerClient(p, key, override)
	if err != nil {
		return nil, err
	}
	return &asked{c, p, name}, nil
}

// dossierLedger returns the ledger of a dossier, by the policy that the command line
// names, which then is not the dossier's yet, or by the dossier's own. Where --ledger
// names a URL and the dossier's policy none, the dossier keeps it.
func (a *app) dossierLedger(d *dossier.Dossier, path string, t trust) (_ *asked, other bool, err error) {
	key := ledgerOf(d)
	own, err := verify.ParsePolicy(d.Policy())
	if err != nil {
		return nil, false, fmt.Errorf("the dossier's policy: %w", err)
	}
	p, name, err := a.given(t)
	if err != nil {
		return nil, false, err
	}
	if p == nil {
		c, err := a.ledgerBy(own, "the policy in "+plain(path), key, urlOf(t.ledger))
		if err != nil {
			return nil, false, err
		}
		return c, false, keepURL(d, own, key, c.URL())
	}
	if got := p.Logs[0].Key; got != key {
		return nil, false, hint(fmt.Errorf("%s is the policy of the ledger %s, and %s is for the ledger %s", name, got, plain(path), key),
			"a contract stays in its ledger: name a policy of that one")
	}
	if log, ok := own.Log(key); ok && p.Logs[0].URL == "" {
		p.Logs[0].URL = log.URL
	}
	c, err := a.ledgerBy(p, name, key, urlOf(t.ledger))
	if err != nil {
		return nil, false, err
	}
	return c, true, a.notWeaker(c)
}

// keepURL has a dossier keep where its ledger is, where its policy does not say so.
func keepURL(d *dossier.Dossier, p *verify.Policy, key note.Key, url string) error {
	for i := range p.Logs {
		if p.Logs[i].Key == key && p.Logs[i].URL == "" {
			p.Logs[i].URL = url
			return d.SetPolicy(p.Bytes())
		}
	}
	return nil
}

// notWeaker refuses a policy that asks for less than the one that is pinned for the same
// URL.
func (a *app) notWeaker(c *asked) error {
	old, err := a.pinned(c.URL())
	if old == nil || err != nil || !weaker(c.policy, old) {
		return err
	}
	return hint(fmt.Errorf("%s asks for the %s, less than the policy that is remembered for %s: %s", c.name, quorumOf(c.policy), c.URL(), a.sinceWhen(c.URL(), old)),
		"chirograph policy %s -o FILE shows what the ledger itself asks for now, and remembers it: compare it by another way", c.URL())
}

// adopt makes the policy by which a ledger is asked that of the dossier. Each receipt
// that does not hold by it is fetched anew before: a policy by which they do not hold is
// no dossier's. The dossier is saved where it has receipts.
func (k *keeper) adopt(ctx context.Context, c *asked) error {
	own, err := verify.ParsePolicy(k.dossier.Policy())
	if err != nil {
		return fmt.Errorf("the dossier's policy: %w", err)
	}
	fetched, registered, err := k.renewBy(ctx, c)
	if err != nil {
		return err
	}
	if _, err := k.settle(ctx); err != nil {
		return err
	}
	if err := k.keepBy(c.policy, fetched); err != nil {
		return err
	}
	if err := k.dossier.SetPolicy(c.policy.Bytes()); err != nil || !registered {
		return err
	}
	if err := k.dossier.Save(k.path); err != nil {
		return err
	}
	if !sameQuorum(own, c.policy) {
		k.say("%s has the policy %s now: %s; until now: %s", k.path, c.name, quorumOf(c.policy), quorumOf(own))
	}
	return nil
}

// renewBy fetches the receipts that a policy wants anew, and says whether the dossier
// has any at all.
func (k *keeper) renewBy(ctx context.Context, c *asked) (fetched map[record.ID][]byte, registered bool, err error) {
	fetched = make(map[record.ID][]byte)
	for _, r := range k.dossier.Records() {
		receipt := k.dossier.Receipt(r.ID())
		if receipt == nil {
			continue
		}
		registered = true
		if r.Text().Ledger != c.Ledger() {
			return nil, true, fmt.Errorf("%s is the policy of the ledger %s, and %s is registered by %s", c.name, c.Ledger(), nameIn(k.dossier, r), r.Text().Ledger)
		}
		if holdsBy(c.policy, receipt) {
			continue
		}
		renewed, err := c.Receipt(ctx, r.ID())
		switch {
		case notThere(err):
			return nil, true, k.lost(ctx, c.Client, k.dossier, k.path, r)
		case err != nil:
			return nil, true, err
		}
		fetched[r.ID()] = renewed.Bytes
		k.take(renewed)
	}
	return fetched, registered, nil
}

// keepBy puts in, for those that do not hold by the policy, what was fetched: of two
// receipts of one tree a dossier keeps the one with more lines, whosoever they are.
func (k *keeper) keepBy(p *verify.Policy, fetched map[record.ID][]byte) error {
	stale := make(map[*dossier.Receipt]bool)
	var instead [][]byte
	for id, b := range fetched {
		if receipt := k.dossier.Receipt(id); !holdsBy(p, receipt) {
			stale[receipt] = true
			instead = append(instead, b)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	if err := k.dossier.KeepReceipts(func(r *dossier.Receipt) bool { return !stale[r] }); err != nil {
		return err
	}
	return k.dossier.AddReceipts(instead)
}

func holdsBy(p *verify.Policy, receipt *dossier.Receipt) bool {
	_, err := verify.Receipt(p, receipt.Bytes())
	return err == nil
}

// explain says of an error what the ledger left open: by which policy a quorum is not
// met, and what to do then; and that a record is taken. Another is returned as it is.
func (c *asked) explain(err error) error {
	var failure *verify.Failure
	var taken *client.NotPublic
	switch {
	case errors.As(err, &failure) && failure.Step == verify.StepQuorum:
		return hint(fmt.Errorf("by %s, %s: %w", c.name, quorumOf(c.policy), err),
			"the ledger may ask other witnesses now: chirograph policy %s -o FILE, compare FILE by another way, and run this again with --policy FILE", c.URL())
	case errors.As(err, &taken):
		return hint(err, "the ledger has it, and shows it when its witnesses have cosigned; run the command again later, it registers nothing twice")
	}
	return err
}

// weaker says whether a policy asks for fewer cosignatures than another: of others than
// its ledger, or all together.
func weaker(p, than *verify.Policy) bool {
	return least(p, true) < least(than, true) || least(p, false) < least(than, false)
}

// least returns how many cosignatures make the quorum of a policy at least: all of them,
// or those of others than the ledger.
func least(p *verify.Policy, others bool) int {
	needs := map[string]int{verify.NoQuorum: 0}
	for _, w := range p.Witnesses {
		needs[w.Name] = 1
		if others && slices.ContainsFunc(p.Logs, func(l verify.Log) bool { return l.Owns(w) }) {
			needs[w.Name] = 0
		}
	}
	for _, g := range p.Groups {
		var members []int
		for _, m := range g.Members {
			members = append(members, needs[m])
		}
		slices.Sort(members)
		for _, n := range members[:g.K] {
			needs[g.Name] += n
		}
	}
	return needs[p.Quorum]
}

// quorumOf says what a policy asks for.
func quorumOf(p *verify.Policy) string {
	if p.Quorum == verify.NoQuorum {
		return "quorum none"
	}
	return fmt.Sprintf("quorum %s (at least %d of %s)", p.Quorum, least(p, false), counted(len(p.Witnesses), "witness", "witnesses"))
}
