package main

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
)

// A refusedResult is a record that is not registered, as submit, update and status
// print it as data.
type refusedResult struct {
	ID    string `json:"id"`
	Kind  string `json:"kind,omitempty"`
	Title string `json:"title,omitempty"`
	Rule  string `json:"rule,omitempty"` // by which the ledger refused it
	Error string `json:"error"`

	Frozen bool `json:"frozen,omitempty"` // the ledger says that it registers nothing any more, for good
}

func newRefused(r *record.Record, err error) refusedResult {
	t := r.Text()
	refused := refusedResult{ID: r.ID().String(), Kind: t.Kind.String(), Title: t.Title, Error: err.Error()}
	var answered *client.Refusal
	if errors.As(err, &answered) {
		refused.Rule, refused.Frozen = string(answered.Rule), answered.Frozen
	}
	return refused
}

// printRefused prints what was registered, and, as data, what was not.
func (a *app) printRefused(results []registeredResult, refused []refusedResult, asJSON bool) error {
	if !asJSON {
		return a.printResults(results, false)
	}
	all := []any{}
	for _, r := range results {
		all = append(all, r)
	}
	for _, r := range refused {
		all = append(all, r)
	}
	return a.printJSON(all)
}

// printRefusal prints as data that the answer was no. Another error is no answer.
func (a *app) printRefusal(results []registeredResult, r *record.Record, err error, asJSON bool) error {
	var n *negative
	if !asJSON || !errors.As(err, &n) {
		return nil
	}
	return a.printRefused(results, []refusedResult{newRefused(r, err)}, true)
}

// refusedStatus returns the answer no, which it prints as data where that is asked for.
func (a *app) refusedStatus(q *question, answer error, asJSON bool) error {
	if !asJSON {
		return answer
	}
	return errors.Join(a.printJSON(refusedResult{ID: q.id.String(), Error: answer.Error(), Frozen: q.frozen}), answer)
}

// ready returns a record of a dossier as it can be submitted; nil for one that cannot
// be yet, and why. A revocation is never submitted out of a dossier: it may have come
// there by mistake, and cannot be taken back.
func (a *app) ready(h *held, r *record.Record) (ready *record.Record, why string, err error) {
	if r.Text().Kind == record.Revocation {
		return nil, recordName(r) + ": a revocation is registered only by itself: chirograph submit NOTE --ledger URL", nil
	}
	u, err := usable(h, r)
	if err != nil {
		return nil, "", err
	}
	if !u.Complete() {
		return nil, recordName(r) + ": " + a.state(h, r), nil
	}
	if out := leftOut(h, r); out != "" {
		a.say("%s: %s; it has enough without", recordName(r), out)
	}
	return u, "", nil
}

// count says how many of a thing there are, in the plural that is formed with an s.
func count(n int, thing string) string { return counted(n, thing, thing+"s") }

// counted says how many of a thing there are.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// days says how long a notice is, before the word.
func days(n int) string {
	if n == 1 {
		return "1 day's"
	}
	return fmt.Sprintf("%d days'", n)
}
