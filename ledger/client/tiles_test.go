package client

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// paths answers these paths, and no other.
func paths(answers map[string][]byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, ok := answers[strings.TrimPrefix(r.URL.Path, "/l/")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Write(b)
	}
}

// bundle returns a bundle of entries of one byte.
func bundle(n int) (b []byte) {
	for i := range n {
		b = must(tlog.AppendBundle(b, []byte{byte(i)}))
	}
	return b
}

// c2sp.org/tlog-tiles: where a partial tile is gone, the whole one has its beginning.
func TestPartialTileIsCutOutOfTheWhole(t *testing.T) {
	l := newLog("ledger.example/log")
	hashes := bytes.Repeat([]byte("a"), 256*32)
	h, asked := recorded(paths(map[string][]byte{
		"tile/0/000": hashes, "tile/entries/000": bundle(256), "tile/0/001.p/2": hashes[:64], "tile/entries/001.p/2": bundle(2), "tile/entries/002": []byte("nonsense"),
	}))
	c := l.client(t, h)
	for _, test := range []struct {
		tile tlog.Tile
		want []byte
	}{
		{tlog.Tile{Level: 0, Index: 0, Width: 256}, hashes},
		{tlog.Tile{Level: 0, Index: 0, Width: 3}, hashes[:96]},
		{tlog.Tile{Level: 0, Index: 1, Width: 2}, hashes[:64]},
		{tlog.Tile{Level: -1, Index: 0, Width: 256}, bundle(256)},
		{tlog.Tile{Level: -1, Index: 0, Width: 3}, bundle(3)},
		{tlog.Tile{Level: -1, Index: 1, Width: 2}, bundle(2)},
	} {
		if b, err := c.Tile(t.Context(), test.tile); err != nil || !bytes.Equal(b, test.want) {
			t.Errorf("%s: %d bytes, %v", test.tile.Path(), len(b), err)
		}
	}
	n := len(asked())
	_, err := c.Tile(t.Context(), tlog.Tile{Level: 0, Index: 9, Width: 7})
	wantError(t, err, "GET http://ledger.example/l/tile/0/009.p/7: 404 Not Found")
	if got := asked()[n:]; !slices.Equal(got, []string{"GET /l/tile/0/009.p/7", "GET /l/tile/0/009"}) {
		t.Errorf("asked %q", got)
	}
	_, err = c.Tile(t.Context(), tlog.Tile{Level: -1, Index: 2, Width: 7})
	wantError(t, err, "the whole of tile/entries/002.p/7: bundle ends")
}

func TestTileOfAnotherLengthIsRefused(t *testing.T) {
	l := newLog("ledger.example/log")
	for _, length := range []int{0, 63, 65, 8192} {
		_, err := l.client(t, body(200, make([]byte, length))).Tile(t.Context(), tlog.Tile{Level: 0, Index: 0, Width: 2})
		want := "bytes, not 64"
		if length > 64 {
			want = "more than the 64 bytes that are allowed"
		}
		wantError(t, err, want)
	}
	longest := make([]byte, maxBundle)
	tile := tlog.Tile{Level: -1, Index: 0, Width: 256}
	if b, err := l.client(t, body(200, longest)).Tile(t.Context(), tile); err != nil || len(b) != maxBundle {
		t.Error(len(b), err)
	}
	_, err := l.client(t, body(200, append(longest, 0))).Tile(t.Context(), tile)
	wantError(t, err, "more than the 16777472 bytes that are allowed")
}

func TestTileIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog("ledger.example/log")
		h, asked := scripted(t, hangUp, busy(503, "7"), busy(502, ""), body(200, bundle(1)))
		if b, err := l.client(t, h).Tile(t.Context(), tlog.Tile{Level: -1, Index: 0, Width: 1}); err != nil || len(b) != 3 || len(asked()) != 4 {
			t.Errorf("%q, %v after %q", b, err, asked())
		}
		h, asked = recorded(busy(503, "1"))
		_, err := l.client(t, h).Tile(t.Context(), tlog.Tile{Level: 0, Index: 0, Width: 1})
		wantError(t, err, "no answer in 6 tries: GET http://ledger.example/l/tile/0/000.p/1: 503")
		if len(asked()) != maxTries {
			t.Errorf("asked %q", asked())
		}
	})
}
