package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A frozenWord is that a ledger said that it is frozen for good. Nothing signs that, so
// that it is told as what the ledger said, and by itself refuses nothing.
type frozenWord struct {
	ledger note.Key
	url    string // at which it said so
	at     int64  // POSIX seconds, by the clock here
}

// frozenExtension ends the names of such words, which are beside the pins; before it is
// the URL of which one is remembered. Of a URL that only a dossier names it counts for
// dossiers that name it, too, and for no other: whoever sent a file chose what answers there.
const frozenExtension = ".frozen"

// maxFrozen is how many bytes a file of them may have: a verifier key, a URL, a time.
const maxFrozen = 16 << 10

// bytes returns what the file has: three lines.
func (w *frozenWord) bytes() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n", w.ledger, w.url, record.FormatTime(w.at))
}

func parseFrozen(b []byte) (*frozenWord, error) {
	lines := strings.Split(string(b), "\n")
	if len(lines) != 4 {
		return nil, fmt.Errorf("it has %s, not 3", count(len(lines)-1, "line"))
	}
	key, err := note.ParseKey(lines[0])
	if err != nil {
		return nil, err
	}
	at, err := record.ParseTime(lines[2])
	if err != nil {
		return nil, err
	}
	w := &frozenWord{key, lines[1], at}
	if !isURL(w.url) || !bytes.Equal(w.bytes(), b) {
		return nil, fmt.Errorf("%.200q is not a verifier key, a URL and a time, a line each", b)
	}
	return w, nil
}

// frozenSaid returns what a ledger was last heard to say at one of the URLs, or at one by
// which it is pinned: that it is frozen for good. It returns nil where it was not, and
// warns of a file that it can't read.
func (a *app) frozenSaid(ledger note.Key, urls []string) *frozenWord {
	quiet := *a
	quiet.stderr = io.Discard // whoever reads the pins for what they are, is told
	pins, err := quiet.pins(ledger)
	if err != nil {
		return nil
	}
	for _, p := range pins {
		urls = append(slices.Clone(urls), p.url)
	}
	var last *frozenWord
	for _, url := range urls {
		path, err := a.rememberedFile(url, frozenExtension)
		if err != nil {
			return nil
		}
		b, err := readFile(path, maxFrozen)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var w *frozenWord
		if err == nil {
			w, err = parseFrozen(b)
		}
		switch {
		case err != nil:
			a.say("warning: what is remembered of a ledger can't be read: %s: %s", path, plainError(err))
		case w.ledger == ledger && (last == nil || w.at > last.at):
			last = w
		}
	}
	return last
}

// keepFrozen remembers that a ledger says that it is frozen for good.
func (a *app) keepFrozen(c *asked) {
	word := &frozenWord{c.Ledger(), c.URL(), a.now().Unix()}
	for _, url := range c.urls() {
		path, err := a.rememberedFile(url, frozenExtension)
		if err == nil {
			err = makeFolder(path)
		}
		if err == nil {
			err = replaceFile(path, forAll, bytes.NewReader(word.bytes()))
		}
		if err != nil {
			a.say("warning: what %s says of itself can't be remembered: %s", word.ledger.Name(), plainError(err))
			return
		}
	}
}

// dropFrozen forgets that a ledger said that it is frozen for good: where it is asked, it
// does not say so now. What it said at another URL by which it is pinned, stays, and is told.
func (a *app) dropFrozen(c *asked) {
	for _, url := range c.urls() {
		path, err := a.rememberedFile(url, frozenExtension)
		if err != nil {
			return
		}
		if err = os.Remove(path); err == nil {
			a.say("warning: %s said, at %s, that it is frozen for good, and does not say so any more", c.Ledger().Name(), url)
		} else if !errors.Is(err, fs.ErrNotExist) {
			a.say("warning: what is remembered of a ledger can't be forgotten: %s", plainError(err))
		}
	}
	a.tellFrozen(a.frozenSaid(c.Ledger(), c.urls()), "")
}

// hear asks a ledger whether it is frozen for good, and says whether it says so. The
// answer is remembered. Where a copy answers, which does not know, what is remembered is
// told.
func (a *app) hear(ctx context.Context, c *asked) bool {
	word, err := c.Word(ctx)
	var refusal *client.Refusal
	switch {
	case errors.As(err, &refusal): // it says nothing of itself
	case err != nil:
		a.say("warning: whether %s is frozen for good was not found out: %s", c.Ledger().Name(), err)
	case word.Frozen:
		a.keepFrozen(c)
		return true
	case word.Copy:
		a.tellFrozen(a.frozenSaid(c.Ledger(), c.urls()), "")
	default:
		a.dropFrozen(c)
	}
	return false
}

