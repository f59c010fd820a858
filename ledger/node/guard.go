package node

import (
	"errors"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/store"
)

// guardBegun is the file in the directory of a guard that is there while a node makes it, and no
// longer: only then are files of it without a checkpoint no damage.
const guardBegun = "being-made"

// openGuard opens the guard of a node; nil where it has none yet, or was stopped while it made its
// first.
func openGuard(cfg store.GuardConfig) (*store.Guard, error) {
	b := begunGuard(cfg)
	begun, err := b.there()
	if err != nil {
		return nil, err
	}
	g, err := store.OpenGuard(cfg)
	switch {
	case err == nil && begun:
		if err := errors.Join(whole(g), b.end()); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	case errors.Is(err, store.ErrNoGuard):
		return nil, nil
	case err != nil && begun && !errors.Is(err, store.ErrHeld):
		if failed := store.ClearGuard(cfg); failed != nil {
			return nil, errors.Join(err, failed)
		}
		return nil, nil
	}
	return g, err
}

// whole writes the file of a guard that was not reached when it was made.
func whole(g *store.Guard) error {
	c, err := g.Last()
	if file, _ := g.Damaged(); err != nil || file == "" {
		return err
	}
	return g.Put(c)
}

// join makes the guard of a node that has none, with what it has judged, or before anything is
// public with the empty log.
func (n *Node) join() error {
	if n.guard != nil {
		return nil
	}
	var err error
	if n.guard, err = openGuard(n.cfg.Guard); n.guard != nil || err != nil {
		return err
	}
	c, err := n.shown()
	if err != nil {
		return err
	}
	b := begunGuard(n.cfg.Guard)
	if err := b.begin(); err != nil {
		return err
	}
	if err := store.CreateGuard(n.cfg.Guard, c); err != nil {
		return err
	}
	// Before anything rests on it: damage of a guard that has known more is not to be taken for
	// one that is being made.
	if err := b.end(); err != nil {
		return err
	}
	n.guard, err = store.OpenGuard(n.cfg.Guard)
	return err
}

// A begun is the mark that a guard is being made.
type begun struct {
	files vfs.FS
	dir   string
}

func begunGuard(cfg store.GuardConfig) begun {
	b := begun{cfg.FS, cfg.Dir}
	if b.files == nil {
		b.files = vfs.Default
	}
	return b
}

func (b begun) name() string { return b.files.PathJoin(b.dir, guardBegun) }

func (b begun) there() (bool, error) {
	_, err := b.files.Stat(b.name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// begin makes the directory and the mark, and returns when they are on disk.
func (b begun) begin() error {
	dirs := []string{b.dir}
	for dir := b.dir; b.files.PathDir(dir) != dir; dir = b.files.PathDir(dir) {
		_, err := b.files.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		dirs = append(dirs, b.files.PathDir(dir)) // which gets a new name
	}
	if err := b.files.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	f, err := b.files.Create(b.name(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = errors.Join(f.Sync(), f.Close())
	for _, dir := range dirs {
		err = errors.Join(err, b.sync(dir))
	}
	return err
}

// end removes the mark, and returns when that is on disk.
func (b begun) end() error {
	if err := b.files.Remove(b.name()); err != nil {
		return err
	}
	return b.sync(b.dir)
}

// sync has the names in a directory be on disk.
func (b begun) sync(name string) error {
	dir, err := b.files.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
