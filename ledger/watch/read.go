package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// read audits what is new, and returns what the ledger shows, nil where it shows nothing
// that its key signed, and whether all entries of it were judged, as far as this program
// can and up to what is told as wrong.
func (w *Watcher) read(ctx context.Context) (_ *tlog.SignedCheckpoint, whole bool, _ error) {
	shown, err := w.ledger.Checkpoint(ctx)
	if err != nil {
		if err := w.unread(ctx, fmt.Sprintf("it shows no checkpoint: %s", err)); err != nil {
			return nil, false, err
		}
		return nil, false, w.relateOwn(ctx)
	}
	idle, err := w.judged(shown.Checkpoint)
	if err != nil || idle {
		return &shown.SignedCheckpoint, idle, err
	}
	reading, cancel := context.WithTimeout(ctx, w.reading)
	defer cancel()
	result, err := audit.Run(reading, audit.Config{
		Client: w.ledger, Policy: w.audited, Copy: w.store, Clock: w.cfg.Clock, Random: w.cfg.Random, Progress: w.cfg.Progress,
	})
	if result.Checkpoint != nil {
		shown = result.Checkpoint
	}
	var unknown *verify.UnknownKind
	whole = err == nil || errors.As(err, &unknown) || result.Judged >= shown.Size
	if err := w.owes(shown.Size, whole, result); err != nil {
		return nil, false, err
	}
	return &shown.SignedCheckpoint, whole, w.found(ctx, result, err)
}

// judged says whether a checkpoint is the one that was audited last, to its end and
// with nothing wrong, and it is not yet time to compare what is served beside it.
func (w *Watcher) judged(c tlog.Checkpoint) (bool, error) {
	kept, err := w.kept()
	if err != nil || kept == nil {
		return false, err
	}
	for _, kind := range append([]string{Unreachable, Unjudged}, brokenKinds...) {
		if _, ok := w.state.Standing[kind]; ok {
			return false, nil
		}
	}
	head := w.store.Head().Checkpoint
	since := w.cfg.Clock().Sub(w.compared)
	return c == kept.Checkpoint && head.Checkpoint == kept.Checkpoint && since >= 0 && since < compareEvery, nil
}

// unread tells that the ledger could not be read, or not to the end.
func (w *Watcher) unread(ctx context.Context, why string) error {
	if err := errors.Join(ctx.Err(), w.store.Err()); err != nil {
		return err
	}
	if w.state.Standing[Unreachable].What == withheld {
		return nil
	}
	return w.begin("", "", Event{Kind: Unreachable, Severity: Info, Text: why}, nil)
}

// found tells what an audit found out.
func (w *Watcher) found(ctx context.Context, result *audit.Result, failure error) error {
	var unknown *verify.UnknownKind
	switch {
	case errors.As(failure, &unknown):
		return w.begin("", unknown.Line, Event{Kind: Unjudged, Severity: Alarm, Index: &result.Judged,
			Text: fmt.Sprintf("%s; nothing from there on is judged: a newer version of this program may", failure)}, nil)
	case errors.Is(failure, context.DeadlineExceeded) && ctx.Err() == nil && result.Checkpoint != nil && result.Judged > result.Known:
		return w.unread(ctx, fmt.Sprintf("it could not be read to the end in %s: the entries from %d on are left for the next look", w.reading, result.Judged))
	case failure != nil:
		return w.unread(ctx, fmt.Sprintf("it could not be read to the end: %s", failure))
	}
	if w.state.Owed.Size > 0 {
		return nil // what it shows is older than what it does not serve
	}
	if err := errors.Join(
		w.end("", Unreachable, "the ledger can be read again"),
		w.end("", Unjudged, "the ledger can be judged to the end again"),
	); err != nil {
		return err
	}
	kind := ""
	if f := result.Finding; f != nil {
		var err error
		if kind, err = w.finding(ctx, f, result.Checkpoint.SignedCheckpoint); err != nil {
			return err
		}
	} else {
		w.compared = w.cfg.Clock()
	}
	return w.over(kind)
}

