// Package web serves a ledger over HTTP: the interface of testvectors/FORMATS.md,
// section 5.
//
// Every answer, but that to a stream of records, is made whole from one published
// [ledger.View] before its first byte is sent, so what a request sees is one moment of the log, and an error never
// carries the header of the resource that it stands for. What never changes, tiles,
// records and where an entry is, may be cached for ever; the verifier for five minutes; the
// rest for two seconds, like the checkpoint; errors, health, metrics and pages that a query
// chose not at all. A resource that is not there, or is
// named in another form than its one, or with a query that it does not know, is 404.
//
// Everything that waits, or is held, is bounded, and no address has more of it than it
// leaves to others: connections, streams of records, turns to check signatures and to make large answers,
// submitters, their records, the bytes of large answers. Each address has a rate of
// records, and of costly reads, by what they read; a record that is registered, or waits, is never counted
// again. What is beyond is 429 where the caller's address is at its bound, and 503 where
// the ledger is, before any signature is checked.
//
// Errors are problem details (RFC 9457) with the broken rule in the member "rule", and for
// people a page with the same words; but to a request over HTTP/2 that has no place, a header.
//
// What people look at has pages beside what programs read (package pages): a page is sent
// to whoever prefers text/html in Accept, as browsers do, and all else stays what it was.
// Pages are made when it is their turn, like all large answers.
//
// Log lines name an endpoint and an error, never who asked.
package web

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/verify"
)

// Config is what a handler serves.
type Config struct {
	Key    note.Key            // the ledger's
	View   func() *ledger.View // returns what is published now; each request asks once
	Log    *ledger.Log         // that admits records; nil where none are accepted
	Node   *Node               // where this is one node of a log's, which admits records while it leads, and Log and Copy are nil; else nil
	Copy   *Copy               // where this is a copy of another's log, of which View may be nil yet; else nil
	Clock  func() time.Time    // for the status of contracts
	Checks int                 // how many requests check signatures at once, and how many make large answers: about as many as there are cores
	Places int                 // how many submitters may wait for their record's turn at once, so that readers find connections; 0 for DefaultPlaces
	Rate   int                 // how many records a second each address may submit, and ten times as many costly reads; 0 for no bound
	Burst  int                 // how many of them at once; 0 for what ten seconds allow
	Past   *ledger.Past        // what was public, for the pages; nil for nothing
	Proxy  Proxies             // whose word is taken for whom a request comes from; nil for none
	Policy []byte              // the policy file of this ledger, as it is served before there is a View, which has its own
	URL    string              // the ledger's public URL, for the home page; may be empty
	Logger *slog.Logger        // for what goes wrong here; nil for none

	Requests int                    // how many requests over HTTP/2 may be at hand at once; 0 for DefaultRequests
	Room     func() error           // says, by a *RoomError, that no record is taken for want of room on a disk; nil where nobody looks
	Signs    func() bool            // says whether the ledger's key is there, for readiness alone: records are taken, and try; nil where it always is
	Meter    *Meter                 // is told what is done; nil for nobody
	Metrics  func() ([]byte, error) // returns what GET /metrics answers; nil where it is not there
}

// A Handler serves one ledger.
type Handler struct {
	cfg   Config
	site  *pages.Site
	log   *slog.Logger
	keys  *expanded.Keys // of parties, which come again
	gate  *gate          // of those that check signatures
	reads *gate          // of those that make large answers
	held  *share         // bytes that those hold until they are written

	onward http.RoundTripper // to the node that leads; nil where there are no nodes
	outage *outage           // of that node

	submitters *share // of those that wait for a record's turn
	records    *share // of those records, also when nobody waits any more
	streams    *share // of requests with many records
	requests   *share // over HTTP/2

	submitted, asked *rates // records, and costly reads
	greeted          *rates // TLS handshakes
	patience         func(size int) time.Duration
	behind           *sync.Once // says that there is a proxy that nobody named
}

