package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A pin is the policy of one log that is remembered of a URL.
type pin struct {
	url    string
	policy *verify.Policy
	day    record.Date // on which it came there
}

// String says what the policy asks for, and since when it is remembered.
func (p *pin) String() string { return fmt.Sprintf("%s (pinned on %s)", quorumOf(p.policy), p.day) }

func (p *pin) ledger() note.Key { return p.policy.Logs[0].Key }

// pinExtension ends the names of pins; before it is the URL.
const pinExtension = ".policy"

// pinFolder is where policies are remembered.
func (a *app) pinFolder() (string, error) {
	dir, err := a.home()
	return filepath.Join(dir, "policies"), err
}

// pinFile is where the policy of the ledger at a URL is remembered.
func (a *app) pinFile(ledgerURL string) (string, error) {
	return a.rememberedFile(ledgerURL, pinExtension)
}

// rememberedFile is where something is remembered of a URL, by what it is.
func (a *app) rememberedFile(ledgerURL, extension string) (string, error) {
	dir, err := a.pinFolder()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, url.QueryEscape(strings.TrimRight(ledgerURL, "/"))+extension), nil
}

// makeFolder makes the folder of what is remembered at a path.
func makeFolder(path string) error { return os.MkdirAll(filepath.Dir(path), 0o700) }

// pinned returns the pin of a URL, nil if there is none.
func (a *app) pinned(ledgerURL string) (*pin, error) {
	path, err := a.pinFile(ledgerURL)
	if err != nil {
		return nil, err
	}
	p, err := readPin(path, ledgerURL)
	if err != nil {
		return nil, hint(err, "chirograph policy %s --new-key -o FILE replaces it: compare the key by another way", ledgerURL)
	}
	return p, nil
}

// readPin reads the pin of a URL; nil where there is no file.
func readPin(path, ledgerURL string) (*pin, error) {
	b, err := readFile(path, verify.MaxPolicy)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := verify.ParsePolicy(b)
	if err == nil {
		_, err = oneLog(p)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", plain(path), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &pin{strings.TrimRight(ledgerURL, "/"), p, record.DateOf(info.ModTime().Unix())}, nil
}

// pins returns all that is remembered of a ledger, by whatever URL it was asked, in the
// order of those. It warns of a file that it can't read: nobody knows of which ledger
// that is.
func (a *app) pins(ledger note.Key) ([]*pin, error) {
	dir, err := a.pinFolder()
	if err != nil {
		return nil, err
	}
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []*pin
	for _, f := range files {
		escaped, ok := strings.CutSuffix(f.Name(), pinExtension)
		if !ok {
			continue
		}
		of, err := url.QueryUnescape(escaped)
		var p *pin
		if err == nil {
			p, err = readPin(filepath.Join(dir, f.Name()), of)
		}
		switch {
		case err != nil:
			a.say("warning: what is remembered of a ledger can't be read: %s", plainError(err))
		case p != nil && p.ledger() == ledger:
			found = append(found, p)
		}
	}
	return found, nil
}

// above returns, of the pins that ask for more than a policy, the one that asks for most;
// nil for none.
func above(p *verify.Policy, pins []*pin) *pin { return most(p, pins, weaker) }

// unmetBy is above of the pins that a policy falls short of, also by asking others.
func unmetBy(p *verify.Policy, pins []*pin) *pin { return most(p, pins, shortOf) }

func most(p *verify.Policy, pins []*pin, short func(p, of *verify.Policy) bool) *pin {
	var most *pin
	for _, old := range pins {
		if short(p, old.policy) && (most == nil || weaker(most.policy, old.policy)) {
			most = old
		}
	}
	return most
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
	if err := makeFolder(path); err != nil {
		return err
	}
	return replaceFile(path, forAll, bytes.NewReader(p.Bytes()))
}

// repin remembers a policy that is taken over knowingly: of its URL, and of the others at
// which more was asked for until now, or others were. It is one ledger, whatever it is called.
func (a *app) repin(ledgerURL string, p *verify.Policy) error {
	if err := a.pin(ledgerURL, p); err != nil {
		return err
	}
	pins, err := a.pins(p.Logs[0].Key)
	if err != nil {
		return err
	}
	for _, old := range pins {
		if !shortOf(p, old.policy) {
			continue
		}
		if err := a.pin(old.url, p); err != nil {
			return err
		}
		a.say("it is remembered for %s, too, which is the same ledger; until now: %s", old.url, old)
	}
	return nil
}
