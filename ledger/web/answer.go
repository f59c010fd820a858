package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/chirograph/chirograph/ledger/pages"
)

// The media types of what is served.
const (
	plainText   = "text/plain; charset=utf-8"
	octets      = "application/octet-stream"
	jsonText    = "application/json"
	problemText = "application/problem+json"
	htmlText    = "text/html; charset=utf-8"
	atomText    = "application/atom+xml; charset=utf-8"
)

// How long an answer may be kept by those on the way.
const (
	latest    = "public, max-age=2"                   // changes with the next checkpoint: c2sp.org/tlog-tiles allows a few seconds
	immutable = "public, max-age=31536000, immutable" // never changes: a year, which is the most that caches heed
	brief     = "public, max-age=300"                 // changes with the program alone: nobody waits long for a new one
	never     = "no-store"                            // errors, health, and what a record's submission answers
)

// An answer is a success, whole: nothing of it is sent before all of it is there,
// so an error never follows the header of something else.
type answer struct {
	status   int // 200, 201 or 303
	media    string
	cache    string
	body     []byte
	location string   // "" for none
	csp      []string // Content-Security-Policy; nil for that of all that is no page
	vary     bool     // by Accept
	gzip     bool     // compressed for whoever accepts it
	encoding string   // of body: "" for none, or gzip
	held     int64    // bytes of the budget, to give back once it is written

	retryAfter string // of another node's answer; "" for none
	mark       string // by which a node knows its own answer; "" for none
}

// encode compresses the body for a caller that accepts it.
func (a *answer) encode(r *http.Request) {
	if a.gzip && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		a.body, a.encoding = compress(a.body), "gzip"
	}
}

func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch {
	case a.gzip && a.vary:
		h["Vary"] = acceptBoth
	case a.gzip:
		h["Vary"] = acceptEncoding
	case a.vary:
		h["Vary"] = acceptMedia
	}
	if a.csp != nil {
		h["Content-Security-Policy"] = a.csp
	}
	if a.encoding != "" {
		h["Content-Encoding"] = values(a.encoding)
	}
	if a.retryAfter != "" {
		h["Retry-After"] = []string{a.retryAfter}
	}
	if a.mark != "" {
		h[markField] = []string{a.mark}
	}
	if a.location != "" {
		h["Location"] = []string{a.location}
	}
	h["Content-Type"], h["Cache-Control"] = values(a.media), values(a.cache)
	send(w, r, a.status, a.body)
}

// send writes a body, of whatever kind, and to HEAD its header alone.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	secure(h)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		h["Access-Control-Allow-Origin"] = everybody
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // it fails when the caller has gone
	}
}

// secure sets what every answer has. All of it is text and data, in part the words of
// strangers: nothing in it is to be run, framed, or taken for another type, and the
// address it stands at is nobody's business. It is public, so any page may load it.
// Strict-Transport-Security is for whoever ends TLS. Pages have a policy of their own,
// which lets them have their style and the search form, and nothing else.
func secure(h http.Header) {
	if h["Content-Security-Policy"] == nil {
		h["Content-Security-Policy"] = contentSecurity
	}
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	h["Referrer-Policy"] = noReferrer
	h["X-Content-Type-Options"] = noSniff
}

// Values of header fields, which all answers share: nobody changes them. The names of
// fields beside them are written as net/http has them.
var (
	contentSecurity = []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"}
	sameOrigin      = []string{"same-origin"}
	crossOrigin     = []string{"cross-origin"}
	noReferrer      = []string{"no-referrer"}
	noSniff         = []string{"nosniff"}
	everybody       = []string{"*"}
	acceptEncoding  = []string{"Accept-Encoding"}
	acceptMedia     = []string{"Accept"}
	acceptBoth      = []string{"Accept, Accept-Encoding"}
	pageSecurity    = []string{pages.ContentSecurity}
	unframed        = []string{"frame-ancestors 'none'"} // of the verifier, which has a policy in it

	common = map[string][]string{}
)

func init() {
	for _, v := range []string{plainText, octets, jsonText, htmlText, atomText, linesType, latest, immutable, brief, never, "gzip"} {
		common[v] = []string{v}
	}
}

// values returns the values of a field that has one.
func values(v string) []string {
	if list := common[v]; list != nil {
		return list
	}
	return []string{v}
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3): gzip is named, or
// else anything is allowed, with a weight that is not zero.
func acceptsGzip(values []string) bool {
	any := false
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		allowed := !zeroWeight(weight)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return allowed
		case "*":
			any = allowed
		}
	}
	return any
}

// zeroWeight says whether a parameter is q=0, with up to three decimals.
func zeroWeight(parameter string) bool {
	name, value, ok := strings.Cut(strings.TrimSpace(parameter), "=")
	return ok && strings.EqualFold(name, "q") && strings.TrimLeft(value, "0.") == ""
}

// writers are kept because each has 1 MB of tables.
var writers = sync.Pool{New: func() any {
	// At its fastest: what is compressed here is cached for ever on the way.
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one that there is
	}
	return w
}}

func compress(b []byte) []byte {
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
