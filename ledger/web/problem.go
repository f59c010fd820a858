package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A problem is an error as the caller sees it: problem details (RFC 9457).
type problem struct {
	Type   string     `json:"type"` // about:blank, where the status says it, and for a record the rule; or notPublic, notTaken, frozen
	Title  string     `json:"title"`
	Status int        `json:"status"`
	Detail string     `json:"detail,omitempty"`
	Rule   rules.Rule `json:"rule,omitempty"`

	allow      string // with 405
	retryAfter int    // seconds, with 429 and 503
	cause      error  // of a 5xx, for the log alone; nil where nothing is wrong
	page       []byte // with the same words, for people; nil for others
}

func (p *problem) Error() string { return p.Detail }

func newProblem(status int, format string, args ...any) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *problem {
	return newProblem(http.StatusNotFound, format, args...)
}

// notPublic is the type of the problem that a record is in the log, and not yet in what
// is published.
const notPublic = "urn:chirograph:not-public-yet"

// notTaken is the type of the problem that a record which was sent is not in the log, so
// that whoever wants it there sends it again.
const notTaken = "urn:chirograph:not-taken"

// frozen is the type of the problem that the ledger registers nothing any more, for good.
const frozen = "urn:chirograph:frozen"

// frozenProblem is the problem of the type frozen.
func frozenProblem() *problem {
	p := newProblem(http.StatusForbidden, "the ledger is frozen for good: it registers nothing any more, and goes on to show what it has")
	p.Type = frozen
	return p
}

// taken is the problem of the type notPublic. It says nothing of the record.
func (h *Handler) taken() *problem {
	why, after := "it is about to be", 1
	if h.cfg.Log.Waiting() != 0 {
		why, after = "it waits for the ledger's witnesses", publishRetry
	}
	p := newProblem(http.StatusServiceUnavailable, "taken, not public yet: %s", why)
	p.Type, p.retryAfter = notPublic, after
	return p
}

// publishRetry is after how many seconds who waits for a quorum is to ask again.
const publishRetry = 10

// missing returns the error for a record that the view does not have, unless it was
// taken and is not public yet. Then it is that.
func (h *Handler) missing(id record.ID, err error) error {
	if h.cfg.Log == nil {
		return err
	}
	switch ok, err2 := h.cfg.Log.Taken(id); {
	case err2 != nil:
		return err2
	case ok:
		return h.taken()
	}
	return err
}

func methodNotAllowed(allow string) *problem {
	p := newProblem(http.StatusMethodNotAllowed, "only %s is allowed here", allow)
	p.allow = allow
	return p
}

// roomRetry is after how many seconds who finds a full disk is to ask again: somebody has
// to look after it.
const roomRetry = 60

// refusals is the status of each rule (FORMATS.md, section 4). Once is none: its
// answer is the receipt.
var refusals = map[rules.Rule]int{
	rules.Form:       http.StatusBadRequest,
	rules.Size:       http.StatusRequestEntityTooLarge,
	rules.Refers:     http.StatusUnprocessableEntity,
	rules.Time:       http.StatusUnprocessableEntity,
	rules.Signed:     http.StatusUnprocessableEntity,
	rules.Revoked:    http.StatusConflict,
	rules.Quorum:     http.StatusUnprocessableEntity,
	rules.Replaces:   http.StatusConflict,
	rules.Under:      http.StatusConflict,
	rules.Terminates: http.StatusConflict,
}

// unavailable is what the caller learns where the ledger would register the record
// at another time. Of a cause he learns nothing.
var unavailable = []unready{
	{is(errBusy), 1, "the ledger has as many requests at hand as it can take", left, false},
	{is(errFull), 10, "the ledger has as many large answers at hand as it can hold", unsure, false},
	{is(ledger.ErrBusy), 1, "the ledger has as many records at hand as it can take", left, false},
	{is(ledger.ErrClosed), 10, "the ledger is stopping", left, false},
	{is(ledger.ErrUnsigned), 10, "the ledger cannot sign its tree at the moment", left, true},
	{is(errKey), 10, "the ledger cannot sign its tree at the moment", left, false}, // whoever looks after the key has said so
	{isRoom, roomRetry, "the ledger's disk is nearly full, so that it registers nothing until there is room", left, false},
	{is(errClock), 60, "the ledger's clock is behind its last entry", left, false},
	{isClock, 60, "the ledger's clock is behind its last entry", left, true},
	{is(ledger.ErrUnconfirmed), leaderRetry, "the ledger's object store does not confirm what the ledger would say", unsure, false},
	{is(ledger.ErrStopped), 60, "the ledger has stopped, and registers nothing until it was looked after", unsure, true},
	{is(ledger.ErrDoubt), 60, "witnesses of the ledger say, without a proof, that they have seen another history of it, so that it registers nothing until they cosign again", left, false},
	{is(context.Canceled), 1, "the request ended before its answer", unsure, false},
	{is(ledger.ErrNoQuorum), publishRetry, "the ledger's witnesses have not cosigned its tree yet", left, false},
	{is(context.DeadlineExceeded), publishRetry, "the ledger's witnesses have not cosigned its tree yet", queued, false},
}