// over ends what an audit that found this, "" for nothing, has looked at and not found:
// it stops at what it finds, and says nothing of what it would have compared after that.
func (w *Watcher) over(found string) error {
	for _, k := range []struct {
		kind, text string
		passed     []string
	}{
		{Behind, "the ledger shows all that it has signed again", []string{"", Rule, Status}},
		{Tree, "what the ledger serves is of its tree again", []string{"", Status}},
		{Status, "what the ledger says of contracts is what its log says again", []string{""}},
	} {
		if !slices.Contains(k.passed, found) {
			continue
		}
		if err := w.end("", k.kind, k.text); err != nil {
			return err
		}
	}
	return nil
}

// finding tells what an audit found, and returns the kind of it.
func (w *Watcher) finding(ctx context.Context, f *audit.Finding, shown tlog.SignedCheckpoint) (string, error) {
	e := Event{Kind: string(f.Rule), Severity: Alarm, Text: f.Reason}
	what := ""
	switch f.Rule {
	case audit.Tree, audit.Behind:
	case audit.Status, verify.Fork:
		e.Index = &f.Index
	default:
		e.Kind, e.Index, e.Text, what = Rule, &f.Index, f.String(), fmt.Sprintf("%s %d", f.Rule, f.Index)
	}
	if f.ID != (record.ID{}) {
		e.ID = f.ID.String()
	}
	if f.Doubt != "" {
		e.Text += "; it leaves open: " + f.Doubt
	}
	if f.Rule == verify.Fork && f.Evidence != nil {
		c, err := verify.ParseEvidence(f.Evidence)
		if err != nil {
			return "", err
		}
		e.about = treesOf(c.Checkpoint.Checkpoint, c.Consistency.Checkpoint.Checkpoint)
		return e.Kind, w.beginFork(ctx, &source{peer: w.ledger}, shown, e, f.Evidence)
	}
	return e.Kind, w.begin("", what, e, f.Evidence)
}

// demand asks for the policy's quorum, which renews what was judged and nothing else.
func (w *Watcher) demand(shown tlog.SignedCheckpoint, whole bool) error {
	c, err := w.cfg.Policy.Checkpoint(shown)
	if err == nil {
		_, err = w.cfg.Policy.SeenBy(c)
	}
	if err != nil {
		return w.begin("", "", Event{Kind: Quorum, Severity: Alarm,
			Text: fmt.Sprintf("the checkpoint of %d entries is shown without the quorum: %s", shown.Size, err)}, nil)
	}
	if at, ok := w.cfg.Policy.RenewedAt(w.log, shown); ok && whole {
		now := w.cfg.Clock().Unix()
		switch {
		case at <= now:
			w.state.Renewed = max(w.state.Renewed, at)
		case at > w.state.Future: // of a time to come it is worth when it came, once
			w.state.Future, w.state.Renewed = at, now
		}
	}
	return w.end("", Quorum, fmt.Sprintf("the quorum %s is met again", w.cfg.Policy.Quorum))
}

// fresh asks how long ago the quorum had seen what was judged; where nobody but the ledger
// says what time it is, how long ago the ledger was read to its end.
func (w *Watcher) fresh() error {
	if w.cfg.Fresh == 0 {
		return nil
	}
	last, text := w.state.Reached, "the ledger was last read to its end at %s"
	if !w.ledgerOnly() {
		last, text = w.state.Renewed, "what could be read of the ledger to its end, the quorum had last seen at %s"
	}
	if last == 0 {
		last, text = w.state.Began, "the ledger has shown nothing that the quorum saw and that could be read to its end since %s"
	}
	if w.since(last) <= w.cfg.Fresh {
		return w.end("", Stale, "the ledger is fresh again")
	}
	return w.begin("", "", Event{Kind: Stale, Severity: Alarm,
		Text: fmt.Sprintf(text+", more than %s ago", record.FormatTime(last), w.cfg.Fresh)}, nil)
}

// since returns how long ago a remembered time was.
func (w *Watcher) since(then int64) time.Duration {
	return time.Duration(w.cfg.Clock().Unix()-then) * time.Second
}

// ledgerOnly says whether the ledger's own keys make the quorum.
func (w *Watcher) ledgerOnly() bool {
	var own []verify.Cosignature
	for _, v := range w.cfg.Policy.Witnesses {
		if w.log.Owns(v) {
			own = append(own, verify.Cosignature{Witness: v, Own: true})
		}
	}
	return w.cfg.Policy.LedgerOnly(own)
}
