package web

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/pages"
	"github.com/chirograph/chirograph/ledger/record"
	verifier "github.com/chirograph/chirograph/verify/page"
)

// path is that of a request, as the references of its page are relative to it.
func (q *request) path() string { return q.URL.EscapedPath() }

func asJSON(v any) (*answer, error) {
	b, err := pages.JSON(v)
	return ok(jsonText, latest, b), err
}

func asPage(b []byte, err error) (*answer, error) {
	a := ok(htmlText, latest, b)
	a.csp, a.gzip = pageSecurity, true
	return a, err
}

func asFeed(b []byte, err error) (*answer, error) {
	a := ok(atomText, latest, b)
	a.gzip = true
	return a, err
}

// seeOther sends a caller on, to a path from the home page.
func seeOther(q *request, cache, path string) *answer {
	to := pages.Root(q.path()) + path
	return &answer{status: http.StatusSeeOther, media: plainText, cache: cache, location: to, body: []byte("see " + to + "\n")}
}

// entries answers with a page of the log.
func (h *Handler) entries(q *request) (*answer, error) {
	before := uint64(math.MaxInt64)
	if query := q.URL.RawQuery; query != "" {
		digits, ok := strings.CutPrefix(query, "before=")
		n, err := note.ParseDecimal(digits)
		if err != nil || !ok || n == 0 {
			return nil, notFound("query %.60q is not before=<index>, of which the first is 1", query)
		}
		before = n
	}
	l, err := h.site.LogAt(q.view, before)
	if err != nil {
		return nil, err
	}
	if q.face == htmlFace {
		return asPage(h.site.LogHTML(q.path(), l))
	}
	return asJSON(l)
}

// entry sends a caller on to the record that is an entry, for ever.
func (h *Handler) entry(q *request) (*answer, error) {
	index, err := note.ParseDecimal(q.rest)
	if err != nil {
		return nil, notFound("entry: %s", err)
	}
	if index >= q.view.Size() {
		return nil, notFound("there are %d entries, of which the first is 0", q.view.Size())
	}
	id, err := pages.IDAt(q.view, index)
	if err != nil {
		return nil, err
	}
	return seeOther(q, immutable, "records/"+id.String()), nil
}

// feed answers with the newest records.
func (h *Handler) feed(q *request) (*answer, error) {
	return asFeed(h.site.Feed(q.view, q.path()))
}

// search answers with the keys of a name, and sends on to what is named by its hash.
func (h *Handler) search(q *request) (*answer, error) {
	words, after, err := pages.ParseQuery(q.URL.RawQuery)
	if err != nil {
		return nil, notFound("query %.60q is no search: %s", q.URL.RawQuery, err)
	}
	path, err := pages.Named(q.view, words)
	switch {
	case err != nil:
		return nil, err
	case path != "":
		return seeOther(q, latest, path), nil
	}
	if id, err := record.ParseID(words); err == nil && h.cfg.Log != nil {
		if err := h.missing(id, nil); err != nil {
			return nil, err
		}
	}
	s, err := pages.SearchFor(q.view, words, after)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if q.face == htmlFace {
		return asPage(h.site.SearchHTML(q.path(), s))
	}
	return asJSON(s)
}

// verifier answers with the verifier, which is the same whatever the ledger has.
func (h *Handler) verifier(*request) (*answer, error) {
	a := ok(htmlText, brief, verifier.HTML)
	a.csp, a.gzip = unframed, true
	return a, nil
}
