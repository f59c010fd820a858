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

func (a *app) pin(ledgerURL string, p *verify.Policy) error {
	path, err := a.pinFile(ledgerURL)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, forAll, bytes.NewReader(p.Bytes()))
}

// fetchPolicy asks a ledger for its policy, and pins it. The first answer is
// believed; a later one with another log key is refused unless repin says
// otherwise. The policy names the URL that was asked where it names none.
func (a *app) fetchPolicy(ctx context.Context, ledgerURL string, repin bool) (*verify.Policy, error) {
	_, p, err := client.Policy(ctx, nil, ledgerURL)
	if err != nil {
		return nil, err
	}
	log, err := oneLog(p)
	if err == nil {
		err = record.CheckOrigin(log.Key.Name())
	}
	if err != nil {
		return nil, fmt.Errorf("the policy of %s: %w", ledgerURL, err)
	}
	if log.URL == "" {
		p.Logs[0].URL = ledgerURL
	}
	old, err := a.pinned(ledgerURL)
	if err != nil {
		return nil, err
	}
	if old != nil && !repin && old.Logs[0].Key != log.Key {
		return nil, hint(no("%s was the ledger %s, it says now that it is %s", ledgerURL, old.Logs[0].Key, log.Key),
			"a ledger keeps its key for ever; if you know why it changed: chirograph policy %s --new-key -o FILE", ledgerURL)
	}
	if old == nil {
		a.say("first use of %s: it is the ledger %s, key %s", ledgerURL, log.Key.Name(), log.Key.Public().Fingerprint())
	}
	return p, a.pin(ledgerURL, p)
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
		return a.fetchPolicy(ctx, arg, false)
	}
	b, err := readFile(arg, verify.MaxPolicy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--ledger %s is neither a URL (http://…, https://…) nor a policy file that is there", plain(arg))
	}
	if err != nil {
		return nil, fmt.Errorf("--ledger: %w", err)
	}
	p, err := verify.ParsePolicy(b)
	if err != nil {
		return nil, fmt.Errorf("--ledger: %s: %w", plain(arg), err)
	}
	if _, err := oneLog(p); err != nil {
		return nil, fmt.Errorf("--ledger: %s: %w", plain(arg), err)
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
	return client.New(client.Config{URL: at, Policy: p, Ledger: ledger})
}