type unready struct {
	is         func(error) bool
	retryAfter int // seconds: a few syncs of the disk; a slow reader, a restart; a look by the operator
	detail     string
	sent       fate // of a record that was sent
	log        bool // somebody has to look at it
}

// A fate is what becomes of a record that was sent, and answered by a 503.
type fate int

const (
	unsure fate = iota // it may be registered, or not: its answer may be what could not be given
	left               // it is not, by this submission
	queued             // it stands in line, and is forgotten when the ledger ends before its turn
)

// tell says in the answer to a submission what became of the record.
func (p *problem) tell(sent fate) {
	switch sent {
	case unsure:
		p.Detail += "; a record that was sent may be registered all the same: ask for it by its id"
	case left:
		p.Type, p.Detail = notTaken, "not taken, send it again later: "+p.Detail
	case queued:
		p.Type, p.Detail = notTaken, "not taken yet, send it again later: "+p.Detail+", and it stands in line behind that"
	}
}

// A registeredError is one on the way to the receipt of a record that is public.
type registeredError struct{ error }

func (e *registeredError) Unwrap() error { return e.error }

// An unsureError is one after which a record of the id that was sent may be registered
// all the same, whatever became of these bytes.
type unsureError struct{ error }

func (e *unsureError) Unwrap() error { return e.error }

// fate returns the error for a record that was sent and not registered, where the ledger
// could at another time. Then what is said is true of its id too: the record may be on
// disk, or wait, by an earlier submission, with other signature lines perhaps.
func (h *Handler) fate(ctx context.Context, id record.ID, body []byte, err error) error {
	var there *registeredError
	i := slices.IndexFunc(unavailable, func(u unready) bool { return u.is(err) })
	if i < 0 || unavailable[i].sent == unsure || errors.As(err, &there) || tooMany(err) != nil {
		return err
	}
	fate, failed := h.cfg.Log.Fate(ctx, id, body)
	switch {
	case failed != nil:
		return failed
	case fate == ledger.Stored:
		return h.taken()
	case fate == ledger.Unsure || fate == ledger.Absent && unavailable[i].sent == queued: // it has its answer by now
		return &unsureError{err}
	}
	return err
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isClock(err error) bool {
	var clock *ledger.ClockError
	return errors.As(err, &clock)
}

// problemOf is the one table from errors to statuses. The reason of a 4xx is in
// it, that of a 5xx is its cause. A record was sent, or else something is read.
func problemOf(err error, sent bool) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	if p := tooMany(err); p != nil {
		return p
	}
	var refusal *rules.Refusal
	if errors.As(err, &refusal) {
		if status, ok := refusals[refusal.Rule]; ok {
			p := newProblem(status, "%s", refusal.Reason)
			p.Rule = refusal.Rule
			return p
		}
	}
	if errors.Is(err, ledger.ErrFrozen) {
		return frozenProblem()
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return notFound("%s", err)
	}
	for _, u := range unavailable {
		if !u.is(err) {
			continue
		}
		p := newProblem(http.StatusServiceUnavailable, "%s", u.detail)
		p.retryAfter = u.retryAfter
		var there *registeredError
		var other *unsureError
		switch {
		case errors.As(err, &there):
			p.Detail += "; the record is registered: ask for its receipt by its id"
		case errors.As(err, &other):
			p.tell(unsure)
		case sent:
			p.tell(u.sent)
		}
		if u.log {
			p.cause = err
		}
		return p
	}
	p = newProblem(http.StatusInternalServerError, "the ledger could not answer, and its log says why")
	p.cause = err
	return p
}

func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	switch p.Status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		// The body was not read. Without this net/http would, before the answer leaves,
		// and wait for it as long as readTimeout.
		if r.ContentLength != 0 {
			closes(w, r)
		}
	}
	send(w, r, p.Status, p.header(w.Header()))
}

// refuse answers with a problem: people get it as a page. Over HTTP/2, where a reader can
// hold back a single answer by its window, he has as long for it as for any other.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, p *problem) {
	if r.ProtoMajor >= 2 {
		defer h.hurry(w, 0, func() {})()
	}
	if forPeople(r) {
		told := pages.Problem{Status: p.Status, Title: p.Title, Detail: p.Detail, Rule: string(p.Rule)}
		page, err := h.site.ProblemHTML(r.URL.EscapedPath(), told)
		if err != nil {
			h.log.Error("page of a problem failed", "error", err)
		} else {
			p.page = page
		}
	}
	p.write(w, r)
}

// header sets the fields of the header that are a problem's, and returns its body.
func (p *problem) header(h http.Header) []byte {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and a number
	}
	body = append(body, '\n')
	h.Set("Content-Type", problemText)
	if p.page != nil {
		body = p.page
		h.Set("Content-Type", htmlText)
		h["Content-Security-Policy"] = pageSecurity
	}
	h.Set("Cache-Control", never)
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return body
}
