package objects_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
)

// Errors of a check. The second says that the ledger's key has signed two histories.
var (
	errSplit  = errors.New("not on the one chain")
	errSigned = errors.New("a split view")
)

// A chain is the final log, read from a View.
type chain struct {
	entries [][]byte
	roots   []tlog.Hash // by size
}

func chainOf(v *ledger.View) (*chain, error) {
	c := &chain{roots: []tlog.Hash{tlog.EmptyRoot()}}
	tree, ids := tlog.NewTree(), make(map[record.ID]uint64)
	for i := range v.Size() {
		b, err := v.Entry(i)
		if err != nil {
			return nil, err
		}
		tree.Append(tlog.LeafHash(b), func(int, uint64, tlog.Hash) {})
		c.entries, c.roots = append(c.entries, b), append(c.roots, tree.Root())
		e, err := record.ParseEntry(b)
		if err != nil {
			return nil, err
		}
		r, err := record.Open(e.Record, believe)
		if err != nil {
			return nil, err
		}
		if first, ok := ids[r.ID()]; ok {
			return nil, fmt.Errorf("record %s is entry %d and %d", r.ID(), first, i)
		}
		ids[r.ID()] = i
	}
	if root := v.Checkpoint().Root; root != tree.Root() {
		return nil, fmt.Errorf("the last checkpoint has the root %s, the entries give %s", root, tree.Root())
	}
	return c, nil
}

// has says whether a tree is a beginning of the chain.
func (c *chain) has(what string, t tlog.Checkpoint) error {
	switch {
	case t.Size >= uint64(len(c.roots)):
		return fmt.Errorf("%w: %s is of %d entries, the log has %d", errSplit, what, t.Size, len(c.entries))
	case t.Root != c.roots[t.Size]:
		return fmt.Errorf("%w: %s is of %d entries and root %s, the log has %s", errSplit, what, t.Size, t.Root, c.roots[t.Size])
	case t.Origin != key.Name():
		return fmt.Errorf("%s is of %s", what, t.Origin)
	}
	return nil
}

// check compares everything that was ever said with the log of its last leader, which
// nobody has but the node.
func (w *world) check(t testing.TB, last *node) error {
	t.Helper()
	v := last.log.View()
	c, err := chainOf(v)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for signed := range w.signed {
		if err := c.has("a signed checkpoint", signed); err != nil {
			return fmt.Errorf("%w: %w", errSigned, err)
		}
	}
	for _, a := range w.acks {
		if a.index >= v.Size() {
			return fmt.Errorf("%w: entry %d was acknowledged, the log has %d", errSplit, a.index, v.Size())
		}
		e, err := record.ParseEntry(c.entries[a.index])
		if err != nil || !bytes.Equal(e.Record, a.record.Bytes()) {
			return fmt.Errorf("%w: entry %d is not the record that was acknowledged (%v)", errSplit, a.index, err)
		}
		if index, ok, err := v.Index(a.record.ID()); err != nil || !ok || index != a.index {
			return fmt.Errorf("an acknowledged record: index %d, %v, %v, not %d", index, ok, err, a.index)
		}
	}
	return errors.Join(w.checkHeads(c), w.checkPublic(c), w.checkTiles(c, v))
}

// checkHeads looks at all values that the head had.
func (w *world) checkHeads(c *chain) error {
	var before objects.Head
	var version objects.Version
	nonces := make(map[objects.Nonce]bool)
	for i, value := range w.memory.History(objects.HeadName) {
		h, err := objects.ParseHead(value.Bytes)
		if err != nil {
			return fmt.Errorf("head %d: %w", i, err)
		}
		if value.Replaced != version {
			return fmt.Errorf("%w: head %d replaced version %q, and not that of the one before, %q", errSplit, i, value.Replaced, version)
		}
		if err := c.has(fmt.Sprintf("head %d", i), h.Checkpoint); err != nil {
			return err
		}
		for j, e := range h.Batch {
			if at := h.Before() + uint64(j); !bytes.Equal(e, c.entries[at]) {
				return fmt.Errorf("%w: head %d has another entry %d", errSplit, i, at)
			}
		}
		switch {
		case nonces[h.Nonce]:
			return fmt.Errorf("head %d has a nonce that was there before", i)
		case h.Checkpoint.Size < before.Checkpoint.Size:
			return fmt.Errorf("head %d is of %d entries, after %d", i, h.Checkpoint.Size, before.Checkpoint.Size)
		case h.Before() > before.Checkpoint.Size && i > 0:
			return fmt.Errorf("head %d is of %d entries and has none before %d, after %d", i, h.Checkpoint.Size, h.Before(), before.Checkpoint.Size)
		case h.Epoch < before.Epoch || h.Epoch > before.Epoch+1:
			return fmt.Errorf("head %d is of epoch %d, after %d", i, h.Epoch, before.Epoch)
		case h.Epoch == before.Epoch && h.Owner != before.Owner && h.Owner != "":
			return fmt.Errorf("head %d: epoch %d of %q is one of %q", i, h.Epoch, before.Owner, h.Owner)
		case h.Time < before.Time:
			return fmt.Errorf("head %d is of time %d, after %d", i, h.Time, before.Time)
		}
		nonces[h.Nonce], before, version = true, h, value.Version
	}
	if int(before.Checkpoint.Size) != len(c.entries) {
		return fmt.Errorf("the head is of %d entries, the log has %d", before.Checkpoint.Size, len(c.entries))
	}
	return nil
}

