package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/verify"
)

const (
	atOnce     = 16              // sources that are asked at once
	sourceTime = 2 * time.Minute // for what a source is asked in a turn: some tiles, each tried again
)

// unseen is why a witness that answers is not compared.
const unseen = "unseen"

const (
	witnessPrefix = "witness "
	peerPrefix    = "peer "
)

// A source shows checkpoints that the ledger signed.
type source struct {
	name string         // as it is told, and remembered
	url  string         // of a witness
	peer *client.Client // nil for a witness
	held tlog.Checkpoint
}

// A view is what a source showed in a turn.
type view struct {
	*source
	checkpoint tlog.SignedCheckpoint // signed by the ledger, and stripped
	err        error                 // instead
}

// addSources lists whom to ask beside the ledger: each URL once.
func (w *Watcher) addSources() error {
	var urls []string
	for _, v := range w.cfg.Policy.Witnesses {
		if v.URL == "" || w.log.Owns(v) || slices.Contains(urls, v.URL) {
			continue
		}
		urls = append(urls, v.URL)
		w.sources = append(w.sources, &source{name: witnessPrefix + v.Name, url: v.URL})
	}
	for _, url := range w.cfg.Peers {
		peer, err := w.client(url)
		if err != nil {
			return err
		}
		if peer.URL() == w.ledger.URL() {
			return fmt.Errorf("watch: the peer %s is the address of the ledger itself", url)
		}
		if slices.ContainsFunc(w.sources, func(s *source) bool { return s.name == peerPrefix+peer.URL() }) {
			return fmt.Errorf("watch: the peer %s is named twice", url)
		}
		w.sources = append(w.sources, &source{name: peerPrefix + peer.URL(), peer: peer})
	}
	if len(w.sources) > MaxSources {
		return fmt.Errorf("watch: %d witnesses and peers, at most %d are asked", len(w.sources), MaxSources)
	}
	return nil
}

// ask returns what the sources show, in their order.
func (w *Watcher) ask(ctx context.Context) []view {
	views := make([]view, len(w.sources))
	turn := make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	for i, s := range w.sources {
		asking.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			views[i].source = s
			c, err := w.show(ctx, s)
			views[i].checkpoint, views[i].err = w.strip(c), err
		})
	}
	asking.Wait()
	return views
}

func (w *Watcher) show(ctx context.Context, s *source) (tlog.SignedCheckpoint, error) {
	if s.peer == nil {
		return witness.Seen(ctx, w.cfg.Transport, s.url, w.cfg.Ledger)
	}
	return s.peer.Signed(ctx)
}

// ownName is what the ledger is as a source.
const ownName = "its own address"

// everybody are all whose checkpoints are compared with the copy: the sources, and the
// ledger.
func (w *Watcher) everybody() []*source { return append(slices.Clone(w.sources), w.own) }

// relateOwn compares what the ledger shows where that is no checkpoint to rely on: what
// its key signed it cannot deny for a line of garbage beside it.
func (w *Watcher) relateOwn(ctx context.Context) error {
	kept, err := w.kept()
	if err != nil || kept == nil {
		return err
	}
	c, err := w.ledger.Signed(ctx)
	if err != nil {
		return ctx.Err()
	}
	return w.relate(ctx, w.own, w.strip(c), *kept)
}

// heard tells whether a source answers. Many witnesses cosign, and show nobody what they
// have seen.
func (w *Watcher) heard(v view) error {
	switch {
	case v.err == nil:
		if key := conditionKey(Uncompared, v.name); w.state.Standing[key].What == unseen {
			delete(w.state.Standing, key)
		}
		return w.end(v.name, Unreachable, v.name+" shows a checkpoint again")
	case errors.Is(v.err, witness.ErrUnseen):
		if err := w.end(v.name, Unreachable, v.name+" answers again"); err != nil {
			return err
		}
		return w.begin(v.name, unseen, Event{Kind: Uncompared, Severity: Info,
			Text: fmt.Sprintf("%s shows nothing to compare with: it answers, and shows no checkpoint of this ledger; its cosignatures count all the same", v.name)}, nil)
	}
	return w.begin(v.name, "", Event{Kind: Unreachable, Severity: Info,
		Text: fmt.Sprintf("%s shows no checkpoint, and is not compared: %s", v.name, v.err)}, nil)
}

