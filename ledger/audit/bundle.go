package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

const (
	window = 8  // bundles on their way at once: 134 MB if all entries are as long as a bundle can say
	part   = 32 // entries that one goroutine opens, so that a bundle keeps eight processors busy
)

// A bundle is entries that are proved to be in the ledger's tree.
type bundle struct {
	first   uint64 // index of the first entry
	entries [][]byte
	leaves  []byte         // hashes of the entries
	opened  []verify.Entry // of the entries from the index on where the copy ends
	err     error          // instead of all
}

// bundles reads the bundles with the entries from an index on, by number, several at
// once, and calls f with each in the order of the log, until it fails. So the first thing
// that is wrong is found, whatever was read before it.
func (a *auditor) bundles(from uint64, read func(ctx context.Context, n uint64) *bundle, f func(*bundle) error) error {
	if from == a.tiles.Size {
		return nil
	}
	ctx, cancel := context.WithCancel(a.ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	ahead := make(chan chan *bundle, window-2) // one is in the hands of each side
	running.Go(func() {
		defer close(ahead)
		for n := from / tlog.MaxWidth; n*tlog.MaxWidth < a.tiles.Size; n++ {
			next := make(chan *bundle, 1)
			select {
			case ahead <- next:
			case <-ctx.Done():
				return
			}
			running.Go(func() { next <- read(ctx, n) })
		}
	})
	for next := range ahead {
		b := <-next
		if err := cmp.Or(a.ctx.Err(), b.err); err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return a.ctx.Err()
}

// fetch fetches bundle number n, and hashes it.
func (a *auditor) fetch(ctx context.Context, n uint64) (*bundle, error) {
	tile := tlog.Tile{Level: -1, Index: n, Width: tlog.TileWidth(-1, n, a.tiles.Size)}
	body, err := a.Client.Tile(ctx, tile)
	if err != nil {
		return nil, err
	}
	b := &bundle{first: n * tlog.MaxWidth}
	if b.entries, err = tlog.ParseBundle(body, tile.Width); err != nil {
		return nil, fmt.Errorf("%s: %w", tile.Path(), err)
	}
	b.leaves = make([]byte, 0, len(b.entries)*tlog.HashSize)
	for _, e := range b.entries {
		h := tlog.LeafHash(e)
		b.leaves = append(b.leaves, h[:]...)
	}
	return b, nil
}

// bundle fetches, proves and opens bundle number n, from entry number from on.
func (a *auditor) bundle(ctx context.Context, n, from uint64) *bundle {
	b, err := a.fetch(ctx, n)
	if err != nil {
		return &bundle{err: err}
	}
	if err := a.prove(b); err != nil {
		return &bundle{err: err}
	}
	b.opened = make([]verify.Entry, len(b.entries))
	var opening sync.WaitGroup
	for start := int(max(from, b.first) - b.first); start < len(b.entries); start += part {
		opening.Go(func() {
			for i := start; i < min(start+part, len(b.entries)); i++ {
				b.opened[i] = verify.OpenEntryBy(b.entries[i], a.Keys.ParsePublicKey, a.Keys.Verify)
			}
		})
	}
	opening.Wait()
	return b
}

// prove says whether the entries are in the tree that the ledger signed: of a whole
// bundle by the root over them, of the last by each leaf.
func (a *auditor) prove(b *bundle) error {
	n := b.first / tlog.MaxWidth
	if len(b.entries) == tlog.MaxWidth {
		root, err := a.tiles.rootOfWhole(0, n)
		if err != nil || rootOf(b.leaves) == root {
			return err
		}
	}
	want, err := a.tiles.read(tlog.Tile{Level: 0, Index: n, Width: len(b.entries)})
	if err != nil {
		return err
	}
	return a.compareLeaves(b, want)
}

// compareLeaves says whether the entries have these leaf hashes.
func (a *auditor) compareLeaves(b *bundle, want []byte) error {
	if bytes.Equal(b.leaves, want) {
		return nil
	}
	for i := range b.entries {
		got, want := tlog.Hash(b.leaves[i*tlog.HashSize:]), tlog.Hash(want[i*tlog.HashSize:])
		if got != want {
			index := b.first + uint64(i)
			return found(Tree, index, "entry %d as it is served has the leaf hash %s, in the tree of %d entries it has %s", index, got, a.tiles.Size, want)
		}
	}
	return nil
}
