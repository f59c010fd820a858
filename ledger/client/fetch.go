package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/chirograph/chirograph/ledger/rules"
)

// A Refusal is an answer of 400 to 499 other than 429: the ledger understood, and
// will not. Everything in it is the ledger's word, printable and short.
type Refusal struct {
	Status int
	Rule   rules.Rule // that a record breaks; "" where the ledger named none
	Detail string     // a sentence; may be empty
	Frozen bool       // the ledger registers nothing any more: an answer of 403 of the type [Frozen]
}

// Frozen is the type of the problem, an answer of 403, by which a ledger says that it is
// frozen for good.
const Frozen = "urn:chirograph:frozen"

func (r *Refusal) Error() string {
	what := fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status))
	switch {
	case r.Frozen && r.Detail == "":
		return "refused: the ledger is frozen for good"
	case r.Frozen:
		what = "refused"
	case r.Rule != "":
		what = fmt.Sprintf("refused by the rule %s", r.Rule)
	}
	if r.Detail == "" {
		return what
	}
	return what + ": " + r.Detail
}

// NotPublicYet is the type of the problem, an answer of 503, by which a ledger says that
// it has taken what is asked for: it is stored, and is not shown before the witnesses
// have cosigned the tree that it is in.
const NotPublicYet = "urn:chirograph:not-public-yet"

// A NotPublic is the answer of the type [NotPublicYet]. It is the ledger's word alone,
// printable and short.
type NotPublic struct {
	Detail string // a sentence; may be empty
}

func (n *NotPublic) Error() string {
	const taken = "taken, not public yet"
	switch {
	case n.Detail == "":
		return taken
	case strings.HasPrefix(n.Detail, taken):
		return n.Detail
	}
	return taken + ": " + n.Detail
}

// NotTakenYet is the type of the problem, an answer of 503, by which a ledger says that
// what was sent is not stored, and is to be sent again later.
const NotTakenYet = "urn:chirograph:not-taken"

// A NotTaken is the answer of the type [NotTakenYet]. It is the ledger's word alone,
// printable and short.
type NotTaken struct {
	Detail string // a sentence; may be empty
}

func (n *NotTaken) Error() string {
	const not = "not taken"
	switch {
	case n.Detail == "":
		return not
	case strings.HasPrefix(n.Detail, not):
		return n.Detail
	}
	return not + ": " + n.Detail
}

// A trouble is an answer, or the want of one, that says nothing of a record: the
// ledger may have it or not. Only a [*NotPublic] says that it has,
// and a [*NotTaken] that it had not.
type trouble struct {
	err       error
	status    int           // of the answer; 0 where there was none
	detail    string        // that the ledger gave, clean; may be empty
	after     time.Duration // that the ledger asks to wait; 0 where it did not say
	connected bool          // a server was there, and may have read the request
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// A fetcher makes bounded requests of one server.
type fetcher struct {
	http *http.Client
	base string // without a slash at its end
}

// An answer is a body that came whole, with a status of 200 to 299.
type answer struct {
	status int
	body   []byte
}

// get asks for the resource at path, of at most limit bytes.
func (f fetcher) get(ctx context.Context, path string, limit int) (*answer, error) {
	return f.do(ctx, http.MethodGet, path, nil, limit)
}

// do makes a request. The error names it, and is a [*Refusal], a [*trouble] (which may
// be by a [*NotPublic] or a [*NotTaken]), or one that says that the server does not keep to the interface.
func (f fetcher) do(ctx context.Context, method, path string, body []byte, limit int) (*answer, error) {
	a, err := f.once(ctx, method, f.base+path, body, limit)
	if err != nil {
		return nil, fmt.Errorf("%s %s%s: %w", method, f.base, path, err)
	}
	return a, nil
}

func (f fetcher) once(ctx context.Context, method, url string, body []byte, limit int) (*answer, error) {
	limitTime := requestTime
	if method == http.MethodPost {
		limitTime = recordTime
	}
	ctx, cancel := context.WithTimeout(ctx, limitTime)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "chirograph")
	if body != nil {
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, transportError(err, connected.Load())
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, failure(resp)
	}
	b, err := readAll(resp.Body, resp.ContentLength, limit)
	if err != nil {
		return nil, err
	}
	return &answer{resp.StatusCode, b}, nil
}

