package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// publishWait is how long a submitter is kept while the ledger waits for its
// witnesses: less than the minute after which proxies give up, and more than a
// witness takes that was slow once.
const publishWait = 30 * time.Second

// register takes a record. What costs least is asked first: whoever sends bytes
// that are no record, or one that is here already, has none of its signatures
// checked.
func (h *Handler) register(q *request) (*answer, error) {
	body, err := readRecord(q.Request)
	if err != nil {
		return nil, err
	}
	n, err := note.Parse(body)
	if err != nil {
		return nil, &rules.Refusal{Rule: rules.Form, Reason: err.Error()}
	}
	id := record.ID(sha256.Sum256(n.Text))
	index, ok, err := q.view.Index(id)
	if err != nil {
		return nil, err
	}
	if ok {
		receipt, err := h.receipt(q, index)
		if err != nil {
			return nil, &registeredError{err}
		}
		return submitted(http.StatusOK, id, receipt), nil
	}
	r, err := h.open(q, body)
	if err != nil {
		return nil, err
	}
	select {
	case h.submitters <- struct{}{}:
		defer func() { <-h.submitters }()
	default:
		return nil, ledger.ErrBusy
	}
	ctx, cancel := context.WithTimeout(q.Context(), publishWait)
	defer cancel()
	reg, err := h.cfg.Log.Append(ctx, r)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ledger.ErrClosed):
		return nil, h.missing(id, err)
	case err != nil:
		return nil, err
	}
	status := http.StatusOK
	if reg.New {
		status = http.StatusCreated
	}
	// Not through the gate: what is registered is not turned away any more.
	receipt, err := reg.View.Receipt(reg.Index)
	if err != nil {
		return nil, &registeredError{err}
	}
	return submitted(status, id, receipt), nil
}

// open checks every signature line, when it is this request's turn.
func (h *Handler) open(q *request, body []byte) (*record.Record, error) {
	if err := h.gate.enter(q.Context()); err != nil {
		return nil, err
	}
	defer h.gate.leave()
	r, err := record.Open(body, note.PublicKey.Verify)
	var fault *record.SignatureError
	switch {
	case errors.As(err, &fault):
		return nil, h.cfg.Log.Refuse(fault)
	case err != nil:
		return nil, &rules.Refusal{Rule: rules.Form, Reason: err.Error()}
	}
	return r, nil
}

// submitted answers a submission with the receipt.
func submitted(status int, id record.ID, receipt []byte) *answer {
	return &answer{status: status, media: plainText, cache: never, body: receipt, location: "/records/" + id.String()}
}

// readRecord returns a body that may be a record.
func readRecord(r *http.Request) ([]byte, error) {
	if err := checkMedia(r.Header); err != nil {
		return nil, err
	}
	if r.ContentLength > int64(record.MaxRecord) {
		return nil, tooLarge(fmt.Sprintf("%d", r.ContentLength))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(record.MaxRecord)+1))
	switch {
	case err != nil:
		// It is the connection that failed. The reason names addresses.
		return nil, newProblem(http.StatusBadRequest, "the body broke off after %d bytes", len(body))
	case len(body) > record.MaxRecord:
		return nil, tooLarge(fmt.Sprintf("%d or more", len(body)))
	}
	return body, nil
}

func tooLarge(size string) error {
	return &rules.Refusal{Rule: rules.Size, Reason: fmt.Sprintf("the record has %s bytes, at most %d are allowed", size, record.MaxRecord)}
}

// checkMedia refuses what is not sent as UTF-8 text.
func checkMedia(h http.Header) error {
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, ok := parameters["charset"]
	switch {
	case err != nil || media != "text/plain":
		return newProblem(http.StatusUnsupportedMediaType, "the content type is %.100q, a record is sent as %s", h.Get("Content-Type"), plainText)
	case ok && !strings.EqualFold(charset, "utf-8"):
		return newProblem(http.StatusUnsupportedMediaType, "the charset is %.100q, a record is sent in utf-8", charset)
	case h.Get("Content-Encoding") != "":
		return newProblem(http.StatusUnsupportedMediaType, "the content encoding is %.100q, a record is sent without any", h.Get("Content-Encoding"))
	}
	return nil
}