// DefaultPlaces is twice what a batch takes: who comes then waits for the third.
const DefaultPlaces = 2 * ledger.DefaultBatch

// New returns a handler.
func New(cfg Config) (*Handler, error) {
	if cfg.Key == (note.Key{}) || cfg.View == nil || cfg.Clock == nil || len(cfg.Policy) == 0 {
		return nil, errors.New("web: a ledger is served from its key, its view, its policy and a clock")
	}
	if cfg.Copy != nil && cfg.Log != nil {
		return nil, errors.New("web: a copy of a ledger's log accepts no records")
	}
	if cfg.Node != nil && (cfg.Copy != nil || cfg.Log != nil) {
		return nil, errors.New("web: a node says itself whether it admits records, and is no copy")
	}
	if cfg.Checks < 1 {
		return nil, fmt.Errorf("web: at least one request has to check signatures at once, not %d", cfg.Checks)
	}
	if cfg.Rate < 0 || cfg.Burst < 0 {
		return nil, fmt.Errorf("web: a rate of %d, %d at once, lets nobody in", cfg.Rate, cfg.Burst)
	}
	if _, err := verify.ParsePolicy(cfg.Policy); err != nil {
		return nil, fmt.Errorf("web: the policy that is served: %w", err)
	}
	site := &pages.Site{Key: cfg.Key, URL: cfg.URL, Copy: cfg.Copy != nil, Frozen: cfg.Log != nil && cfg.Log.Frozen(), Past: cfg.Past}
	burst, now := cmp.Or(cfg.Burst, cfg.Rate*burstPerSec), cfg.Clock()
	var onward http.RoundTripper
	if cfg.Node != nil {
		if onward = cfg.Node.Forward; onward == nil {
			onward = newForward()
		}
	}
	return &Handler{
		cfg: cfg, onward: onward, outage: new(outage), site: site, log: orDiscard(cfg.Logger), keys: expanded.New(),
		gate: newGate(cfg.Checks, waitersPerCheck), reads: newGate(cfg.Checks, waitersPerRead), held: newShare(heldBytes),
		submitters: newShare(int64(cmp.Or(cfg.Places, DefaultPlaces))), records: newShare(ledger.DefaultQueue), streams: newShare(maxStreams), requests: newShare(int64(cmp.Or(cfg.Requests, DefaultRequests))),
		submitted: newRates(cfg.Rate, burst, now), asked: newRates(cfg.Rate*readsPerOne, burst*readsPerOne, now),
		greeted:  newRates(cfg.Rate, burst, now),
		patience: readerPatience, behind: new(sync.Once),
	}, nil
}

// An endpoint is a resource, or a family of them under one prefix.
type endpoint struct {
	path  string // with a slash at its end it is a prefix, but for the home page
	serve func(h *Handler, q *request) (*answer, error)
	post  bool   // to POST alone; else to GET and HEAD
	large bool   // answers may be large, and are made when it is their turn; so are all with another face than the first
	bare  bool   // answers without a View too
	query string // the parameter that is known in a query; "" for none
	faces []face // by Accept, the one of whoever prefers none first; empty where there is one
	named []face // those that the ending of a path names, whatever Accept says

	number int // of the endpoint in Endpoints
}

// A request is what an endpoint answers.
type request struct {
	*http.Request
	view *ledger.View // the published one, for the whole of the request
	rest string       // of the path, after the prefix, and before an ending that names a face
	face face         // that is asked for
	vary bool         // by Accept
	from netip.Addr   // by which its caller is counted
}

