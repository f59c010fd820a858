// Package web serves a ledger over HTTP: the interface of testvectors/FORMATS.md,
// section 5, as far as programs use it.
//
// Every answer is made whole from one published [ledger.View] before its first byte
// is sent, so what a request sees is one moment of the log, and an error never
// carries the header of the resource that it stands for. What never changes, tiles
// and records, may be cached for ever; the rest for two seconds, like the
// checkpoint; errors not at all. A resource that is not there, or is named in
// another form than its one, or with a query that it does not know, is 404.
//
// Errors are problem details (RFC 9457) with the broken rule in the member "rule".
// Log lines name an endpoint and an error, never who asked.
package web

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
)

// Config is what a handler serves.
type Config struct {
	Key    note.Key            // the ledger's
	View   func() *ledger.View // returns what is published now; each request asks once
	Log    *ledger.Log         // that admits records; nil where none are accepted
	Clock  func() time.Time    // for the status of contracts
	Checks int                 // how many requests check signatures at once, and how many make large answers: about as many as there are cores
	Places int                 // how many submitters may wait for their record's turn at once, so that readers find connections; 0 for DefaultPlaces
	Policy []byte              // the policy file of this ledger, as it is served
	URL    string              // the ledger's public URL, for the home page; may be empty
	Logger *slog.Logger        // for what goes wrong here; nil for none
}

// A Handler serves one ledger.
type Handler struct {
	cfg   Config
	log   *slog.Logger
	gate  *gate   // of those that check signatures
	reads *gate   // of those that make large answers
	held  *budget // of what those hold until it is written

	submitters chan struct{} // has room for those who may wait
}

// DefaultPlaces is twice what a batch takes: who comes then waits for the third.
const DefaultPlaces = 2 * ledger.DefaultBatch

// New returns a handler.
func New(cfg Config) (*Handler, error) {
	if cfg.Key == (note.Key{}) || cfg.View == nil || cfg.Clock == nil || len(cfg.Policy) == 0 {
		return nil, errors.New("web: a ledger is served from its key, its view, its policy and a clock")
	}
	if cfg.Checks < 1 {
		return nil, fmt.Errorf("web: at least one request has to check signatures at once, not %d", cfg.Checks)
	}
	return &Handler{
		cfg: cfg, log: orDiscard(cfg.Logger),
		gate: newGate(cfg.Checks), reads: newGate(cfg.Checks), held: &budget{limit: heldBytes},
		submitters: make(chan struct{}, cmp.Or(cfg.Places, DefaultPlaces)),
	}, nil
}

// An endpoint is a resource, or a family of them under one prefix.
type endpoint struct {
	path  string // with a slash at its end it is a prefix, but for the home page
	serve func(h *Handler, q *request) (*answer, error)
	post  bool // to POST alone; else to GET and HEAD
	large bool // answers may be large, and are made when it is their turn
	after bool // the query after=<index> is known; else none is
}

// A request is what an endpoint answers.
type request struct {
	*http.Request
	view *ledger.View // the published one, for the whole of the request
	rest string       // of the path, after the prefix
}

var endpoints = []endpoint{
	{path: "/", serve: (*Handler).home},
	{path: "/checkpoint", serve: (*Handler).checkpoint},
	{path: "/tile/entries/", serve: (*Handler).bundle, large: true}, // before what it begins with
	{path: "/tile/", serve: (*Handler).tile},
	{path: "/records", serve: (*Handler).register, post: true},
	{path: "/records/", serve: (*Handler).record},
	{path: "/contracts/", serve: (*Handler).contract, large: true, after: true},
	{path: "/keys/", serve: (*Handler).key, large: true, after: true},
	{path: "/consistency/", serve: (*Handler).consistency},
	{path: "/policy", serve: (*Handler).policy},
	{path: "/healthz", serve: (*Handler).healthy},
	{path: "/readyz", serve: (*Handler).ready},
}

// find returns the endpoint of a path as it was sent, without any decoding: each
// resource has one path.
func find(path string) (endpoint, string, bool) {
	for _, e := range endpoints {
		if path == e.path {
			return e, "", true
		}
		if len(e.path) > 1 && strings.HasSuffix(e.path, "/") && strings.HasPrefix(path, e.path) {
			return e, path[len(e.path):], true
		}
	}
	return endpoint{}, "", false
}

// allow returns the methods of the endpoint, and whether method is one.
func (e endpoint) allow(method string) (string, bool) {
	if e.post {
		return http.MethodPost, method == http.MethodPost
	}
	return "GET, HEAD", method == http.MethodGet || method == http.MethodHead
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, rest, ok := find(r.URL.EscapedPath())
	if !ok || e.post && h.cfg.Log == nil {
		notFound("there is nothing at this path").write(w, r)
		return
	}
	// A query that nobody reads would give one resource many addresses, and a cache
	// on the way many copies of it.
	if r.URL.ForceQuery || r.URL.RawQuery != "" && !e.after {
		notFound("query %.60q is none that this resource knows", r.URL.RawQuery).write(w, r)
		return
	}
	if allow, ok := e.allow(r.Method); !ok {
		methodNotAllowed(allow).write(w, r)
		return
	}
	a, err := h.answer(e, r, rest)
	if err != nil {
		p := problemOf(err, e.post)
		if p.cause != nil {
			h.log.Error("request failed", "endpoint", e.path, "status", p.Status, "error", p.cause)
		}
		p.write(w, r)
		return
	}
	defer h.held.give(a.held)
	a.write(w, r)
}

// answer has the endpoint answer. What it holds of the budget is the caller's to give
// back. A panic becomes an error, so that it is one request that fails, and the log
// says where.
func (h *Handler) answer(e endpoint, r *http.Request, rest string) (a *answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			a, err = nil, fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if e.large {
		if err := h.reads.enter(r.Context()); err != nil {
			return nil, err
		}
		defer h.reads.leave()
	}
	a, err = e.serve(h, &request{r, h.cfg.View(), rest})
	if err != nil {
		return nil, err
	}
	a.encode(r)
	if r.Method != http.MethodHead {
		a.held = weight(a.body)
	}
	// Within its turn, so that besides the budget only as many bodies are in memory
	// as may be made at once.
	return a, h.held.take(a.held)
}