// compare holds what the sources show against the copy.
func (w *Watcher) compare(ctx context.Context, views []view) error {
	kept, err := w.kept()
	if err != nil {
		return err
	}
	for _, v := range views {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.heard(v); err != nil {
			return err
		}
		if v.err != nil || kept == nil {
			continue
		}
		if err := w.relate(ctx, v.source, v.checkpoint, *kept); err != nil {
			return err
		}
	}
	if kept == nil {
		return nil
	}
	for _, s := range w.everybody() {
		if err := w.catchUp(ctx, s, *kept); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// relate compares a source's checkpoint with the copy and the kept checkpoint, which
// the copy has reached or would have, were it judged to the end.
func (w *Watcher) relate(ctx context.Context, s *source, c, kept tlog.SignedCheckpoint) error {
	if c.Checkpoint == s.held {
		return w.agrees(s, c)
	}
	if w.state.Standing[conditionKey(Fork, s.name)].What == proved {
		if grown, err := w.grown(ctx, s, c); err != nil || grown {
			return err
		}
	}
	head := w.store.Head().Checkpoint
	if c.Size > head.Size {
		if _, ok := w.state.Ahead[s.name]; !ok {
			w.state.Ahead[s.name] = ahead{c.Bytes(), w.cfg.Clock().Unix()}
		}
		return w.relateAhead(ctx, s, c, kept)
	}
	root, err := tlog.Root(w.store.Tile, c.Size)
	if err != nil {
		return err
	}
	if root == c.Root {
		return w.agrees(s, c)
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	read := w.store.Tile
	if kept.Size != head.Size {
		read = reader(ctx, w.ledger)
	}
	evidence, err := w.divergence(c, kept, read)
	return w.forked(ctx, s, c, kept, evidence, err)
}

// relateAhead compares a tree that the copy has not reached: by the tiles of who serves
// the larger of it and the kept one, or else by a peer's word that its own continues the
// kept one. A witness has no tiles: what the ledger does not show of its tree, waits.
func (w *Watcher) relateAhead(ctx context.Context, s *source, c, kept tlog.SignedCheckpoint) error {
	if _, unread := w.state.Standing[Unreachable]; s.peer == nil && (c.Size > kept.Size || unread) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	small, large, from := kept, c, s.peer
	if small.Size > large.Size {
		small, large, from = c, kept, w.ledger
	}
	evidence, err := w.divergence(small, large, reader(ctx, from))
	switch {
	case evidence != nil:
		return w.forked(ctx, s, c, kept, evidence, nil)
	case err == nil:
		return w.agrees(s, c)
	case s.peer == nil:
		return nil
	}
	_, _, denied := s.peer.Consistency(ctx, kept)
	if denied == nil {
		return w.agrees(s, c)
	}
	e := Event{Kind: Uncompared, Severity: Info,
		Text: fmt.Sprintf("%s shows a tree of %d entries, and whether it continues the ledger's of %d could not be found out: %s; %s", s.name, c.Size, kept.Size, err, denied)}
	what := "silent"
	var failure *verify.Failure
	if errors.As(denied, &failure) && failure.Step == verify.StepConsistency {
		what, e.Severity = "denied", Alarm
		e.Text = fmt.Sprintf("%s shows a tree of %d entries that by its own proof does not continue the ledger's of %d; that cannot be shown to others, because it does not serve the tree: %s", s.name, c.Size, kept.Size, err)
	}
	return w.begin(s.name, what, e, nil)
}

// catchUp compares what was ahead of the copy, as soon as that has come so far, and
// tells it where it does not come.
func (w *Watcher) catchUp(ctx context.Context, s *source, kept tlog.SignedCheckpoint) error {
	a, ok := w.state.Ahead[s.name]
	if !ok {
		return nil
	}
	c, err := w.recall(a.Checkpoint)
	if err != nil {
		return err
	}
	if c.Size <= max(w.store.Head().Checkpoint.Size, kept.Size) {
		delete(w.state.Ahead, s.name)
		if err := w.relate(ctx, s, c, kept); err != nil {
			return err
		}
		return w.end(s.name, Behind, fmt.Sprintf("the ledger shows what %s had seen again", s.name))
	}
	waited := w.since(a.Since)
	if _, told := w.state.Standing[conditionKey(Behind, s.name)]; told || waited < patience {
		return nil
	}
	if err := w.seek(ctx, s, c, kept); err != nil {
		return err
	}
	return w.begin(s.name, "", Event{Kind: Behind, Severity: Alarm, Index: &c.Size,
		Text: fmt.Sprintf("%s has shown a tree of %d entries, which the ledger signed, for %s, and the ledger shows one of %d", s.name, c.Size, waited, kept.Size)}, nil)
}

// seek asks everybody who may have it for the tree that somebody saw.
func (w *Watcher) seek(ctx context.Context, s *source, c, kept tlog.SignedCheckpoint) error {
	small, large := kept, c
	if small.Size > large.Size {
		small, large = c, kept
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	for _, who := range append([]*source{{peer: w.ledger}}, w.sources...) {
		if who.peer == nil {
			continue
		}
		if evidence, err := w.divergence(small, large, reader(ctx, who.peer)); err == nil && evidence != nil {
			return w.forked(ctx, s, c, kept, evidence, nil)
		}
	}
	return nil
}
