package watch

import (
	"context"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A Held is a receipt that somebody has. Its checkpoint is a tree that the ledger has
// shown, where the ledger's key signed it; every other is none.
type Held struct {
	Name  string     // of its record, as it is told
	Proof tlog.Proof // whatever it claims
}

// heldSource is what all receipts count as: a ledger that forgot or changed its past
// contradicts many of them, and that is told once.
const heldSource = "your receipts"

// compareHeld holds the trees of receipts against the copy, and the largest of them
// against what the ledger shows. One that was found in the copy is not looked for again.
func (w *Watcher) compareHeld(ctx context.Context, held []Held, shown *tlog.SignedCheckpoint) error {
	kept, err := w.kept()
	if err != nil {
		return err
	}
	agreed := make(map[tlog.Checkpoint]bool)
	var largest *Held
	for i := range held {
		h := &held[i]
		c := w.log.Alone(h.Proof.Checkpoint)
		if len(c.Note.Signatures) == 0 || c.Origin != w.log.Key.Name() {
			continue
		}
		if largest == nil || c.Size > largest.Proof.Checkpoint.Size {
			largest = h
		}
		if agreed[c.Checkpoint] || kept == nil {
			continue
		}
		agreed[c.Checkpoint] = w.agreed[c.Checkpoint]
		if !agreed[c.Checkpoint] {
			if agreed[c.Checkpoint], err = w.relateHeld(ctx, *h, c, *kept); err != nil {
				return err
			}
		}
	}
	w.agreed = agreed
	return w.behindHeld(largest, shown)
}

// relateHeld compares the tree of a receipt, which the ledger signed, with the copy, and
// says whether it is of the same history. A fork is told.
func (w *Watcher) relateHeld(ctx context.Context, h Held, c, kept tlog.SignedCheckpoint) (bool, error) {
	if w.state.Standing[conditionKey(Fork, heldSource)].What == proved {
		return false, nil
	}
	head := w.store.Head().Checkpoint
	if c.Size > kept.Size {
		return false, w.relateEntry(ctx, h, c, kept)
	}
	if c.Size <= head.Size {
		root, err := tlog.Root(w.store.Tile, c.Size)
		if err != nil || root == c.Root {
			return err == nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	read := w.store.Tile
	if kept.Size != head.Size {
		read = reader(ctx, w.ledger)
	}
	evidence, err := w.divergence(c, kept, read)
	if evidence == nil && c.Size > head.Size {
		return err == nil, nil // what its tiles do not show, the copy does when it has come so far
	}
	small := min(c.Size, kept.Size)
	return false, w.forkedHeld(ctx, h, Event{Index: &small}, c, kept, evidence, err)
}

// relateEntry compares the entry of a receipt of a larger tree than the ledger has shown
// with that of the copy: two entries of one index are two histories.
func (w *Watcher) relateEntry(ctx context.Context, h Held, c, kept tlog.SignedCheckpoint) error {
	head, index := w.store.Head().Checkpoint, h.Proof.Index
	if index >= head.Size || kept.Checkpoint != head.Checkpoint {
		return nil
	}
	r, err := w.store.Registered(index)
	if err != nil {
		return err
	}
	entry := record.Entry{Registered: r.Time, Record: r.Record.Bytes()}.Bytes()
	hashes, err := tlog.InclusionProof(w.store.Tile, index, kept.Size)
	if err != nil {
		return err
	}
	other := h.Proof
	other.Checkpoint = c
	charge := verify.Charge{Rule: verify.Fork, Proofs: []tlog.Proof{
		{Index: index, Hashes: hashes, Checkpoint: w.log.Alone(kept), Extra: entry}, other,
	}}
	evidence := charge.Bytes()
	if _, err := verify.Evidence(w.loose, evidence); err != nil {
		return nil // it is the same entry, or the receipt does not prove its own
	}
	return w.forkedHeld(ctx, h, Event{Index: &index}, c, kept, evidence, nil)
}

func (w *Watcher) forkedHeld(ctx context.Context, h Held, e Event, c, kept tlog.SignedCheckpoint, evidence []byte, unshown error) error {
	e.Kind, e.Severity, e.about = Fork, Alarm, treesOf(c.Checkpoint, kept.Checkpoint)
	e.Text = fmt.Sprintf("the ledger signed two histories: it shows a tree of %s, %s, and the receipt of %s that you have is of one of %s, %s",
		entries(kept.Size), kept.Root, h.Name, entries(c.Size), c.Root)
	if evidence == nil {
		e.Text += fmt.Sprintf("; that could not be made evidence: %s", unshown)
	}
	return w.beginFork(ctx, &source{name: heldSource}, c, e, evidence)
}

// behindHeld tells that the ledger shows less than a receipt that it gave. An honest one
// gives none of a tree that it has not shown; but what is shown may come from a cache, or
// from a copy that is behind, so that it is waited for.
func (w *Watcher) behindHeld(largest *Held, shown *tlog.SignedCheckpoint) error {
	if largest == nil {
		delete(w.state.Standing, conditionKey(Behind, heldSource))
		delete(w.state.Ahead, heldSource)
		return nil
	}
	if shown == nil {
		return nil
	}
	a, waiting := w.state.Ahead[heldSource]
	if waiting {
		first, err := w.recall(a.Checkpoint)
		if err != nil {
			return err
		}
		waiting = first.Size > shown.Size
	}
	c := w.strip(largest.Proof.Checkpoint)
	if !waiting || c.Size <= shown.Size {
		delete(w.state.Ahead, heldSource)
		if err := w.end(heldSource, Behind, "the ledger shows all that it gave you receipts of again"); err != nil {
			return err
		}
	}
	if c.Size <= shown.Size || w.wentBack() {
		return nil
	}
	if !waiting { // a tree that it came to show since is no reason to wait less for another
		a = ahead{c.Bytes(), w.cfg.Clock().Unix()}
		w.state.Ahead[heldSource] = a
	}
	if w.since(a.Since) < patience {
		return nil
	}
	return w.begin(heldSource, "", Event{Kind: Behind, Severity: Alarm, Index: &c.Size,
		Text: fmt.Sprintf("it went back: the receipt of %s that you have is of a tree of %s, %s, which the ledger signed, and it shows one of %s; for %s it has not shown all that it gave you receipts of",
			largest.Name, entries(c.Size), c.Root, entries(shown.Size), w.since(a.Since))}, nil)
}

// wentBack says whether it is told that the ledger shows less than it showed here.
func (w *Watcher) wentBack() bool {
	_, told := w.state.Standing[Behind]
	return told
}

// waitingHeld says that a receipt is ahead of what the ledger shows, as long as that is
// waited for; "" where none is.
func (w *Watcher) waitingHeld() string {
	a, ok := w.state.Ahead[heldSource]
	if _, told := w.state.Standing[conditionKey(Behind, heldSource)]; !ok || told || w.wentBack() {
		return ""
	}
	c, err := w.recall(a.Checkpoint)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("you have a receipt of a tree of %s, %s, which the ledger signed, and it has shown less since %s: a cache or a copy may be behind, and after %s it is an alarm",
		entries(c.Size), c.Root, record.FormatTime(a.Since), patience)
}

// entries counts the entries of a tree.
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