// heard is hear where an answer of the ledger said already whether it is frozen, or left
// that out: it is asked only where it said otherwise before.
func (a *app) heard(ctx context.Context, c *asked, frozen bool) bool {
	switch {
	case frozen:
		a.keepFrozen(c)
		return true
	case a.frozenSaid(c.Ledger(), c.urls()) == nil:
		return false
	}
	return a.hear(ctx, c)
}

// submitted remembers what the answer to a record says: a refusal that the ledger is
// frozen, a registration that it is not.
func (a *app) submitted(c *asked, receipt *client.Receipt, err error) {
	var refusal *client.Refusal
	switch {
	case err == nil && receipt.New:
		a.dropFrozen(c)
	case errors.As(err, &refusal) && refusal.Frozen:
		a.keepFrozen(c)
	}
}

// saysFrozen is what is told of a ledger that says that it is frozen for good.
func saysFrozen(ledger note.Key) string {
	return ledger.Name() + " says that it is frozen for good, which nothing signs: it registers nothing any more, so that nothing can be amended, ended, stated or resolved there any more"
}

// tellFrozen tells what a ledger said; nil for nothing. The advice is the command that asks
// it again; "" for none.
func (a *app) tellFrozen(w *frozenWord, advice string) {
	if w == nil {
		return
	}
	a.say("warning: %s said on %s, at %s, that it is frozen for good, which nothing signs: it registers nothing any more", w.ledger.Name(), record.DateOf(w.at), w.url)
	if advice != "" {
		a.say("hint: %s asks it again", advice)
	}
}

// warnFrozen warns, without asking anybody, where the ledger of a dossier was heard to say
// that it is frozen for good.
func (a *app) warnFrozen(d *dossier.Dossier, path string) {
	ledger := ledgerOf(d)
	p, err := verify.ParsePolicy(d.Policy())
	if err != nil {
		return // opening it has found that out
	}
	a.tellFrozen(a.frozenSaid(ledger, urlsIn(p, ledger)), "chirograph status "+plain(path))
}

// urlsIn returns where a policy says that a ledger is: one URL, or none.
func urlsIn(p *verify.Policy, ledger note.Key) []string {
	if log, ok := p.Log(ledger); ok && log.URL != "" {
		return []string{log.URL}
	}
	return nil
}

// mayTake refuses to draw up a contract for a ledger that says, asked now, that it is
// frozen for good. Where arg is a policy file nobody is asked, and there is a warning of
// what it said before.
func (a *app) mayTake(ctx context.Context, arg string, p *verify.Policy) error {
	ledger := p.Logs[0].Key
	if !isURL(arg) {
		a.tellFrozen(a.frozenSaid(ledger, urlsIn(p, ledger)), "chirograph new --ledger URL")
		return nil
	}
	frozen, err := a.hearAt(ctx, arg, p)
	if err != nil || !frozen {
		return err
	}
	return hint(no("%s says that it is frozen for good: it registers nothing any more, and would not register this", ledger.Name()),
		"--ledger names another ledger; nothing signs what it says: who knows better draws it up by a policy file, --ledger POLICY")
}

// hearAt is hear at a URL whose policy was fetched.
func (a *app) hearAt(ctx context.Context, url string, p *verify.Policy) (bool, error) {
	c, err := a.ledgerBy(p, "the policy of "+url, p.Logs[0].Key, url)
	if err != nil {
		return false, err
	}
	return a.hear(ctx, c), nil
}

// sayFrozen warns where a ledger whose policy was fetched at a URL says that it is frozen
// for good.
func (a *app) sayFrozen(ctx context.Context, url string, p *verify.Policy) error {
	frozen, err := a.hearAt(ctx, url, p)
	if frozen {
		a.say("warning: %s", saysFrozen(p.Logs[0].Key))
	}
	return err
}

// printFrozen prints that a ledger says that it is frozen for good, where it does.
func (a *app) printFrozen(c *asked, frozen bool) error {
	if !frozen {
		return nil
	}
	return a.print("%s", saysFrozen(c.Ledger()))
}
