package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// maxBundle is how many bytes a bundle of entries may have: 256 that are as long as a
// bundle can say, so that one that is too long for the ledger's rules is seen.
const maxBundle = tlog.MaxWidth * (2 + tlog.MaxEntry)

// Tile fetches a tile, or at level -1 a bundle of entries, as the ledger has it: it
// is nobody's word until its hashes are compared. Where the partial one is gone, it is
// cut out of the whole, which c2sp.org/tlog-tiles asks for. Where the ledger has no
// time, or does not answer, it is asked for again, six times in all.
func (c *Client) Tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	b, err := c.patiently(ctx, t)
	var refusal *Refusal
	if t.Width == tlog.MaxWidth || !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound {
		return b, err
	}
	whole, missing := t, err
	whole.Width = tlog.MaxWidth
	if b, err = c.patiently(ctx, whole); err != nil {
		return nil, missing
	}
	return firstOf(b, t)
}

// patiently fetches a tile, again where there was no answer. A tile of hashes that
// comes has the length of its width.
func (c *Client) patiently(ctx context.Context, t tlog.Tile) ([]byte, error) {
	path, limit := "/"+t.Path(), t.Width*tlog.HashSize
	if t.Level < 0 {
		limit = maxBundle
	}
	wait := firstWait
	for try := 1; ; try++ {
		a, err := c.get(ctx, path, limit)
		var lost *trouble
		switch {
		case err == nil && t.Level >= 0 && len(a.body) != limit:
			return nil, fmt.Errorf("GET %s%s: the tile has %d bytes, not %d", c.base, path, len(a.body), limit)
		case err == nil:
			return a.body, nil
		case !errors.As(err, &lost):
			return nil, err
		case try == maxTries || !sleep(ctx, min(max(lost.after, wait), maxWait)):
			return nil, fmt.Errorf("no answer in %s: %w", tries(try), err)
		}
		wait *= 2
	}
}

// firstOf returns of a whole tile what the partial one has.
func firstOf(b []byte, t tlog.Tile) ([]byte, error) {
	if t.Level >= 0 {
		return b[:t.Width*tlog.HashSize], nil
	}
	entries, err := tlog.ParseBundle(b, tlog.MaxWidth)
	if err != nil {
		return nil, fmt.Errorf("the whole of %s: %w", t.Path(), err)
	}
	var first []byte
	for _, e := range entries[:t.Width] {
		if first, err = tlog.AppendBundle(first, e); err != nil {
			return nil, err
		}
	}
	return first, nil
}
