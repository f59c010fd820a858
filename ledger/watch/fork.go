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
func (w *Watcher) forked(s *source, c, kept tlog.SignedCheckpoint, evidence []byte, unshown error) error {
	delete(w.state.Ahead, s.name)
	small := min(c.Size, kept.Size)
	e := Event{Kind: Fork, Severity: Alarm, Index: &small, about: treesOf(c.Checkpoint, kept.Checkpoint),
		Text: fmt.Sprintf("the ledger signed two histories: it shows a tree of %d entries, %s, and %s one of %d, %s", kept.Size, kept.Root, s.name, c.Size, c.Root)}
	if evidence == nil {
		e.Text += fmt.Sprintf("; that could not be made evidence: %s", unshown)
	}
	return w.beginFork(s.name, e, evidence)
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

// beginFork tells a fork of a source, or of the ledger where it is "": once as soon as it
// is known, and once with evidence, from whomever it came. The source has forked for
// good, whether that was told of it or of another.
func (w *Watcher) beginFork(source string, e Event, evidence []byte) error {
	key, what := conditionKey(Fork, source), unproved
	if evidence != nil {
		what = proved
	}
	if w.state.Standing[key].What == what {
		return nil
	}
	forks := w.state.Forks
	i := slices.IndexFunc(forks, func(f toldFork) bool { return f.Trees == e.about })
	switch {
	case i < 0:
		if err := w.begin(source, what, e, evidence); err != nil {
			return err
		}
		w.state.Forks = append(forks[max(0, len(forks)+1-maxForks):], toldFork{e.about, evidence != nil})
	case !forks[i].Proved && evidence != nil:
		if err := w.begin(source, what, e, evidence); err != nil {
			return err
		}
		forks[i].Proved = true
	default:
		if forks[i].Proved {
			what = proved
		}
		w.state.Standing[key] = condition{what, e.Text, w.cfg.Clock().Unix()}
	}
	return nil
}
