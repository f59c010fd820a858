package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// SubmitTime is how long [Client.Submit] goes on at most, all tries together, when the
// ledger has no time or the connection is lost.
const SubmitTime = 3 * time.Minute

const (
	maxTries  = 6
	firstWait = 1 * time.Second  // where the ledger does not say; doubled each time: 31 s for six tries
	maxWait   = 60 * time.Second // of what a ledger may ask for
)

// A Receipt is a receipt that holds.
type Receipt struct {
	*verify.Registration
	Bytes []byte // the tlog-proof as it came
	// New says that the ledger registered the record upon this submission, by its
	// word. It is false too where the answer was lost and asked for again.
	New bool
}

// An Unanswered is the error of a [Client.Submit] that has given up. A try at least came
// to a server, so that the record may be registered all the same.
type Unanswered struct {
	ID    record.ID
	Tries int
	Err   error // of the last try that says more than that the time is over; a [*NotPublic] if an answer was one, else perhaps a [*NotTaken]
}

func (u *Unanswered) Error() string {
	var taken *NotPublic
	var not *NotTaken
	if errors.As(u.Err, &taken) || errors.As(u.Err, &not) {
		return fmt.Sprintf("no receipt of record %s in %s: %s", u.ID, tries(u.Tries), u.Err)
	}
	return fmt.Sprintf("no answer in %s, record %s may be registered all the same: %s", tries(u.Tries), u.ID, u.Err)
}

func (u *Unanswered) Unwrap() error { return u.Err }

// Submit registers a record, or finds that it is registered, and returns the
// verified receipt; its record may have other signature lines than r, and then
// they stand. Where the ledger has no time or no quorum, or the connection is lost, it asks for
// the record and submits it again, for at most three minutes. The error is a
// [*Refusal] where the ledger refuses the record, an [*Unmet] where its receipt
// has not the policy's quorum, and an [*Unanswered] where there was no other answer. After any but a refusal the record may be registered all the same,
// unless no server was there from the first.
func (c *Client) Submit(ctx context.Context, r *record.Record) (*Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, SubmitTime)
	defer cancel()
	a := attempts{client: c}
	wait := firstWait
	for try := 1; ; try++ {
		receipt, err := c.post(ctx, r)
		var t *trouble
		if !errors.As(err, &t) || !t.connected && try == 1 {
			return receipt, err
		}
		if a.last == nil || ctx.Err() == nil {
			a.last = err
		}
		a.heard(err)
		if try == maxTries || !sleep(ctx, min(max(t.after, wait), maxWait)) {
			return nil, &Unanswered{r.ID(), try, cmp.Or(a.taken, a.last)}
		}
		wait *= 2
		receipt, err = c.Receipt(ctx, r.ID())
		if err == nil || !again(err) {
			return receipt, err
		}
		a.heard(err)
	}
}

// attempts are the tries of one submission.
type attempts struct {
	client *Client
	last   error // of a POST, that says more than that the time is over
	taken  error // the first by a [*NotPublic]; nil before
	told   bool  // that it takes time
}

// heard looks at an error after which the ledger is asked again.
func (a *attempts) heard(err error) {
	var taken *NotPublic
	if a.taken == nil && errors.As(err, &taken) {
		a.taken = err
	}
	var t *trouble
	if errors.As(err, &t) && t.status == http.StatusServiceUnavailable && !a.told && a.client.waiting != nil {
		a.told = true
		a.client.waiting(t.detail)
	}
}

// again says whether a record may be submitted after its receipt could not be had:
// it is not registered, or nobody knows.
func again(err error) bool {
	var t *trouble
	var refusal *Refusal
	return errors.As(err, &t) || errors.As(err, &refusal) && refusal.Status == http.StatusNotFound
}

func (c *Client) post(ctx context.Context, r *record.Record) (*Receipt, error) {
	a, err := c.do(ctx, http.MethodPost, "/records", r.Bytes(), tlog.MaxProof)
	if err != nil {
		return nil, err
	}
	receipt, err := c.receipt(r.ID(), a.body)
	if err != nil {
		return nil, fmt.Errorf("POST %s/records: %w", c.base, err)
	}
	receipt.New = a.status == http.StatusCreated
	return receipt, nil
}

// sleep waits, and says whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tries counts how often a ledger was asked.
func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}
