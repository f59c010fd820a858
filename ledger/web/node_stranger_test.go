package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Where the nodes find each other is nobody else's concern.
func TestStrangersAreNotToldWhereTheNodesAre(t *testing.T) {
	p := newPair(t)
	silent := func(resp *http.Response) {
		t.Helper()
		if all := fmt.Sprint(resp.Header, string(read(t, resp))); strings.Contains(all, "leader.example") {
			t.Errorf("%s: %s", resp.Status, all)
		}
	}
	b := contract(1).Bytes()
	silent(p.send(p.follows, b, forwardedBy, "1"))
	silent(p.send(p.follows, framed(b), "Content-Type", recordsType))
	for _, path := range []string{"/", "/readyz", "/healthz", "/metrics", "/records/" + contract(1).ID().String()} {
		w := httptest.NewRecorder()
		p.follows.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		silent(w.Result())
	}
	p.fails = errors.New("dial tcp leader.example: refused")
	silent(p.send(p.follows, b))
	p.fails = nil
	silent(p.send(p.follows, b))
}
