package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// guardCopy has the guard begin with what the copy shows, if nobody shows that more has
// left the ledger, or whoever runs it says that it is lost.
func (p *promotion) guardCopy(ctx context.Context, known tlog.SignedCheckpoint) (err error) {
	kept := known
	g, last, err := p.openGuard()
	if err != nil {
		return err
	}
	if g != nil {
		defer func() { err = errors.Join(err, g.Close()) }()
		if known, err = p.larger("the guard", known, last); err != nil {
			return err
		}
	}
	if known, err = p.askOld(ctx, known); err != nil {
		return err
	}
	size := p.head.Checkpoint.Size
	lost := known.Size - size
	if lost > 0 {
		if err := sayLost(p.stdout, p.id.key.Name(), p.head, known.Checkpoint, "the old one had"); err != nil {
			return err
		}
	}
	if p.shows && !p.off {
		return fmt.Errorf("%s still shows the ledger, and the copy is not promoted: turn the old machine off, for ever; if a cache or another copy answers there, say --old-is-off", p.url)
	}
	if err := p.ask(ctx); err != nil {
		return err
	}
	switch {
	case lost == 0 && p.lose > 0:
		return fmt.Errorf("nothing is lost: the copy has %s, and nobody who was asked knows of more", entries(size))
	case p.lose != lost:
		return fmt.Errorf("that would lose %s, and the copy is not promoted: find a later one, or say --lose %d", entries(lost), lost)
	}
	if known.Size > kept.Size {
		// The guard forgets it now. A run that is killed is done again with the same words.
		if err := p.store.Keep(known); err != nil {
			return err
		}
		p.did("the copy knows how far the ledger had gone")
	}
	return p.putGuard(g)
}

// openGuard holds the guard, if there is one, and returns what it knows of.
func (p *promotion) openGuard() (*store.Guard, tlog.SignedCheckpoint, error) {
	var last tlog.SignedCheckpoint
	cut, err := p.guardWasCut()
	if err != nil {
		return nil, last, err
	}
	g, err := store.OpenGuard(store.GuardConfig{Dir: p.guard, Key: p.id.key})
	switch {
	case errors.Is(err, store.ErrNoGuard):
		return nil, last, nil
	case errors.Is(err, store.ErrHeld):
		return nil, last, mustBeStopped("the guard in "+p.guard, err)
	case err != nil && cut:
		return nil, last, store.ClearGuard(store.GuardConfig{Dir: p.guard, Key: p.id.key})
	case err != nil:
		return nil, last, err
	}
	last, err = g.Last()
	if file, why := g.Damaged(); err == nil && file != "" && !cut && p.head.Checkpoint.Size <= last.Size {
		err = fmt.Errorf("guard: %s is damaged (%w), and may have had more than the %d entries of the other file: put a copy of it back, or move the guard away, and say with --lose what is lost", file, why, last.Size)
	}
	if err != nil {
		return nil, last, errors.Join(err, g.Close())
	}
	return g, last, nil
}

// guardWasCut says whether an earlier run was killed while it wrote the guard. What is
// damaged there had nothing then that the copy does not know.
func (p *promotion) guardWasCut() (bool, error) {
	place, err := filepath.Abs(p.guard)
	if err != nil {
		return false, err
	}
	b, err := os.ReadFile(filepath.Join(p.dir, guardCut))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return string(b) == place+"\n", err
}

// putGuard has the guard begin with what the copy shows. A kill meanwhile would leave what
// looks damaged, so it is noted before, and where the guard is too.
func (p *promotion) putGuard(g *store.Guard) error {
	place, err := filepath.Abs(p.guard)
	if err != nil {
		return err
	}
	note := filepath.Join(p.dir, guardCut)
	if err := keepGuard(p.dir, p.guard); err != nil {
		return err
	}
	p.did("where the guard is, is noted")
	if err := errors.Join(keep(note, []byte(place+"\n")), syncDir(p.dir)); err != nil {
		return err
	}
	p.did("that the guard is written, is noted")
	if g != nil {
		err = g.Set(p.head.Checkpoint)
	} else {
		err = store.CreateGuard(store.GuardConfig{Dir: p.guard, Key: p.id.key}, p.head.Checkpoint)
	}
	if err != nil {
		return mustBeStopped("the guard in "+p.guard, err)
	}
	p.did("the guard is written")
	err = removed(note)
	p.did("the guard is whole")
	return err
}

// larger returns the one of two checkpoints of the ledger that has more. What the copy
// shows has to go on from the other, or the other from it.
func (p *promotion) larger(who string, known, c tlog.SignedCheckpoint) (tlog.SignedCheckpoint, error) {
	switch {
	case c.Size == known.Size && c.Root != known.Root:
		return known, fmt.Errorf("%s has a checkpoint of another history than the copy knows: of %d entries that one has the root %s, this one %s", who, c.Size, c.Root, known.Root)
	case c.Size > known.Size:
		return c, nil
	case c.Size > p.head.Checkpoint.Size:
		return known, nil // what neither has here cannot be compared
	}
	if err := p.store.Continues(c.Checkpoint); err != nil {
		return known, fmt.Errorf("%s has a checkpoint of another history than the copy: %w", who, err)
	}
	return known, nil
}

// askOld asks at the ledger's address whether it is still there. That nobody answers is
// as it should be.
func (p *promotion) askOld(ctx context.Context, known tlog.SignedCheckpoint) (tlog.SignedCheckpoint, error) {
	c, err := shownAt(ctx, p.copied.Logs, p.url)
	if err != nil {
		return known, p.say("nothing that shows a tree of the ledger answers at %s, as it should be: %s", p.url, err)
	}
	p.shows = true
	if err := p.say("WARNING: %s still shows the ledger, with %s. Is the old machine off? If a cache or another copy answers there, all is well", p.url, entries(c.Size)); err != nil {
		return known, err
	}
	return p.larger(p.url, known, c)
}

// shownAt returns the newest checkpoint that a ledger shows at its address, with whatever
// quorum.
func shownAt(ctx context.Context, ledger []verify.Log, url string) (tlog.SignedCheckpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, oldTime)
	defer cancel()
	c, err := client.New(client.Config{URL: url, Policy: &verify.Policy{Logs: ledger, Quorum: verify.NoQuorum}})
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	checkpoint, err := c.Checkpoint(ctx)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	return checkpoint.SignedCheckpoint, nil
}
