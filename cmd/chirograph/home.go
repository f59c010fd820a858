package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// home is the folder in which the tool remembers the policies of ledgers.
func (a *app) home() (string, error) {
	if dir := a.getenv("CHIROGRAPH_HOME"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", hint(err, "set CHIROGRAPH_HOME to a folder of yours")
	}
	return filepath.Join(dir, "chirograph"), nil
}

func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// urlOf returns what --ledger says if it is a URL, which is then the one to ask,
// whatever the policy names.
func urlOf(ledger string) string {
	if isURL(ledger) {
		return ledger
	}
	return ""
}

// askPolicy asks a ledger for its policy, and returns what is remembered of it, too: at
// that URL or, where the policy falls short of that, at another; nil for nothing. The first answer is
// believed; a later one with another log key is refused unless repin says otherwise. The
// policy names the URL that was asked where it names none.
func (a *app) askPolicy(ctx context.Context, ledgerURL string, repin bool) (p *verify.Policy, old *pin, err error) {
	if _, p, err = client.Policy(ctx, nil, ledgerURL); err != nil {
		return nil, nil, err
	}
	log, err := oneLog(p)
	if err == nil {
		err = record.CheckOrigin(log.Key.Name())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the policy of %s: %w", ledgerURL, err)
	}
	if log.URL == "" {
		p.Logs[0].URL = ledgerURL
	}
	old, err = a.pinned(ledgerURL)
	switch {
	case err != nil && !repin:
		return nil, nil, err
	case err != nil:
		a.say("what was remembered of %s can't be read, and is replaced: %s", ledgerURL, plainError(err))
	case old != nil && !repin && old.ledger() != log.Key:
		return nil, nil, hint(no("%s was the ledger %s, it says now that it is %s", ledgerURL, old.ledger(), log.Key),
			"a ledger keeps its key for ever; if you know why it changed: chirograph policy %s --new-key -o FILE", ledgerURL)
	case old == nil:
		a.say("first use of %s: it is the ledger %s, key %s", ledgerURL, log.Key.Name(), log.Key.Public().Fingerprint())
	}
	pins, err := a.pins(log.Key)
	if more := unmetBy(p, pins); more != nil {
		old = more
	}
	return p, old, err
}

// fetchPolicy asks a ledger for its policy, and pins it, unless it asks for less than
// before, or others: that is said by the command that is about policies.
func (a *app) fetchPolicy(ctx context.Context, ledgerURL string) (*verify.Policy, error) {
	p, old, err := a.askPolicy(ctx, ledgerURL, false)
	switch {
	case err != nil:
		return nil, err
	case old != nil && weaker(p, old.policy):
		return nil, hint(fmt.Errorf("%s asks for the %s, and asked for more until now: %s", ledgerURL, quorumOf(p), old),
			"if that is enough for you: chirograph policy %s -o FILE takes it over; who you trust is yours to choose", ledgerURL)
	case old != nil && estranged(p, old.policy):
		return nil, hint(fmt.Errorf("%s asks other witnesses than until now, and a ledger could be all of them itself; %s; %s", ledgerURL, exchanged(old.policy, p), untilNow(old, p)),
			"if you know why: chirograph policy %s -o FILE takes it over; who you trust is yours to choose", ledgerURL)
	case old != nil && !sameQuorum(old.policy, p):
		a.say("%s", untilNow(old, p))
	}
	return p, a.pin(ledgerURL, p)
}

// untilNow says of a policy that asks for something else than the one that is pinned what
// both ask for.
func untilNow(old *pin, p *verify.Policy) string {
	return fmt.Sprintf("until now: %s; now: %s", old, quorumOf(p))
}

// oneLog returns the only log of a policy by which something is drawn up or
// submitted.
func oneLog(p *verify.Policy) (verify.Log, error) {
	if len(p.Logs) != 1 {
		return verify.Log{}, fmt.Errorf("it lists %d logs, exactly one is needed here", len(p.Logs))
	}
	return p.Logs[0], nil
}

// ledgerPolicy returns the policy that --ledger names by URL or file.
func (a *app) ledgerPolicy(ctx context.Context, arg string) (*verify.Policy, error) {
	if arg == "" {
		return nil, hint(errors.New("--ledger is missing"), "name the URL of a ledger, or a policy file")
	}
	if isURL(arg) {
		return a.fetchPolicy(ctx, arg)
	}
	return readPolicy("--ledger", arg)
}

// readPolicy reads a policy of one ledger in a file that a flag names.
func readPolicy(flag, path string) (*verify.Policy, error) {
	b, err := readFile(path, verify.MaxPolicy)
	switch {
	case errors.Is(err, fs.ErrNotExist) && flag == "--ledger":
		return nil, fmt.Errorf("--ledger %s is neither a URL (http://…, https://…) nor a policy file that is there", plain(path))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	p, err := verify.ParsePolicy(b)
	if err == nil {
		_, err = oneLog(p)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", flag, plain(path), err)
	}
	return p, nil
}

// ledgerKey returns the key of the ledger that --ledger names by URL, policy file,
// or verifier key.
func (a *app) ledgerKey(ctx context.Context, arg string) (note.Key, error) {
	if strings.Contains(arg, "+") && !isURL(arg) {
		if k, err := note.ParseKey(arg); err == nil {
			a.tellFrozen(a.frozenSaid(k, nil), "")
			return k, nil
		}
	}
	p, err := a.ledgerPolicy(ctx, arg)
	if err != nil {
		return note.Key{}, err
	}
	if isURL(arg) {
		err = a.sayFrozen(ctx, arg, p)
	}
	return p.Logs[0].Key, err
}

// ledgerClient returns the interface to the ledger of a policy, at the URL that
// override names, else at the policy's.
func (a *app) ledgerClient(p *verify.Policy, ledger note.Key, override string) (*client.Client, error) {
	log, ok := p.Log(ledger)
	if !ok {
		return nil, fmt.Errorf("the policy does not list the ledger %s", ledger)
	}
	at := log.URL
	if override != "" {
		at = override
	}
	if at == "" {
		return nil, hint(fmt.Errorf("nobody says where the ledger %s is", ledger.Name()), "name its URL: --ledger URL")
	}
	old, err := a.pinned(at)
	if err != nil {
		return nil, err
	}
	if old != nil {
		if old.ledger() != ledger {
			return nil, no("%s is known as the ledger %s, the record is for %s", at, old.ledger(), ledger)
		}
	}
	return client.New(client.Config{URL: at, Policy: p, Ledger: ledger, Waiting: a.sayWaiting})
}

// sayWaiting says that a submission takes time, in the words of the ledger if it has any,
// and how long that is waited for.
func (a *app) sayWaiting(detail string) {
	if detail == "" {
		detail = "the ledger can't answer yet, and is asked again"
	}
	a.say("waiting: %s; giving up %d minutes after the first try", detail, int(client.SubmitTime.Minutes()))
}