// checkPublic looks at all that readers ever found as the checkpoint.
func (w *world) checkPublic(c *chain) error {
	size := uint64(0)
	for i, value := range w.memory.History(objects.CheckpointName) {
		p, err := tlog.ParseSignedCheckpoint(value.Bytes)
		if err != nil {
			return fmt.Errorf("checkpoint %d: %w", i, err)
		}
		if err := errors.Join(c.has(fmt.Sprintf("checkpoint %d", i), p.Checkpoint), store.CheckSigner(key, p)); err != nil {
			return err
		}
		if p.Size < size {
			return fmt.Errorf("checkpoint %d went back from %d to %d entries", i, size, p.Size)
		}
		size = p.Size
	}
	if int(size) != len(c.entries) {
		return fmt.Errorf("%d entries are public, the log has %d", size, len(c.entries))
	}
	return nil
}

// checkTiles compares all tiles and bundles of the bucket with those of the log, and those
// that readers of the last checkpoint need.
func (w *world) checkTiles(c *chain, v *ledger.View) error {
	names, err := w.memory.List(context.Background(), "tile/", "", 1<<20)
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	for _, name := range names {
		there[name] = true
		tile, err := tlog.ParseTilePath(name)
		if err != nil {
			return err
		}
		read := v.Tile
		if tile.Level < 0 {
			read = v.Bundle
		}
		want, err := read(tile)
		if err != nil {
			return fmt.Errorf("%w: the bucket has %s (%w)", errSplit, name, err)
		}
		if !w.only(name, want) {
			return fmt.Errorf("%w: %s is not the log's", errSplit, name)
		}
	}
	size := uint64(len(c.entries))
	for level := -1; size>>(8*max(level, 0)) > 0; level++ {
		for i := uint64(0); tlog.TileWidth(level, i, size) > 0; i++ {
			if t := (tlog.Tile{Level: level, Index: i, Width: tlog.TileWidth(level, i, size)}); !there[t.Path()] {
				return fmt.Errorf("%s of the log of %d entries is not in the bucket", t.Path(), size)
			}
		}
	}
	return nil
}

// checkIndexes makes a store of what is in the bucket, and has those of nodes that have ended
// follow to the end: all tables are the same.
func (w *world) checkIndexes(actors []*actor) error {
	n, err := w.node(nil, nil)
	if err != nil {
		return err
	}
	_, err = n.follow()
	for _, a := range actors {
		if err == nil && !a.bucket.Crashed() {
			err = w.sameIndexes(a.disk, n)
		}
	}
	return errors.Join(err, n.close())
}

func (w *world) sameIndexes(disk *vfs.MemFS, n *node) error {
	m, err := w.node(disk, nil)
	if err != nil {
		return err
	}
	if _, err := m.follow(); err != nil {
		return errors.Join(err, m.close())
	}
	if err := m.close(); err != nil {
		return err
	}
	raw, err := store.OpenRawCopy(store.Config{Dir: "store", FS: disk, Key: key})
	if err != nil {
		return err
	}
	for _, table := range []byte(store.Tables) {
		err = errors.Join(err, raw.Compare(n.store, table, func(k, live, rebuilt []byte) error {
			if !bytes.Equal(live, rebuilt) {
				return fmt.Errorf("row %q is %q, and rebuilt %q", k, live, rebuilt)
			}
			return nil
		}))
	}
	return errors.Join(err, raw.Close())
}

// only says whether an object never had other bytes than these.
func (w *world) only(name string, want []byte) bool {
	for _, value := range w.memory.History(name) {
		if !bytes.Equal(value.Bytes, want) {
			return false
		}
	}
	return true
}
