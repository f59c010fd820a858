package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

func ok(media, cache string, body []byte) *answer {
	return &answer{status: http.StatusOK, media: media, cache: cache, body: body}
}

func (h *Handler) checkpoint(q *request) (*answer, error) {
	if !q.view.Begun() {
		return nil, ledger.ErrNoQuorum
	}
	return ok(plainText, latest, q.view.Checkpoint().Bytes()), nil
}

// publishedTile returns the tile that a path names, if the published tree has it. A
// partial tile is served for ever, also once the tree has the whole.
func publishedTile(q *request, path string) (tlog.Tile, error) {
	t, err := tlog.ParseTilePath(path)
	if err != nil {
		return t, notFound("%s", err)
	}
	if width := tlog.TileWidth(t.Level, t.Index, q.view.Size()); width < t.Width {
		return t, notFound("%s has the width %d in the tree of size %d", t.Path(), width, q.view.Size())
	}
	return t, nil
}

func (h *Handler) tile(q *request) (*answer, error) {
	t, err := publishedTile(q, "tile/"+q.rest)
	if err != nil {
		return nil, err
	}
	b, err := q.view.Tile(t)
	return ok(octets, immutable, b), err
}

func (h *Handler) bundle(q *request) (*answer, error) {
	t, err := publishedTile(q, "tile/entries/"+q.rest)
	if err != nil {
		return nil, err
	}
	b, err := q.view.Bundle(t)
	a := ok(octets, immutable, b)
	a.gzip = true
	return a, err
}

func (h *Handler) record(q *request) (*answer, error) {
	hex, receipt := strings.CutSuffix(q.rest, "/receipt")
	index, entry, err := h.find(q, hex)
	if err != nil {
		return nil, err
	}
	if receipt {
		if err := h.asked.take(q.from, h.cfg.Clock()); err != nil {
			return nil, err
		}
		b, err := h.receipt(q, q.view, index)
		return ok(plainText, latest, b), err
	}
	if q.face == textFace {
		return ok(plainText, immutable, entry.Record), nil
	}
	r, err := h.site.RecordAt(q.view, index)
	if err != nil {
		return nil, err
	}
	if q.face == jsonFace {
		return asJSON(r)
	}
	return asPage(h.site.RecordHTML(q.path(), r))
}

// receipt returns the receipt of an entry of a View. It has every signature in it checked
// once more before it leaves.
func (h *Handler) receipt(q *request, view *ledger.View, index uint64) ([]byte, error) {
	if err := h.gate.enter(q.Context(), q.from); err != nil {
		return nil, err
	}
	defer h.gate.leave(q.from)
	return view.Receipt(index)
}

// find returns the entry with the record whose id is written in hex, and its index; an
// error of 404 where the log has none, of 503 where only the published one has not.
func (h *Handler) find(q *request, hex string) (uint64, record.Entry, error) {
	id, err := record.ParseID(hex)
	if err != nil {
		return 0, record.Entry{}, notFound("%s", err)
	}
	index, entry, ok, err := q.view.Find(id)
	if err == nil && !ok {
		err = h.missing(id, notFound("no record %s is registered among the first %d", id, q.view.Size()))
	}
	return index, entry, err
}

func (h *Handler) consistency(q *request) (*answer, error) {
	size, err := note.ParseDecimal(q.rest)
	if err != nil {
		return nil, notFound("size of the older tree: %s", err)
	}
	if size > q.view.Size() {
		return nil, notFound("the older tree has the size %d, the latest has %d", size, q.view.Size())
	}
	if !q.view.Begun() {
		return nil, ledger.ErrNoQuorum
	}
	b, err := q.view.Consistency(size)
	return ok(plainText, latest, b), err
}

func (h *Handler) policy(q *request) (*answer, error) {
	if q.view == nil {
		return ok(plainText, latest, h.cfg.Policy), nil
	}
	return ok(plainText, latest, q.view.Policy().Bytes()), nil
}

// home says to whoever opens the URL what this is.
func (h *Handler) home(q *request) (*answer, error) {
	if q.face == textFace {
		return h.homeText(q)
	}
	home, err := h.site.HomeAt(q.view, h.cfg.Clock().Unix())
	if err != nil {
		return nil, err
	}
	if q.face == jsonFace {
		return asJSON(home)
	}
	return asPage(h.site.HomeHTML(q.path(), home))
}

func (h *Handler) homeText(q *request) (*answer, error) {
	var b strings.Builder
	what := "the"
	if h.cfg.Copy != nil {
		what = "a read-only copy of the"
	}
	fmt.Fprintf(&b, "This is %s Chirograph ledger %s.\n\nkey     %s\n", what, h.cfg.Key.Name(), h.cfg.Key)
	if h.cfg.URL != "" {
		fmt.Fprintf(&b, "url     %s\n", h.cfg.URL)
	}
	at := h.cfg.URL
	if h.cfg.Copy != nil {
		at = "" // what follows is here, the ledger is there
	}
	fmt.Fprintf(&b, "policy  %s/policy\nlog     %[1]s/checkpoint\n\n", strings.TrimSuffix(at, "/"))
	fmt.Fprintf(&b, "%d records are registered.\n", q.view.Size())
	if h.site.Frozen {
		b.WriteString("It is frozen for good: it registers nothing any more.\n")
	}
	return ok(plainText, latest, []byte(b.String())), nil
}
