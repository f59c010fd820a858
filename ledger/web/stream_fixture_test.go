package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// A duplex is the connection of a stream, in memory: nothing that is written is buffered.
type duplex struct {
	header     http.Header
	body       *io.PipeReader
	sender     *io.PipeWriter
	out        *io.PipeWriter
	answers    *bufio.Reader
	reader     *io.PipeReader
	full       bool // EnableFullDuplex was called
	fullDuplex error
	unread     context.CancelFunc // called when reading fails, as net/http does
	aborted    bool               // the answer has no end
}

func newDuplex() *duplex {
	d := &duplex{header: make(http.Header)}
	d.body, d.sender = io.Pipe()
	d.reader, d.out = io.Pipe()
	d.answers = bufio.NewReader(d.reader)
	return d
}

func (d *duplex) Header() http.Header         { return d.header }
func (d *duplex) WriteHeader(int)             {}
func (d *duplex) Write(b []byte) (int, error) { return d.out.Write(b) }
func (d *duplex) Flush()                      {}

func (d *duplex) EnableFullDuplex() error {
	d.full = true
	return d.fullDuplex
}

func (d *duplex) SetReadDeadline(at time.Time) error {
	if !at.IsZero() {
		d.unread()
		return d.sender.CloseWithError(os.ErrDeadlineExceeded)
	}
	return nil
}

func (d *duplex) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() {
		return d.reader.CloseWithError(os.ErrDeadlineExceeded)
	}
	return nil
}

// A line is one of the answers of a stream.
type line struct {
	Status     int
	ID         string
	Index      *uint64
	Receipt    string
	Type       string
	Title      string
	Rule       string
	Detail     string
	RetryAfter int    `json:"retry_after"`
	Record     *int64 `json:"record"`
}

// A streaming is a stream as its caller sees it.
type streaming struct {
	*duplex
	t     testing.TB
	leave context.CancelFunc
	ended chan struct{} // closed when the handler has returned
}

// stream begins a stream from an address, with a query or none.
func (w *world) stream(t testing.TB, address, query string) *streaming {
	t.Helper()
	s := &streaming{duplex: newDuplex(), t: t, ended: make(chan struct{})}
	ctx, leave := context.WithCancel(context.Background())
	s.leave, s.unread = leave, leave
	r := httptest.NewRequestWithContext(ctx, "POST", "/records"+query, s.body)
	r.Header.Set("Content-Type", recordsType)
	r.RemoteAddr = address
	go func() {
		defer close(s.ended)
		defer s.out.Close()
		defer func() {
			if v := recover(); v != nil && v != http.ErrAbortHandler {
				panic(v)
			} else if v != nil {
				s.aborted = true
			}
		}()
		w.h.ServeHTTP(s.duplex, r)
	}()
	t.Cleanup(func() {
		leave()
		s.sender.Close()
		s.reader.Close()
		<-s.ended
	})
	return s
}

// framed returns records as a stream has them.
func framed(records ...[]byte) []byte {
	var b bytes.Buffer
	for _, r := range records {
		fmt.Fprintf(&b, "%d\n%s", len(r), r)
	}
	return b.Bytes()
}

// send sends records, as far as they are read, and says whether all were.
func (s *streaming) send(records ...[]byte) bool {
	_, err := s.sender.Write(framed(records...))
	return err == nil
}

// end ends the body.
func (s *streaming) end() { s.sender.Close() }

// next reads an answer, or false at their end.
func (s *streaming) next() (l line, ok bool) {
	s.t.Helper()
	b, err := s.answers.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(b) == 0 {
		return l, false
	}
	if err != nil {
		s.t.Fatalf("after %q: %v", b, err)
	}
	return parseLine(s.t, b), true
}

func parseLine(t testing.TB, b []byte) (l line) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		t.Fatalf("line %q: %v", b, err)
	}
	return l
}

// rest reads the answers to their end.
func (s *streaming) rest() (list []line) {
	s.t.Helper()
	for l, ok := s.next(); ok; l, ok = s.next() {
		list = append(list, l)
	}
	<-s.ended
	return list
}

// all sends a whole stream, and returns its answers.
func (w *world) all(t testing.TB, address, query string, records ...[]byte) []line {
	t.Helper()
	s := w.stream(t, address, query)
	go func() {
		s.send(records...)
		s.end()
	}()
	return s.rest()
}

// wantLine says whether an answer is of that status, rule, and detail.
func wantLine(t testing.TB, l line, status int, rule, detail string) {
	t.Helper()
	if l.Status != status || l.Rule != rule || !bytes.Contains([]byte(l.Detail), []byte(detail)) {
		t.Errorf("answer %+v, want %d, rule %q, %q", l, status, rule, detail)
	}
	if (status == 429 || status == 503) != (l.RetryAfter > 0) {
		t.Errorf("answer %+v has retry_after %d", l, l.RetryAfter)
	}
	if status >= 400 && (l.Type == "" || l.Title != http.StatusText(status) || l.Index != nil || l.Receipt != "") {
		t.Errorf("answer %+v is no problem", l)
	}
}

// held counts all that a world holds for anybody.
func (w *world) held() int64 {
	return w.h.streams.taken() + w.h.submitters.taken() + w.h.records.taken() + w.h.gate.places.taken() + w.h.held.taken()
}
