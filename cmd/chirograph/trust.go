package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	c, err := a.ledgerBy(p, name, key, urlOf(t.ledger))
	if err != nil {
		return nil, err
	}
	pins, err := a.pins(key)
	if err != nil {
		return nil, err
	}
	return c, notWeaker(c, pins)
}

// An asked is a ledger, and what people call the policy by which it is asked.
type asked struct {
	*client.Client
	policy *verify.Policy
	name   string // of the policy
	known  string // the URL at which the dossier says that it is, where it is asked at another; else ""
}

// urls returns where the ledger is known to be: where it is asked, and where the dossier
// says that it is.
func (c *asked) urls() []string {
	if c.known == "" {
		return []string{c.URL()}
	}
	return []string{c.URL(), c.known}
}

func (a *app) ledgerBy(p *verify.Policy, name string, key note.Key, override string) (*asked, error) {
	c, err := a.ledgerClient(p, key, override)
	if err != nil {
		return nil, err
	}
	return &asked{Client: c, policy: p, name: name}, nil
}

// dossierLedger returns the ledger of a dossier, by the policy that the command line
// names, or by the dossier's own, or by the one that is pinned, if the dossier's own asks
// for less than that, or others: whoever sent the file chose what is in it. The policy is other than
// the dossier's yet unless it is its own. Where --ledger names a URL and the dossier's
// policy none, the dossier keeps it.
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
	pins, err := a.pins(key)
	if err != nil {
		return nil, false, err
	}
	old := unmetBy(own, pins)
	switch {
	case p == nil && old == nil:
		c, err := a.ledgerBy(own, "the policy in "+plain(path), key, urlOf(t.ledger))
		if err != nil {
			return nil, false, err
		}
		c.knownBy(own)
		return c, false, keepURL(d, own, key, c.URL())
	case p == nil:
		a.sayShort(path, own, old)
		p, name = old.policy, "the policy pinned for "+old.url
		p.Logs[0].URL = "" // the dossier's, if it names one
	case p.Logs[0].Key != key:
		return nil, false, hint(fmt.Errorf("%s is the policy of the ledger %s, and %s is for the ledger %s", name, p.Logs[0].Key, plain(path), key),
			"a contract stays in its ledger: name a policy of that one")
	}
	if log, ok := own.Log(key); ok && p.Logs[0].URL == "" {
		p.Logs[0].URL = log.URL
	}
	if p.Logs[0].URL == "" && old != nil {
		p.Logs[0].URL = old.url
	}
	c, err := a.ledgerBy(p, name, key, urlOf(t.ledger))
	if err != nil {
		return nil, false, err
	}
	c.knownBy(own)
	if len(pins) == 0 && weaker(p, own) {
		return nil, false, lessThan(c, "the policy in "+plain(path), quorumOf(own))
	}
	return c, true, notWeaker(c, pins)
}

// knownBy takes from the policy of a dossier where the ledger is.
func (c *asked) knownBy(own *verify.Policy) {
	if log, ok := own.Log(c.Ledger()); ok && strings.TrimRight(log.URL, "/") != c.URL() {
		c.known = log.URL
	}
}

// sayShort says that the policy of a dossier asks for less than the one that is pinned, or
// others.
func (a *app) sayShort(path string, own *verify.Policy, old *pin) {
	if weaker(own, old.policy) {
		a.say("warning: the policy in %s asks for less (%s) than the one pinned for this ledger (%s): what the ledger answers is judged by the pinned one", path, quorumOf(own), old)
		return
	}
	a.say("warning: the policy in %s asks other witnesses (%s) than the one pinned for this ledger (%s): what the ledger answers is judged by the pinned one; strange to that: %s", path, quorumOf(own), old, keysOf(strangers(own, old.policy)))
	a.say("hint: chirograph update %s fetches receipts by the pinned one; --policy FILE where you know better", path)
}

