package web

import (
	"cmp"
	"net/http"
)

// A Copy is what a handler says that serves a copy of another's log, and has no Log.
type Copy struct {
	Ledger string       // the URL of the ledger, which registers records; may be empty
	Ready  func() error // says that the copy does not show what the ledger does; nil where it does. Strangers read it
}

// behindRetry is after how many seconds a copy is asked again that is behind: some turns.
const behindRetry = 10

// elsewhere refuses a record, and says who takes it. It is no redirect: clients send a
// record to the ledger that they know, and to no other that somebody names.
func (h *Handler) elsewhere() error {
	return newProblem(http.StatusForbidden, "this is a copy of the ledger %s, which registers nothing; the ledger is at %s",
		h.cfg.Key.Name(), cmp.Or(h.cfg.Copy.Ledger, "the URL in its policy"))
}

// empty is the error of a copy that has nothing to show yet.
func empty() error {
	p := newProblem(http.StatusServiceUnavailable, "this copy of the ledger has read nothing to its end yet")
	p.retryAfter = behindRetry
	return p
}

// readyCopy says whether the copy shows what the ledger does.
func (h *Handler) readyCopy() error { return notReady(h.cfg.Copy.Ready()) }

// notReady is the problem of what is not ready, for a reason that strangers may read.
func notReady(err error) error {
	if err == nil {
		return nil
	}
	p := newProblem(http.StatusServiceUnavailable, "%s", err)
	p.retryAfter = behindRetry
	return p
}
