package audit

import (
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

// bundles fetches the bundles with the entries from an index on, proves and opens
// several at once, and calls f with each in the order of the log, until it fails.
func (a *auditor) bundles(from uint64, f func(*bundle) error) error {
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
			running.Go(func() { next <- a.bundle(ctx, n, from) })
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

// bundle fetches, proves and opens bundle number n.
func (a *auditor) bundle(ctx context.Context, n, from uint64) *bundle {
	tile := tlog.Tile{Level: -1, Index: n, Width: tlog.TileWidth(-1, n, a.tiles.Size)}
	body, err := a.Client.Tile(ctx, tile)
	if err != nil {
		return &bundle{err: err}
	}
	b := &bundle{first: n * tlog.MaxWidth}
	if b.entries, err = tlog.ParseBundle(body, tile.Width); err != nil {
		return &bundle{err: fmt.Errorf("%s: %w", tile.Path(), err)}
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
	b.leaves = make([]byte, 0, len(b.entries)*tlog.HashSize)
	for _, e := range b.entries {
		h := tlog.LeafHash(e)
		b.leaves = append(b.leaves, h[:]...)
	}
	n := b.first / tlog.MaxWidth
	if len(b.entries) == tlog.MaxWidth {
		place := n % tlog.MaxWidth
		above, err := a.tiles.read(tlog.Tile{Level: 1, Index: n / tlog.MaxWidth, Width: int(place) + 1})
		if err != nil || rootOf(b.leaves) == tlog.Hash(above[place*tlog.HashSize:]) {
			return err
		}
	}
	want, err := a.tiles.read(tlog.Tile{Level: 0, Index: n, Width: len(b.entries)})
	if err != nil {
		return err
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
