package audit

import (
	"context"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
)

// Hashes compares what a ledger serves with the tree that it signed, and nothing else:
// its checkpoint is verified by the policy, all tiles are proved by the root of it, from
// the top down, and the entry bundles by the tiles. Of the result Hashed says how far
// that is; no entry is judged, no signature in one is checked, no rule asked.
//
// With a Dir the checkpoint is proved to continue the one that is kept there, and what was
// copied, and is kept instead: what an audit finds there later is that, and no more
// entries than before. Without a Dir nothing is kept. Copy, Keys, Random and Clock of cfg
// are not used. The errors are those of [Run].
func Hashes(ctx context.Context, cfg Config) (*Result, error) {
	cfg.Copy = nil
	if cfg.Dir == "" {
		return runner(ctx, cfg, nil, (*auditor).hash)
	}
	s, err := store.OpenCopy(store.Config{Dir: cfg.Dir, Key: cfg.Client.Ledger(), Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	result, err := runner(ctx, cfg, s, (*auditor).hash)
	result.Judged = 0 // by earlier audits, of whom this one says nothing
	return result, err
}

// hash compares all that is served.
func (a *auditor) hash() error {
	checkpoint, err := a.show()
	if err != nil {
		return err
	}
	if a.store != nil {
		if err := a.continues(checkpoint); err != nil {
			return err
		}
	}
	if checkpoint.Size == 0 && checkpoint.Root != tlog.EmptyRoot() {
		return found(Tree, 0, "a tree without entries has the root %s, the checkpoint has %s", tlog.EmptyRoot(), checkpoint.Root)
	}
	return a.bundles(0, a.hashed, func(b *bundle) error {
		a.result.Hashed = b.first + uint64(len(b.entries))
		if a.Progress != nil {
			a.Progress(Progress{0, a.result.Hashed, a.tiles.Size})
		}
		return nil
	})
}

// hashed fetches bundle number n and the tile of its leaf hashes, and compares them.
func (a *auditor) hashed(ctx context.Context, n uint64) *bundle {
	b, err := a.fetch(ctx, n)
	if err != nil {
		return &bundle{err: err}
	}
	want, err := a.leafTile(ctx, n, len(b.entries))
	if err != nil {
		return &bundle{err: err}
	}
	return &bundle{first: b.first, entries: b.entries, err: a.compareLeaves(b, want)}
}

// leafTile returns the leaf hashes of a bundle, proved to be in the tree. Unlike those of
// [tiles], which an audit reads where a bundle is wrong, many are on their way at once.
func (a *auditor) leafTile(ctx context.Context, n uint64, width int) ([]byte, error) {
	tile := tlog.Tile{Level: 0, Index: n, Width: width}
	if width < tlog.MaxWidth {
		return a.tiles.read(tile)
	}
	data, err := a.Client.Tile(ctx, tile)
	if err != nil {
		return nil, err
	}
	want, err := a.tiles.rootOfWhole(0, n)
	if err != nil {
		return nil, err
	}
	if root := rootOf(data); root != want {
		return nil, a.tiles.wrong(tile, root, want)
	}
	return data, nil
}