var endpoints = []endpoint{
	{path: "/", serve: (*Handler).home, faces: []face{textFace, htmlFace, jsonFace}},
	{path: "/index.json", serve: (*Handler).home, large: true, faces: []face{jsonFace}},
	{path: "/checkpoint", serve: (*Handler).checkpoint},
	{path: "/tile/entries/", serve: (*Handler).bundle, large: true}, // before what it begins with
	{path: "/tile/", serve: (*Handler).tile},
	{path: "/records", serve: (*Handler).register, post: true},
	{path: "/records/", serve: (*Handler).record, faces: []face{textFace, htmlFace, jsonFace}, named: []face{textFace, jsonFace}},
	{path: "/contracts/", serve: (*Handler).contract, large: true, query: "after", faces: []face{jsonFace, htmlFace}, named: []face{jsonFace, atomFace}},
	{path: "/keys/", serve: (*Handler).key, large: true, query: "after", faces: []face{jsonFace, htmlFace}, named: []face{jsonFace, atomFace}},
	{path: "/log", serve: (*Handler).entries, large: true, query: "before", faces: []face{jsonFace, htmlFace}},
	{path: "/log.json", serve: (*Handler).entries, large: true, query: "before", faces: []face{jsonFace}},
	{path: "/entries/", serve: (*Handler).entry},
	{path: "/feed.atom", serve: (*Handler).feed, large: true, faces: []face{atomFace}},
	{path: "/search", serve: (*Handler).search, large: true, query: "q", faces: []face{jsonFace, htmlFace}},
	{path: "/verify", serve: (*Handler).verifier, large: true, bare: true},
	{path: "/consistency/", serve: (*Handler).consistency},
	{path: "/policy", serve: (*Handler).policy, bare: true},
	{path: "/healthz", serve: (*Handler).healthy, bare: true},
	{path: "/readyz", serve: (*Handler).ready, bare: true},
	{path: "/metrics", serve: (*Handler).metrics, bare: true, large: true},
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

// see finds out which face a request asks for: by the ending of its path, else by Accept.
// What stands below a resource, such as its receipt, has one.
func (e endpoint) see(q *request) {
	if len(e.faces) == 0 || strings.Contains(q.rest, "/") {
		return
	}
	for _, f := range e.named {
		if rest, ok := strings.CutSuffix(q.rest, endings[f]); ok {
			q.rest, q.face = rest, f
			return
		}
	}
	q.face, q.vary = prefer(q.Header, e.faces), len(e.faces) > 1
}

// waits says whether an answer is made when it is its turn.
func (e endpoint) waits(q *request) bool {
	return e.large || len(e.faces) > 0 && q.face != e.faces[0]
}

// allow returns the methods of the endpoint, and whether method is one.
func (e endpoint) allow(method string) (string, bool) {
	if e.post {
		return http.MethodPost, method == http.MethodPost
	}
	return "GET, HEAD", method == http.MethodGet || method == http.MethodHead
}

// ends says whether the connection ends with this request. A body that comes with GET or
// HEAD is not read, and net/http would wait for it before the answer leaves. Where a request has a length and
// chunks, or chunks in HTTP/1.0, others on the way may see its end, and so the next one's
// beginning, in another place (RFC 9112, section 6.1). net/http takes the length out before
// anybody sees it, and the chunks of HTTP/1.0, so all requests that can be such end theirs.
func ends(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && r.ContentLength != 0 || len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1)
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS != nil {
		w.Header()["Strict-Transport-Security"] = transportSecurity
	}
	if h.cfg.Meter == nil {
		h.serve(w, r)
		return
	}
	h.observe(w, r)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) {
	if ends(r) {
		closes(w, r)
	}
	h = h.now()
	leave, err := h.enter(r)
	if err != nil {
		turnAway(w, r, problemOf(err, false))
		return
	}
	defer leave()
	e, rest, ok := find(r.URL.EscapedPath())
	if !ok || e.post && h.cfg.Log == nil && h.cfg.Copy == nil && h.cfg.Node == nil {
		h.refuse(w, r, notFound("there is nothing at this path"))
		return
	}
	// A query that nobody reads would give one resource many addresses, and a cache
	// on the way many copies of it.
	stream := e.post && strings.EqualFold(mediaType(r.Header), recordsType)
	if r.URL.ForceQuery || r.URL.RawQuery != "" && e.query == "" && !(stream && r.URL.RawQuery == receiptsQuery) {
		h.refuse(w, r, notFound("query %.60q is none that this resource knows", r.URL.RawQuery))
		return
	}
	if allow, ok := e.allow(r.Method); !ok {
		h.refuse(w, r, methodNotAllowed(allow))
		return
	}
	q := &request{Request: r, rest: rest, from: h.cfg.Proxy.client(r)}
	e.see(q)
	if stream && h.cfg.Log != nil {
		many(w)
		if err := h.registerMany(w, e, q); err != nil {
			closes(w, r) // its body is not read
			h.refuse(w, r, h.problem(q, e, err))
		}
		return
	}
	a, err := h.answer(e, q)
	if err != nil {
		if stream {
			closes(w, r) // as above
		}
		h.refuse(w, r, h.problem(q, e, err))
		return
	}
	if e.post {
		h.count(a.status)
	}
	defer h.held.give(q.from, a.held)
	defer h.hurry(w, len(a.body), keepFirst(r, len(a.body)))()
	a.write(w, r)
}

