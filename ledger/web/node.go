package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// A Node is what a handler asks of a node, one of several of a log of which one leads.
type Node struct {
	Log   func() *ledger.Log                // that admits records while the node leads; nil while it follows
	Owner func() (url string, epoch uint64) // which node leads, "" where that is not known
	Ready func() error                      // says that the node does not show what the log has; nil where it does. Strangers read it

	// Look has a node that follows read what is public now, since there is news, and returns when it has, or
	// can't, or ctx ends; nil for nothing.
	Look func(ctx context.Context)

	Frozen func() bool // says whether the log is frozen for good, also while the node follows; nil for never
	Mark   string      // of this process and no other, by which it knows its own answer (AskForMark); "" for none

	// Forward makes the requests by which a record goes to the node that leads; nil for one that
	// opens at most MaxForwards connections, and goes by no proxy. The other takes this node's word for whom it comes from where it trusts
	// it as a proxy.
	Forward http.RoundTripper
}

// forwardedBy is the field of a request that a node sent on. No node sends it on again: what two
// of them believe of each other may be of another moment.
const forwardedBy = "Chirograph-Forwarded"

// MaxForwards is how many connections to the node that leads are open at once: each is a file of
// the process, beside those of who sends the records, who wait for one as they do for a batch.
const MaxForwards = 128

// Bounds of a record that is sent on.
const (
	forwardDial = 5 * time.Second  // for a connection, and again for its handshake
	forwardIdle = 30 * time.Second // of a connection that no record needs
	maxAnswer   = 16 << 10         // bytes of the header of its answer

	maxForwarded = 64 << 10        // bytes of its answer: a receipt has less than 20 KiB, a problem less
	leaderRetry  = 2               // seconds after which who finds nobody that leads is to ask again: some looks at the head
	forwardTime  = 2 * publishWait // for the answer: the other keeps its submitter for publishWait
)

// newForward returns what sends records on to the other nodes, at addresses that the log names.
func newForward() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: forwardDial, KeepAlive: forwardDial}).DialContext,
		TLSHandshakeTimeout:    forwardDial,
		IdleConnTimeout:        forwardIdle,
		MaxConnsPerHost:        MaxForwards,
		MaxIdleConnsPerHost:    MaxForwards,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
	}
}

// now returns the handler as it is at this moment: that of a node that leads has its Log, and
// that of one whose log is frozen says so.
// Its bounds and counts are those of all.
func (h *Handler) now() *Handler {
	if h.cfg.Node == nil {
		return h
	}
	l := h.cfg.Node.Log()
	if l != nil {
		h.outage.clear()
	}
	frozen := l != nil && l.Frozen() || h.cfg.Node.Frozen != nil && h.cfg.Node.Frozen()
	if l == h.cfg.Log && !frozen {
		return h
	}
	own := *h
	own.cfg.Log = l
	if frozen {
		site := *h.site
		site.Frozen = true
		own.site = &site
	}
	return &own
}

// readyNode says whether a node serves what it is there for.
func (h *Handler) readyNode() (reason string, err error) {
	why := h.cfg.Node.Ready()
	switch err = notReady(why); {
	case errors.Is(why, ledger.ErrUnsigned):
		return reasonKey, err
	case isClock(why):
		return reasonClock, err
	case isRoom(why):
		return reasonDisk, err
	case h.cfg.Log == nil:
		return reasonBehind, err
	}
	return reasonNode, err
}

// leaderless is the problem that a record reaches nobody who is known to take it. It says of
// none that it is not taken: who leads may have it by an earlier submission, which a node
// without a Log cannot know.
func leaderless(format string, args ...any) *problem {
	p := newProblem(http.StatusServiceUnavailable, format, args...)
	p.retryAfter = leaderRetry
	p.tell(unsure)
	return p
}

// leader returns the node to which a record is sent on, and in which epoch it leads. Its URL is for
// the nodes: strangers are not told it.
func (h *Handler) leader(q *request) (owner string, epoch uint64, err error) {
	owner, epoch = h.cfg.Node.Owner()
	switch {
	case owner == "":
		return "", 0, leaderless("this node does not lead the ledger, and knows of none that does")
	case len(q.Header[forwardedBy]) > 0:
		return "", 0, leaderless("the record came from another node, and this one does not lead the ledger")
	case strings.EqualFold(mediaType(q.Header), recordsType):
		return "", 0, leaderless("this node does not lead the ledger, and takes records one by one: the one that leads takes many")
	}
	return owner, epoch, nil
}