// transportError leaves out what the caller is told anyway, and keeps a refused
// redirect from being tried again.
func transportError(err error, connected bool) error {
	var redirect *redirectError
	if errors.As(err, &redirect) {
		return redirect
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return &trouble{err: err, connected: connected}
}

// readAll reads a body of at most limit bytes, for which there is room from the start if
// it is as long as the header says. It takes about twice the limit of memory at most.
func readAll(r io.Reader, length int64, limit int) ([]byte, error) {
	r = io.LimitReader(r, int64(limit)+1)
	b := make([]byte, 0, min(max(length, 0), int64(limit))+bytes.MinRead)
	var err error
	for err == nil {
		if len(b) == cap(b) {
			b = slices.Grow(b, min(cap(b), limit+1-len(b))) // a buffer that doubles ends beyond it
		}
		var n int
		n, err = r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	switch {
	case len(b) > limit:
		return nil, fmt.Errorf("the answer has more than the %d bytes that are allowed", limit)
	case err != nil:
		return nil, &trouble{err: fmt.Errorf("the answer broke off after %d bytes: %w", len(b), err), connected: true}
	}
	return b, nil
}

// A redirectError is a redirect that is not followed.
type redirectError struct{ reason string }

func (e *redirectError) Error() string { return e.reason }

// sameHost follows a redirect only within what the caller named: the scheme, the
// host, and the method.
func sameHost(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host:
		return &redirectError{fmt.Sprintf("redirected from %s://%s to %s, which is not followed",
			first.URL.Scheme, first.URL.Host, clean(next.URL.Scheme+"://"+next.URL.Host))}
	case next.Method != first.Method:
		return &redirectError{fmt.Sprintf("redirected from %s to %s, which is not followed", first.Method, next.Method)}
	case len(via) > maxRedirects:
		return &redirectError{fmt.Sprintf("redirected more than %d times", maxRedirects)}
	}
	return nil
}

// failure reads what a server says of an error.
func failure(resp *http.Response) error {
	var p struct {
		Type   string `json:"type"`
		Detail string `json:"detail"`
		Rule   string `json:"rule"`
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if b, err := readAll(resp.Body, resp.ContentLength, maxProblem); err == nil && media == "application/problem+json" {
		if json.Unmarshal(b, &p) != nil {
			p.Type, p.Detail, p.Rule = "", "", ""
		}
	}
	refusal := &Refusal{Status: resp.StatusCode, Rule: ruleName(p.Rule), Detail: clean(p.Detail)}
	refusal.Frozen = resp.StatusCode == http.StatusForbidden && p.Type == Frozen
	switch after := retryAfter(resp.Header.Get("Retry-After")); {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		t := &trouble{err: errors.New(refusal.Error()), status: resp.StatusCode, detail: refusal.Detail, after: after, connected: true}
		switch {
		case resp.StatusCode != http.StatusServiceUnavailable:
		case p.Type == NotPublicYet:
			t.err = &NotPublic{refusal.Detail}
		case p.Type == NotTakenYet:
			t.err = &NotTaken{refusal.Detail}
		}
		return t
	case resp.StatusCode >= 400:
		return refusal
	}
	return fmt.Errorf("the answer has the status %d, which is neither success nor an error", resp.StatusCode)
}

// retryAfter reads the form in seconds. A date would need a clock that both
// agree on.
func retryAfter(s string) time.Duration {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// ruleName returns s if it may be the name of a rule, else "".
func ruleName(s string) rules.Rule {
	for _, c := range []byte(s) {
		if c < 'a' || c > 'z' {
			return ""
		}
	}
	if len(s) > maxRuleName {
		return ""
	}
	return rules.Rule(s)
}

const (
	maxRuleName = 32  // bytes: as a token
	maxDetail   = 500 // characters: a sentence with two ids and a key in it
)

// clean returns s on one line, without what a terminal obeys or a reader cannot
// see, and at most maxDetail characters long.
func clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxDetail {
			b.WriteString("…")
			break
		}
		switch {
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
			b.WriteRune(r)
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}