// problem returns what a caller is told of an error, and the log of its cause.
func (h *Handler) problem(q *request, e endpoint, err error) *problem {
	p := problemOf(h.handedOver(err), e.post)
	if p.cause != nil {
		h.log.Error("request failed", "endpoint", e.path, "status", p.Status, "error", p.cause)
	}
	if p.Status == http.StatusTooManyRequests {
		h.lookBehind(q)
	}
	if e.post {
		h.countProblem(p)
	}
	return p
}

// caught makes a panic an error.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
	}
}

// answer has the endpoint answer. What it holds of the budget is the caller's to give
// back. A panic becomes an error, so that it is one request that fails, and the log
// says where.
func (h *Handler) answer(e endpoint, q *request) (a *answer, err error) {
	defer caught(&err)
	if e.waits(q) {
		if err := h.asked.take(q.from, h.cfg.Clock()); err != nil {
			return nil, err
		}
		if err := h.reads.enter(q.Context(), q.from); err != nil {
			return nil, err
		}
		defer h.reads.leave(q.from)
	}
	q.view = h.cfg.View()
	switch {
	case e.post && h.cfg.Copy != nil:
		return nil, h.elsewhere()
	case e.post && h.cfg.Log == nil:
		return h.forward(q)
	case q.view == nil && !e.bare:
		return nil, empty()
	case !e.bare && !e.post && q.view.Size() > 0 && !q.view.Begun():
		return nil, ledger.ErrNoQuorum
	}
	if e.waits(q) && q.view != nil {
		view := q.view.Reading()
		q.view = view
		defer func() { h.asked.charge(q.from, h.cfg.Clock(), further(view.Cost())) }()
	}
	a, err = e.serve(h, q)
	if err != nil {
		return nil, err
	}
	if q.URL.RawQuery != "" {
		a.cache = never // a cache that leaves queries out of its keys would give one page for another
	}
	a.vary = q.vary
	a.encode(q.Request)
	held := int64(0)
	if q.Method != http.MethodHead {
		held = weight(a.body)
	}
	// Within its turn, so that besides the budget only as many bodies are in memory
	// as may be made at once.
	if err := h.held.take(q.from, held, errFull); err != nil {
		return nil, err
	}
	a.held = held
	return a, nil
}

// lookBehind says once that a proxy seems to stand before the ledger which nobody
// named: all its callers then have the rate of one. Strangers cannot have it said from
// outside.
func (h *Handler) lookBehind(q *request) {
	if near := connected(q.RemoteAddr); q.Header.Get("X-Forwarded-For") == "" || h.cfg.Proxy.trust(near) || !near.IsLoopback() && !near.IsPrivate() {
		return
	}
	h.behind.Do(func() {
		h.log.Warn("a proxy that is not named stands before the ledger: all its callers share one rate, see --trusted-proxy")
	})
}