// forward sends a record to the node that leads, and answers what that answers. One that is
// public is answered here.
func (h *Handler) forward(q *request) (*answer, error) {
	owner, epoch, err := h.leader(q)
	if err != nil {
		return nil, err
	}
	body, err := readRecord(q.Request)
	if err != nil {
		return nil, err
	}
	if q.view != nil {
		s, index, ok, err := parse(q.view, body)
		if err != nil {
			return nil, err
		}
		if ok && q.view.Begun() {
			return h.again(q, s.id, index)
		}
	}
	if err := h.submitters.take(q.from, 1, ledger.ErrBusy); err != nil {
		return nil, &unsureError{err}
	}
	defer h.submitters.give(q.from, 1)
	if err := h.submitted.take(q.from, h.cfg.Clock()); err != nil {
		return nil, err
	}
	a, err := h.send(q, owner, epoch, body)
	if err == nil {
		h.shows(q.Context(), a)
	}
	return a, err
}

func (h *Handler) send(q *request, owner string, epoch uint64, body []byte) (*answer, error) {
	ctx, cancel := h.whileLeads(q.Context(), owner, epoch)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, owner+"/records", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", plainText)
	r.Header.Set("User-Agent", "chirograph")
	r.Header.Set(forwardedBy, "1")
	if q.from.IsValid() {
		r.Header.Set("X-Forwarded-For", q.from.String())
	}
	resp, err := h.onward.RoundTrip(r) // and no redirect
	if err != nil {
		return nil, h.unreached(q, owner, epoch, unfound(err))
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxForwarded+1))
	if err == nil && len(b) > maxForwarded {
		err = fmt.Errorf("its answer has more than %d bytes", maxForwarded)
	}
	if err == nil && !ofLedger(resp, body) {
		err = fmt.Errorf("its answer %.60q of the type %.60q is none of a ledger", resp.Status, mediaType(resp.Header))
	}
	if err != nil {
		return nil, h.unreached(q, owner, epoch, err)
	}
	if h.outage.ends(h.cfg.Clock()) {
		h.log.Info("records reach the node that leads again", "owner", owner)
	}
	return forwarded(resp, b), nil
}

// ofLedger says whether an answer may be of a ledger. What stands between two nodes, or in the
// place of one, may answer too, and its refusal would be taken for the ledger's.
func ofLedger(resp *http.Response, body []byte) bool {
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated:
		// Its receipt is verified, or is none; but no page of somebody else's is shown as the ledger's.
		return mediaType(resp.Header) == plainText && ofRecord(resp.Header.Get("Location"), body)
	}
	return resp.StatusCode >= 400 && resp.StatusCode < 600 && mediaType(resp.Header) == problemText
}

// ofRecord says whether a Location is that of the record that was sent.
func ofRecord(location string, body []byte) bool {
	n, err := note.Parse(body)
	return err == nil && location == "/records/"+record.ID(sha256.Sum256(n.Text)).String()
}

// handedOver makes the end of a node's Log a problem of its own: another node leads soon, and
// nobody has to look after anything.
func (h *Handler) handedOver(err error) error {
	var there *registeredError
	if h.cfg.Node == nil || !errors.Is(err, ledger.ErrStopped) || errors.As(err, &there) {
		return err
	}
	return leaderless("this node does not lead the ledger any more")
}

// forwarded is the answer of another node, with those fields of its header that say
// something of it.
func forwarded(resp *http.Response, body []byte) *answer {
	a := &answer{status: resp.StatusCode, media: resp.Header.Get("Content-Type"), cache: never, body: body, retryAfter: resp.Header.Get("Retry-After")}
	if location := resp.Header.Get("Location"); resp.StatusCode < 300 { // which was looked at
		a.location = location
	}
	return a
}

// unreached is the problem that the node which leads did not answer.
func (h *Handler) unreached(q *request, owner string, epoch uint64, err error) error {
	if q.Context().Err() != nil {
		return q.Context().Err()
	}
	if h.cfg.Node.Log() == nil && h.outage.fails(owner, epoch, err, h.cfg.Clock()) { // one that leads by now has no outage
		h.log.Warn("records do not reach the node that leads", "owner", owner, "why", err)
	}
	return leaderless("the node that leads the ledger gave no answer")
}
