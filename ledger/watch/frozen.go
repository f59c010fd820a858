package watch

import "context"

// hearEvery is how often the ledger is asked whether it is frozen: it says so for good.
const hearEvery = compareEvery

// frozen tells that the ledger says that it is frozen for good. Where it does not answer
// that, or a copy of it answers, which does not know it, nothing is told: what was told
// stands.
func (w *Watcher) frozen(ctx context.Context) error {
	now := w.cfg.Clock()
	if since := now.Sub(w.heardAt); since >= 0 && since < hearEvery {
		return nil
	}
	word, err := w.ledger.Word(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	w.heardAt = now
	switch {
	case err != nil || word.Copy && !word.Frozen:
		return nil
	case word.Frozen:
		return w.begin("", "", Event{Kind: Frozen, Severity: Alarm,
			Text: "the ledger says, which nothing signs, that it is frozen for good: it registers nothing any more, so that no contract in it can be amended or ended, nothing stated or resolved, and no key revoked"}, nil)
	}
	return w.end("", Frozen, "the ledger says that it registers records again")
}
