package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
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

// pinFile is where the policy of the ledger at a URL is remembered.
func (a *app) pinFile(ledgerURL string) (string, error) {
	dir, err := a.home()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "policies", url.QueryEscape(strings.TrimRight(ledgerURL, "/"))+".policy"), nil
}

// pinned returns the remembered policy of a URL, nil if there is none.
func (a *app) pinned(ledgerURL string) (*verify.Policy, error) {
	path, err := a.pinFile(ledgerURL)
	if err != nil {
		return nil, err
	}
	b, err := readFile(path, verify.MaxPolicy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := verify.ParsePolicy(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", plain(path), err)
	}
	return p, nil
}

// pin remembers a policy of a URL. The file of the same policy stays: it says since when.
func (a *app) pin(ledgerURL string, p *verify.Policy) error {
	path, err := a.pinFile(ledgerURL)
	if err != nil {
		return err
	}
	if b, err := readFile(path, verify.MaxPolicy); err == nil && bytes.Equal(b, p.Bytes()) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, forAll, bytes.NewReader(p.Bytes()))
}

// sinceWhen says what a pinned policy asks for, and on which day it was pinned.
func (a *app) sinceWhen(ledgerURL string, old *verify.Policy) string {
	path, err := a.pinFile(ledgerURL)
	if err == nil {
		if info, err := os.Stat(path); err == nil {
			return fmt.Sprintf("%s (pinned on %s)", quorumOf(old), record.DateOf(info.ModTime().Unix()))
		}
	}
	return quorumOf(old)
}

// askPolicy asks a ledger for its policy, and returns the one that is pinned, too, nil for
// none. The first answer is believed; a later one with another log key is refused unless
// repin says otherwise. The policy names the URL that was asked where it names none.
func (a *app) askPolicy(ctx context.Context, ledgerURL string, repin bool) (p, old *verify.Policy, err error) {
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
	if old, err = a.pinned(ledgerURL); err != nil {
		return nil, nil, err
	}
	if old != nil && !repin && old.Logs[0].Key != log.Key {
		return nil, nil, hint(no("%s was the ledger %s, it says now that it is %s", ledgerURL, old.Logs[0].Key, log.Key),
			"a ledger keeps its key for ever; if you know why it changed: chirograph policy %s --new-key -o FILE", ledgerURL)
	}
	if old == nil {
		a.say("first use of %s: it is the ledger %s, key %s", ledgerURL, log.Key.Name(), log.Key.Public().Fingerprint())
	}
	return p, old, nil
}

// fetchPolicy asks a ledger for its policy, and pins it, unless it asks for less than
// before: that is said by the command that is about policies.
func (a *app) fetchPolicy(ctx context.Context, ledgerURL string) (*verify.Policy, error) {
	p, old, err := a.askPolicy(ctx, ledgerURL, false)
	switch {
	case err != nil:
		return nil, err
	case old != nil && weaker(p, old):
		return nil, hint(fmt.Errorf("%s asks for the %s, and asked for more until now: %s", ledgerURL, quorumOf(p), a.sinceWhen(ledgerURL, old)),
			"if that is enough for you: chirograph policy %s -o FILE takes it over; who you trust is yours to choose", ledgerURL)
	case old != nil && !sameQuorum(old, p):
		a.say("%s", a.untilNow(ledgerURL, old, p))
	}
	return p, a.pin(ledgerURL, p)
}

// untilNow says of a policy that asks for something else than the one that is pinned what
// both ask for.
func (a *app) untilNow(ledgerURL string, old, p *verify.Policy) string {
	return fmt.Sprintf("until now: %s; now: %s", a.sinceWhen(ledgerURL, old), quorumOf(p))
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
			return k, nil
		}
	}
	p, err := a.ledgerPolicy(ctx, arg)
	if err != nil {
		return note.Key{}, err
	}
	return p.Logs[0].Key, nil
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
		if _, ok := old.Log(ledger); !ok {
			return nil, no("%s is known as the ledger %s, the record is for %s", at, old.Logs[0].Key, ledger)
		}
	}
	return client.New(client.Config{URL: at, Policy: p, Ledger: ledger, Waiting: a.sayWaiting})
}

// sayWaiting says that a submission takes time, in the words of the ledger if it has any.
func (a *app) sayWaiting(detail string) {
	if detail == "" {
		detail = "the ledger can't answer yet, and is asked again"
	}
	a.say("waiting: %s", detail)
}
