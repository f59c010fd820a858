package web

import (
	"encoding/hex"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

func (h *Handler) contract(q *request) (*answer, error) {
	id, err := record.ParseID(q.rest)
	if err != nil {
		return nil, notFound("%s", err)
	}
	first, err := q.after()
	if err != nil {
		return nil, err
	}
	// Asked first, so that nothing is said of the kind of what is not public.
	if _, ok, err := q.view.Index(id); err == nil && !ok {
		return nil, h.missing(id, notFound("no contract %s is registered among the first %d", id, q.view.Size()))
	}
	if q.face == atomFace {
		return asFeed(h.site.ContractFeed(q.view, q.path(), id))
	}
	c, err := h.site.ContractAt(q.view, id, first, h.cfg.Clock().Unix())
	if err != nil {
		return nil, err
	}
	if q.face == htmlFace {
		return asPage(h.site.ContractHTML(q.view, q.path(), c, first))
	}
	return asJSON(c)
}

func (h *Handler) key(q *request) (*answer, error) {
	pub, err := parsePublicKey(q.rest)
	if err != nil {
		return nil, err
	}
	first, err := q.after()
	if err != nil {
		return nil, err
	}
	if q.face == atomFace {
		return asFeed(h.site.KeyFeed(q.view, q.path(), pub))
	}
	k, err := h.site.KeyAt(q.view, pub, first)
	if err != nil {
		return nil, err
	}
	if q.face == htmlFace {
		return asPage(h.site.KeyHTML(q.path(), k, first))
	}
	return asJSON(k)
}

// after reads the query of a page: nothing, or after=<index>, of a part that is no feed.
func (q *request) after() (uint64, error) {
	query := q.URL.RawQuery
	if query == "" {
		return 0, nil
	}
	digits, ok := strings.CutPrefix(query, "after=")
	after, err := note.ParseDecimal(digits)
	if err != nil || !ok || q.face == atomFace {
		return 0, notFound("query %.60q is not after=<index>", query)
	}
	return after + 1, nil
}

// parsePublicKey reads the one hex form of a key.
func parsePublicKey(s string) (note.PublicKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return note.PublicKey{}, notFound("key %.70q is not 64 lowercase hex digits", s)
	}
	pub, err := note.ParsePublicKey(b)
	if err != nil {
		return note.PublicKey{}, notFound("key %.70q: %s", s, err)
	}
	if pub.String() != s {
		return note.PublicKey{}, notFound("key %.70q is not in lowercase", s)
	}
	return pub, nil
}
