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
	s, index, ok, err := parse(q.view, body)
	if err != nil {
		return nil, err
	}
	if ok && q.view.Begun() {
		return h.again(q, s.id, index)
	}
	a, err := h.submit(q, s)
	var refusal *rules.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Rule == rules.Once:
		// It became public since q.view, and these lines were at fault.
		q.view = h.cfg.View()
		return h.again(q, s.id, refusal.Index)
	case err != nil:
		return nil, h.fate(q.Context(), s.id, body, err)
	}
	return a, nil
}

// registerMany answers a stream of records. After an error nothing was written.
func (h *Handler) registerMany(w http.ResponseWriter, e endpoint, q *request) error {
	if !q.ProtoAtLeast(1, 1) {
		return newProblem(http.StatusHTTPVersionNotSupported, "many records are taken over HTTP/1.1 or later alone: an answer that was cut looks whole over %s; a proxy on the way may have to be told", q.Proto)
	}
	if err := checkEncoding(q.Header); err != nil {
		return err
	}
	if err := h.streams.take(q.from, 1, errBusy); err != nil {
		return err
	}
	defer h.streams.give(q.from, 1)
	c := http.NewResponseController(w)
	if err := errors.Join(c.EnableFullDuplex(), c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})); err != nil {
		return err
	}
	header := w.Header()
	secure(header)
	header["Content-Type"], header["Cache-Control"] = values(linesType), values(never)
	if q.ProtoMajor == 1 {
		header.Set("Connection", "close") // else what follows a fault in the stream would be the next request
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(q.Context()))
	defer cancel()
	with := *q
	with.Request = q.Request.WithContext(ctx)
	s := &stream{
		h: h, e: e, q: &with, w: w, control: c, receipts: q.URL.RawQuery == receiptsQuery, room: newRoom(),
		work: make(chan *item, streamFlight), read: make(chan *item, streamFlight),
		submitted: make(chan *item, streamFlight), answered: make(chan []*item, streamFlight),
		submitters: own{share: h.submitters}, records: own{share: h.records},
	}
	// net/http ends the context of a request when reading fails, also where that is our
	// own interrupt, after which there are answers to come.
	stop := context.AfterFunc(q.Context(), func() {
		if s.why.Load() == nil {
			cancel()
		}
	})
	defer stop()
	if !s.run(ctx, cancel) {
		panic(http.ErrAbortHandler) // what is not whole has no end that a caller could take for one
	}
	if q.ProtoMajor == 1 {
		// What net/http writes at the end has its time too. The connection ends with it. (Of
		// HTTP/2 that end waits for no window, and writing at all has writeByteTimeout.)
		time.AfterFunc(answerPatience, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	}
	return nil
}

// again answers the submission of a record that is public, whatever its signature lines.
func (h *Handler) again(q *request, id record.ID, index uint64) (*answer, error) {
	receipt, err := h.receipt(q, q.view, index)
	if err != nil {
		return nil, &registeredError{err}
	}
	return submitted(http.StatusOK, id, receipt), nil
}

// A submission is a record that is not public, as it was sent.
type submission struct {
	id     record.ID
	body   []byte
	note   note.Note
	absent ledger.Absence // of the View that did not have it
}

// parse reads what may be a record as far as it has to be to know its id, and looks for
// that in a View: where it stands there, if it does.
func parse(view *ledger.View, body []byte) (s submission, index uint64, ok bool, err error) {
	s.body = body
	if s.note, err = note.Parse(body); err != nil {
		return s, 0, false, &rules.Refusal{Rule: rules.Form, Reason: err.Error()}
	}
	s.id = sha256.Sum256(s.note.Text)
	s.absent, index, ok, err = view.Absence(s.id)
	return s, index, ok, err
}

