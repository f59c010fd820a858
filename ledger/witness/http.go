package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CheckURL says what is wrong with a URL at which a witness is to be asked: one is http
// or https, with a host, perhaps a port and a path, and nothing else.
func CheckURL(s string) error {
	_, err := parseURL(s)
	return err
}

// parseURL returns a URL without slashes at its end, under which the endpoints of a
// witness are. Policies are public, so one with a password is refused, and not
// repeated.
func parseURL(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", errors.New("the URL cannot be read")
	case u.User != nil:
		return "", fmt.Errorf("the URL of %s has a user or a password, and policies are public", u.Host)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(s, "?#"):
		return "", fmt.Errorf("the URL %.200q is not http or https, a host and perhaps a path", s)
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return "", fmt.Errorf("the URL %.200q has the port %.20s, the last one is 65535", s, u.Port())
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// maxHeader is the most bytes of an answer's header: ours have less than 1 KiB,
// proxies add some.
const maxHeader = 64 << 10

// newClient returns a client that follows no redirect; a nil transport is the
// customary one, with bounds.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxResponseHeaderBytes = maxHeader
		transport = t
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// An answer is what came back, whatever it is.
type answer struct {
	status int
	after  time.Duration // of Retry-After, bounded
	body   []byte        // at most maxAnswer bytes
	err    error         // a [*failure]: why the body is not whole
}

// exchange makes one request, which is a POST of body or a GET without, and takes at
// most requestTime. The error is a [*failure].
func exchange(ctx context.Context, client *http.Client, method, url string, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{kind: kindOurs, err: err}
	}
	req.Header.Set("User-Agent", "chirograph")
	if body != nil {
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
		// To ask twice is to ask once: so the transport tries again when the witness
		// has closed an idle connection. A nil value stays here.
		req.Header["Idempotency-Key"] = nil
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, broken(ctx, err)
	}
	defer resp.Body.Close()
	a := &answer{status: resp.StatusCode, after: retryAfter(resp.Header.Get("Retry-After"))}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case len(a.body) > maxAnswer:
		a.body, a.err = nil, &failure{kind: kindAnswer, err: fmt.Errorf("the answer has more than the %d bytes that are allowed", maxAnswer)}
	case err != nil:
		a.err = broken(ctx, err)
	}
	return a, nil
}

// broken is a request that got no whole answer.
func broken(ctx context.Context, err error) *failure {
	if ctx.Err() != nil {
		return &failure{kind: kindTime, err: fmt.Errorf("no answer in time: %w", ctx.Err())}
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // the log line has the URL
	}
	return &failure{kind: kindConnection, err: fmt.Errorf("%.300s", err)} // it may quote a header of 64 KiB
}

// retryAfter reads the form in seconds, and bounds it. A date would need a clock that
// both agree on.
func retryAfter(s string) time.Duration {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}

// unexpected is the failure of an answer that is none, in words that tell the operator
// what to do about it.
func (a *answer) unexpected() *failure {
	f := &failure{kind: strconv.Itoa(a.status)}
	switch {
	case a.status == http.StatusNotFound:
		f.err = errors.New("does not know this ledger (404): give its operator the line that `chirographd log-config` prints, or correct its URL in the policy")
	case a.status == http.StatusForbidden:
		f.err = errors.New("does not know this ledger's key (403): give its operator the line that `chirographd log-config` prints")
	case a.status == http.StatusBadRequest:
		f.err = errors.New("does not understand the request (400)")
	case a.status == http.StatusUnprocessableEntity:
		f.err = errors.New("refused an empty proof (422)")
	case a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable:
		f.after = a.after
		f.err = fmt.Errorf("asks to wait (%d), %s", a.status, a.after)
	case a.status >= 300 && a.status <= 399:
		f.err = fmt.Errorf("redirects (%d), which is not followed: correct its URL in the policy", a.status)
	default:
		// So some witnesses answer for a log that they do not know.
		f.err = fmt.Errorf("answers with the status %d: if that stays so, ask its operator whether it has the line that `chirographd log-config` prints", a.status)
	}
	return f
}
