package watch

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// What a fork is told as: once as soon as it is known, and once when it can be shown.
const (
	proved   = "proved"
	unproved = "unproved"
)

// reader reads the tiles that somebody serves. Nothing says that they are of any tree.
func reader(ctx context.Context, c *client.Client) tlog.TileReader {
	return func(t tlog.Tile) ([]byte, error) { return c.Tile(ctx, t) }
}

// kept returns the newest checkpoint of the ledger that was audited, or began to be;
// nil before the first.
func (w *Watcher) kept() (*tlog.SignedCheckpoint, error) {
	c, err := w.store.Kept()
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &c, err
}

// divergence returns evidence that the larger tree does not begin with the smaller, nil
// where it does. The tiles, of the larger tree, are anybody's: an error says that they
// show neither.
func (w *Watcher) divergence(small, large tlog.SignedCheckpoint, read tlog.TileReader) ([]byte, error) {
	hashes, err := tlog.ConsistencyProof(read, small.Size, large.Size)
	if err != nil {
		return nil, err
	}
	if tlog.VerifyConsistency(small.Size, small.Root, large.Size, large.Root, hashes) == nil {
		return nil, nil
	}
	root := large.Root
	if small.Size < large.Size {
		if root, err = tlog.Root(read, small.Size); err != nil {
			return nil, err
		}
	}
	charge := verify.Charge{
		Rule: verify.Fork, Root: root, Checkpoint: small,
		Consistency: tlog.Consistency{Old: small.Size, Hashes: hashes, Checkpoint: large},
	}
	evidence := charge.Bytes()
	if _, err := verify.Evidence(w.loose, evidence); err != nil {
		return nil, fmt.Errorf("the tiles that are served show nothing: %w", err)
	}
	return evidence, nil
}

// agrees notes that a source's tree is of the ledger's history.
func (w *Watcher) agrees(s *source, c tlog.SignedCheckpoint) error {
	s.held = c.Checkpoint
	return w.end(s.name, Uncompared, s.name+" shows the history of the ledger again")
}

// forked tells that a source's tree is none of the ledger's history.
func (w *Watcher) forked(s *source, c, kept tlog.SignedCheckpoint, evidence []byte, unshown error) error {
	delete(w.state.Ahead, s.name)
	small := min(c.Size, kept.Size)
	e := Event{Kind: Fork, Severity: Alarm, Index: &small,
		Text: fmt.Sprintf("the ledger signed two histories: it shows a tree of %d entries, %s, and %s one of %d, %s", kept.Size, kept.Root, s.name, c.Size, c.Root)}
	if evidence == nil {
		e.Text += fmt.Sprintf("; that could not be made evidence: %s", unshown)
		return w.begin(s.name, unproved, e, nil)
	}
	return w.begin(s.name, proved, e, evidence)
}
