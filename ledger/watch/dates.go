package watch

import (
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/audit"
)

// maxDated is how many backdated entries are remembered as told. A ledger that has so
// many is told often enough.
const maxDated = 256

// dates holds cosigned checkpoints against the entries that came after them: of the checkpoints that have no entry after them yet, all of one
// size, one is kept, with the latest cosignatures that anybody showed.
func (w *Watcher) dates(shown *tlog.SignedCheckpoint, views []view) error {
	head := w.store.Head().Checkpoint
	kept, err := w.kept()
	if err != nil || kept == nil || kept.Checkpoint != head.Checkpoint {
		return err // what is not judged to the end, is dated when it is
	}
	var trees []tlog.SignedCheckpoint
	add := func(c tlog.SignedCheckpoint) {
		i := slices.IndexFunc(trees, func(t tlog.SignedCheckpoint) bool { return t.Checkpoint == c.Checkpoint })
		if i < 0 {
			trees = append(trees, w.strip(c))
			return
		}
		trees[i] = w.merge(trees[i], c)
	}
	if len(w.state.Cosigned) > 0 {
		c, err := w.recall(w.state.Cosigned)
		if err != nil {
			return err
		}
		add(c)
	}
	if shown != nil {
		add(*shown)
	}
	for _, v := range views {
		if v.err == nil {
			add(v.checkpoint)
		}
	}
	for _, c := range trees {
		if c.Size < head.Size {
			if err := w.date(c, *kept); err != nil {
				return err
			}
		}
	}
	if i := slices.IndexFunc(trees, func(c tlog.SignedCheckpoint) bool { return c.Checkpoint == head.Checkpoint }); i >= 0 {
		w.state.Cosigned = trees[i].Bytes()
	}
	return nil
}

// date holds a checkpoint against the first entry after it.
func (w *Watcher) date(c, kept tlog.SignedCheckpoint) error {
	if slices.Contains(w.state.Dated, c.Size) {
		return nil
	}
	f, err := audit.Backdated(w.cfg.Policy, w.store, c, kept)
	if err != nil || f == nil {
		return err
	}
	e := Event{Kind: Backdating, Severity: Alarm, Index: &c.Size, ID: f.ID.String(), Text: fmt.Sprintf("entry %d: %s", c.Size, f.Reason)}
	if err := w.tell(e, f.Evidence); err != nil {
		return err
	}
	if w.state.Proved == "" {
		w.state.Proved = e.Text
	}
	w.state.Dated = append(w.state.Dated[max(0, len(w.state.Dated)+1-maxDated):], c.Size)
	return nil
}

// strip returns a checkpoint with the lines that are worth keeping: of the log one, of
// each witness of the policy the latest.
func (w *Watcher) strip(c tlog.SignedCheckpoint) tlog.SignedCheckpoint { return w.merge(c, c) }

// merge returns the checkpoint of which both are with the lines of both that are worth
// keeping. It is as long as the policy allows, whatever came.
func (w *Watcher) merge(a, b tlog.SignedCheckpoint) tlog.SignedCheckpoint {
	lines := slices.Concat(a.Note.Signatures, b.Note.Signatures)
	merged := tlog.SignedCheckpoint{Checkpoint: a.Checkpoint, Note: note.Note{Text: a.Note.Text}}
	keep := func(s *note.Signature) {
		if s != nil {
			merged.Note.Signatures = append(merged.Note.Signatures, *s)
		}
	}
	var own *note.Signature
	for i, s := range lines {
		if own == nil && s.By(w.cfg.Ledger) && w.cfg.Ledger.Public().Verify(a.Note.Text, s.Bytes) {
			own = &lines[i]
		}
	}
	keep(own)
	for _, v := range w.cfg.Policy.Witnesses {
		var last *note.Signature
		var at int64
		for i, s := range lines {
			if !s.By(v.Key) {
				continue
			}
			if t, err := v.Key.VerifyCosignature(a.Note.Text, s.Bytes); err == nil && (last == nil || t > at) {
				last, at = &lines[i], t
			}
		}
		keep(last)
	}
	return merged
}
