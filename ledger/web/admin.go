package web

import "net/http"

// metricsText is the media type of metrics (Prometheus, text format).
const metricsText = "text/plain; version=0.0.4; charset=utf-8"

// metrics answers what monitors collect.
func (h *Handler) metrics(*request) (*answer, error) {
	if h.cfg.Metrics == nil {
		return nil, notFound("there is nothing at this path")
	}
	return metricsOf(h.cfg.Metrics)
}

func metricsOf(collect func() ([]byte, error)) (*answer, error) {
	b, err := collect()
	return ok(metricsText, never, b), err
}

// An admin serves what is for the operator alone.
type admin struct {
	*Handler
	collect func() ([]byte, error)
}

// Admin returns the handler of an operator's own address: the /metrics that collect
// returns, /healthz and /readyz. Nobody has a rate or a share of it, so strangers are kept
// away from there; it has nothing that they may not know.
func (h *Handler) Admin(collect func() ([]byte, error)) http.Handler {
	return admin{h, collect}
}

func (a admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if ends(r) {
		closes(w, r)
	}
	var serve func(*request) (*answer, error)
	switch r.URL.EscapedPath() {
	case "/metrics":
		serve = func(*request) (*answer, error) { return metricsOf(a.collect) }
	case "/healthz":
		serve = a.healthy
	case "/readyz":
		serve = a.ready
	default:
		notFound("there is nothing at this path").write(w, r)
		return
	}
	e := endpoint{path: r.URL.Path}
	if allow, ok := e.allow(r.Method); !ok {
		methodNotAllowed(allow).write(w, r)
		return
	}
	q := &request{Request: r}
	answer, err := func() (answer *answer, err error) {
		defer caught(&err)
		return serve(q)
	}()
	if err != nil {
		a.problem(q, e, err).write(w, r)
		return
	}
	answer.write(w, r)
}