// submit has a record that is not public registered, and waits for that.
func (h *Handler) submit(q *request, s submission) (a *answer, err error) {
	if err := h.submitters.take(q.from, 1, ledger.ErrBusy); err != nil {
		return nil, err
	}
	defer h.submitters.give(q.from, 1)
	// What was sent before, and waits, is not sent a second time.
	p := h.cfg.Log.Pending(s.id, s.body)
	again := p != nil
	if !again {
		if p, again, err = h.take(q, s); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(q.Context(), publishWait)
	defer cancel()
	reg, err := p.Wait(ctx)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if reg.New && !again {
		status = http.StatusCreated
	}
	// Not through the gate: what is registered is not turned away any more.
	receipt, err := reg.Receipt()
	if err != nil {
		return nil, &registeredError{err}
	}
	return submitted(status, s.id, receipt), nil
}

// take puts a record that is new into the queue: one that the address may submit, and
// whose signatures hold. Until it has its answer it is one of those that its address
// has there, also when its submitter has gone. It says whether somebody else had just
// put the same one there.
func (h *Handler) take(q *request, s submission) (p *ledger.Pending, again bool, err error) {
	if err := h.cfg.Log.Takes(s.id); err != nil {
		return nil, false, err
	}
	if err := h.room(); err != nil {
		return nil, false, err
	}
	if err := h.submitted.look(q.from, h.cfg.Clock()); err != nil {
		return nil, false, err
	}
	r, err := h.open(q, s.note)
	if err != nil {
		return nil, false, err
	}
	if err := h.records.take(q.from, 1, ledger.ErrBusy); err != nil {
		return nil, false, err
	}
	p, again, err = h.cfg.Log.SubmitAbsent(r, s.absent)
	if err != nil || again {
		h.records.give(q.from, 1)
		return p, again, err
	}
	go func() {
		<-p.Done()
		h.records.give(q.from, 1)
	}()
	return p, false, nil
}

// open checks every signature line, when it is this request's turn. Only then it counts:
// who is told that the ledger is busy, and comes again, has lost nothing.
func (h *Handler) open(q *request, n note.Note) (*record.Record, error) {
	if err := h.gate.enter(q.Context(), q.from); err != nil {
		return nil, err
	}
	r, err := func() (*record.Record, error) {
		defer h.gate.leave(q.from)
		if err := h.submitted.take(q.from, h.cfg.Clock()); err != nil {
			return nil, err
		}
		return h.verified(n)
	}()
	return r, h.faulty(q.Context(), err)
}

// verified checks every signature line of a record. The error is for faulty, when the caller's
// turn at the gate is over.
func (h *Handler) verified(n note.Note) (*record.Record, error) {
	r, err := record.OpenNote(n, h.keys.ParsePublicKey, h.keys.Verify)
	var fault *record.SignatureError
	if err != nil && !errors.As(err, &fault) {
		err = &rules.Refusal{Rule: rules.Form, Reason: err.Error()}
	}
	return r, err
}

// faulty returns the error of a record, for that of its signature lines why the ledger refuses it:
// what that rests on may have to be confirmed, which nobody waits for at the gate.
func (h *Handler) faulty(ctx context.Context, err error) error {
	var fault *record.SignatureError
	if errors.As(err, &fault) {
		return h.cfg.Log.Refuse(ctx, fault)
	}
	return err
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

// checkMedia refuses what is not sent as UTF-8 text. A field that stands twice is
// neither the one nor the other.
func checkMedia(h http.Header) error {
	written := mediaType(h)
	if written == plainText || written == "text/plain" { // as nearly all send it
		return checkEncoding(h)
	}
	media, parameters, err := mime.ParseMediaType(written)
	charset, ok := parameters["charset"]
	switch {
	case err != nil || media != "text/plain":
		return newProblem(http.StatusUnsupportedMediaType, "the content type is %.100q, a record is sent as %s, and many as %s", written, plainText, recordsType)
	case ok && !strings.EqualFold(charset, "utf-8"):
		return newProblem(http.StatusUnsupportedMediaType, "the charset is %.100q, a record is sent in utf-8", charset)
	}
	return checkEncoding(h)
}

// checkEncoding refuses what is sent in another form than its own.
func checkEncoding(h http.Header) error {
	if encoding := strings.Join(h["Content-Encoding"], ", "); encoding != "" {
		return newProblem(http.StatusUnsupportedMediaType, "the content encoding is %.100q, a record is sent without any", encoding)
	}
	return nil
}

// mediaType returns the content type as it is written.
func mediaType(h http.Header) string { return strings.Join(h["Content-Type"], ", ") }
