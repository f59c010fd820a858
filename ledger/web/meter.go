package web

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/chirograph/chirograph/ledger/rules"
)

// A Meter is told what a handler does. Its functions are called by many at once, for each
// request and each record, and have to be quick.
type Meter struct {
	// Request is told of a request that has its answer: the number of its endpoint in
	// [Endpoints], the status, and how long it took.
	Request func(endpoint, status int, took time.Duration)

	// Record is told of a record that has its answer, alone or in a stream: the status that
	// it has alone, and the rule that it broke, or "".
	Record func(status int, rule rules.Rule)
}

// The names of what is no endpoint, and is counted as one.
const (
	streamEndpoint = "stream" // POST /records with many records, which takes as long as they do
	otherEndpoint  = "other"  // no endpoint
)

// Endpoints returns the names of what requests are for: paths, without what callers choose
// of them.
func Endpoints() []string {
	var names []string
	for _, e := range endpoints {
		names = append(names, e.path)
	}
	return append(names, streamEndpoint, otherEndpoint)
}

// Rules returns the rules that [Meter].Record hears of.
func Rules() []rules.Rule { return slices.Sorted(maps.Keys(refusals)) }

func init() {
	for i := range endpoints {
		endpoints[i].number = i
	}
}

// An observed is a ResponseWriter of which the status is known.
type observed struct {
	http.ResponseWriter
	endpoint int // its number
	status   int // 0 before any, and where the answer has none but 200
}

func (o *observed) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// many has a request counted as one with many records.
func many(w http.ResponseWriter) {
	if o, ok := w.(*observed); ok {
		o.endpoint = len(endpoints)
	}
}

// observe has a request served, and the meter told of it.
func (h *Handler) observe(w http.ResponseWriter, r *http.Request) {
	begun := h.cfg.Clock()
	o := &observed{ResponseWriter: w, endpoint: len(endpoints) + 1}
	if e, _, ok := find(r.URL.EscapedPath()); ok {
		o.endpoint = e.number
	}
	defer func() {
		if o.status == 0 {
			o.status = http.StatusOK
		}
		h.cfg.Meter.Request(o.endpoint, o.status, h.cfg.Clock().Sub(begun))
	}()
	h.serve(o, r)
}

// count has the meter told of a record that is public.
func (h *Handler) count(status int) {
	if h.cfg.Meter != nil {
		h.cfg.Meter.Record(status, "")
	}
}

// countProblem has it told of one that is not, or not yet.
func (h *Handler) countProblem(p *problem) {
	if h.cfg.Meter != nil {
		h.cfg.Meter.Record(p.Status, p.Rule)
	}
}
