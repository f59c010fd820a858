package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
		Rule: verify.Fork, Root: root, Checkpoint: w.log.Alone(small),
		Consistency: tlog.Consistency{Old: small.Size, Hashes: hashes, Checkpoint: w.log.Alone(large)},
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
func (w *Watcher) forked(ctx context.Context, s *source, c, kept tlog.SignedCheckpoint, evidence []byte, unshown error) error {
	delete(w.state.Ahead, s.name)
	small := min(c.Size, kept.Size)
	e := Event{Kind: Fork, Severity: Alarm, Index: &small, about: treesOf(c.Checkpoint, kept.Checkpoint),
		Text: fmt.Sprintf("the ledger signed two histories: it shows a tree of %d entries, %s, and %s one of %d, %s", kept.Size, kept.Root, s.name, c.Size, c.Root)}
	if evidence == nil {
		e.Text += fmt.Sprintf("; that could not be made evidence: %s", unshown)
	}
	return w.beginFork(ctx, s, c, e, evidence)
}

// A toldFork is a fork that was told, by the trees that show it: whoever shows one of
// them and whoever the other.
type toldFork struct {
	Trees  string `json:"trees"`
	Proved bool   `json:"proved"` // it was told with evidence
}

// maxForks is how many forks are remembered as told. It takes a new address of the
// ledger, or a new peer, to find another, so that nobody is told an older one again by
// asking the same servers.
const maxForks = 256

// treesOf names a fork by its two trees, in whichever order they were seen.
func treesOf(a, b tlog.Checkpoint) string {
	x, y := fmt.Sprintf("%d %s", a.Size, a.Root), fmt.Sprintf("%d %s", b.Size, b.Root)
	if a.Size > b.Size || a.Size == b.Size && x > y {
		x, y = y, x
	}
	return x + ", " + y
}

// maxForked is how many forks of one source are remembered as it grew: a server shows
// one history, and by its own mistake two.
const maxForked = 16

// beginFork tells a fork of a source that shows c, or of the ledger where its name is "":
// once as soon as it is known, and once with evidence, from whomever it came. A history
// that was told as a fork and has grown is no other, and another of the same source is.
func (w *Watcher) beginFork(ctx context.Context, s *source, c tlog.SignedCheckpoint, e Event, evidence []byte) error {
	key, what := conditionKey(Fork, s.name), unproved
	if evidence != nil {
		what = proved
	}
	grown, err := w.grown(ctx, s, c)
	if err != nil {
		return err
	}
	if old := w.state.Standing[key].What; grown && (old == what || old == proved) {
		return nil
	}
	i := slices.IndexFunc(w.state.Forks, func(f toldFork) bool { return f.Trees == e.about })
	switch {
	case i < 0:
		if err := w.tell(e, evidence); err != nil {
			return err
		}
		w.state.Forks = append(w.state.Forks[max(0, len(w.state.Forks)+1-maxForks):], toldFork{e.about, evidence != nil})
	case !w.state.Forks[i].Proved && evidence != nil:
		if err := w.tell(e, evidence); err != nil {
			return err
		}
		w.state.Forks[i].Proved = true
	case w.state.Forks[i].Proved:
		what = proved
	}
	w.state.Standing[key] = condition{what, e.Text, w.cfg.Clock().Unix()}
	if evidence != nil && w.state.Proved == "" {
		w.state.Proved = e.Text
	}
	if !grown {
		known := w.state.Forked[s.name]
		w.state.Forked[s.name] = append(known[max(0, len(known)+1-maxForked):], w.log.Alone(c).Bytes())
	}
	return nil
}

// grown says whether a source's tree is of a fork that was told of it, which it is from
// then on remembered as.
func (w *Watcher) grown(ctx context.Context, s *source, c tlog.SignedCheckpoint) (bool, error) {
	known := w.state.Forked[s.name]
	trees := make([]tlog.SignedCheckpoint, len(known))
	for i, b := range known {
		var err error
		if trees[i], err = w.recall(b); err != nil {
			return false, err
		}
		if trees[i].Checkpoint == c.Checkpoint {
			return true, nil
		}
	}
	asking, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	for i, tree := range trees {
		if !w.sameHistory(asking, s, tree, c) {
			continue
		}
		if c.Size > tree.Size {
			known[i] = w.log.Alone(c).Bytes()
		}
		return true, ctx.Err()
	}
	return false, ctx.Err()
}

// sameHistory says whether two trees that a source showed, one after the other, may be of
// one history. A witness that goes on has seen that they are, and a peer has the tiles of
// the larger, or a proof. What is not to be found out of a source whose fork is told, is
// no news.
func (w *Watcher) sameHistory(ctx context.Context, s *source, before, c tlog.SignedCheckpoint) bool {
	switch {
	case s.name == heldSource:
		return true // told once, whichever receipt shows it
	case s.peer == nil || c.Size == before.Size:
		return c.Size > before.Size
	}
	small, large := before, c
	if small.Size > large.Size {
		small, large = c, before
	}
	evidence, err := w.divergence(small, large, reader(ctx, s.peer))
	if err == nil {
		return evidence == nil
	}
	_, _, err = s.peer.Consistency(ctx, small)
	var failure *verify.Failure
	return !errors.As(err, &failure) || failure.Step != verify.StepConsistency
}