// belowPin says whether the policy of a dossier falls short of one that is pinned for its
// ledger.
func (a *app) belowPin(d *dossier.Dossier) (bool, error) {
	own, err := verify.ParsePolicy(d.Policy())
	if err != nil {
		return false, fmt.Errorf("the dossier's policy: %w", err)
	}
	pins, err := a.pins(ledgerOf(d))
	return unmetBy(own, pins) != nil, err
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

// notWeaker refuses a policy that asks for less than one that is pinned for the ledger.
func notWeaker(c *asked, pins []*pin) error {
	old := above(c.policy, pins)
	if old == nil {
		return nil
	}
	return lessThan(c, "the policy that is remembered for "+old.url, old.String())
}

// lessThan refuses a policy that asks for less than another. What the ledger itself asks
// for now takes the place of what is remembered, when somebody has looked at it.
func lessThan(c *asked, other, asksFor string) error {
	return hint(fmt.Errorf("%s asks for the %s, less than %s: %s", c.name, quorumOf(c.policy), other, asksFor),
		"chirograph policy %s -o FILE shows what the ledger itself asks for now, and remembers it: compare it by another way", c.URL())
}

// adopt makes the policy by which a ledger is asked that of the dossier. Each receipt
// that does not hold by it is fetched anew before: a policy by which they do not hold is
// no dossier's, and neither is one that the ledger was not seen to meet. The dossier is
// saved where it has receipts; else it is with its first one.
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
	if registered && len(fetched) == 0 {
		if _, err := c.Checkpoint(ctx); err != nil {
			return err
		}
	}
	if err := k.dossier.SetPolicy(c.policy.Bytes()); err != nil {
		return err
	}
	if registered {
		if err := k.dossier.Save(k.path); err != nil {
			return err
		}
	}
	k.sayAdopted(own, c, registered)
	return nil
}

// sayAdopted says which policy a dossier has, or is to have with its first receipt.
func (k *keeper) sayAdopted(own *verify.Policy, c *asked, registered bool) {
	if sameQuorum(own, c.policy) {
		return
	}
	how := "%s has the policy %s now: %s; until now: %s"
	if !registered {
		how = "%s is to have the policy %s, with its first receipt: %s; until now: %s"
	}
	k.say(how, k.path, strings.TrimPrefix(c.name, "the policy "), quorumOf(c.policy), quorumOf(own))
	if weaker(c.policy, own) {
		k.say("warning: that is weaker: fewer have to cosign than until now")
	}
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
		case denied(err):
			return nil, true, k.lost(ctx, c.Client, k.dossier, k.path, r, err)
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
// met, and what to do then; and that a record is taken, or not. Another is returned as it is.
func (c *asked) explain(ctx context.Context, err error) error {
	var failure *verify.Failure
	var taken *client.NotPublic
	var not *client.NotTaken
	switch {
	case errors.As(err, &failure) && failure.Step == verify.StepQuorum:
		return c.unmet(ctx, err)
	case errors.As(err, &not):
		return hint(err, "by its own word the ledger has not stored it; run the command again later, it registers nothing twice")
	case errors.As(err, &taken):
		return hint(err, "the ledger says that it has it, which is not signed, and shows it when its witnesses have cosigned; run the command again later, it registers nothing twice")
	}
	return err
}

// unmet explains that the quorum is not met: whose cosignature is missing, and whether the
// ledger asks those witnesses at all.
func (c *asked) unmet(ctx context.Context, err error) error {
	by := fmt.Errorf("by %s, %s: %w", c.name, quorumOf(c.policy), err)
	other := fmt.Sprintf("chirograph policy %s -o FILE, compare FILE by another way, and run this again with --policy FILE", plain(c.URL()))
	var unmet *client.Unmet
	if !errors.As(err, &unmet) {
		return hint(by, "the ledger may ask other witnesses now: %s", other)
	}
	by = fmt.Errorf("registered as entry %d by the ledger's word, and its receipt, which has not the quorum, is not kept: %w", unmet.Index, by)
	_, now, asked := client.Policy(ctx, nil, c.URL())
	if asked != nil {
		return hint(by, "%s not cosigned it: run this again later; or the ledger asks other witnesses now: %s", have(unmet.Missing), other)
	}
	var stranger []verify.Witness
	for _, w := range unmet.Missing {
		if !slices.ContainsFunc(now.Witnesses, func(x verify.Witness) bool { return x.Key == w.Key }) {
			stranger = append(stranger, w)
		}
	}
	if len(stranger) == 0 {
		return hint(by, "%s not cosigned it yet, and the ledger asks for that: run this again later", have(unmet.Missing))
	}
	return hint(by, "%s not cosigned it, and the ledger does not ask for that now: %s", have(stranger), other)
}

// have says which witnesses have.
func have(witnesses []verify.Witness) string {
	names := make([]string, len(witnesses))
	for i, w := range witnesses {
		names[i] = w.Name
	}
	if len(names) == 1 {
		return names[0] + " has"
	}
	return strings.Join(names, ", ") + " have"
}
