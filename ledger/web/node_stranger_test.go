package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
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

// showsLater has the node that follows show a record when it was looked at once.
func (p *pair) showsLater(r *record.Record) {
	before := p.log.View()
	p.add(r)
	var looks atomic.Int32
	p.follows.cfg.View = func() *ledger.View {
		if looks.Add(1) == 1 {
			return before
		}
		return p.log.View()
	}
}

// Whoever is at the address that the head names does not speak for the ledger: what he says of a
// record that was registered is a receipt, and where that is, is in this ledger.
func TestAnAnswerInTheLeadersPlaceIsNoPageOfTheLedger(t *testing.T) {
	c := contract(1)
	here := "/records/" + c.ID().String()
	for _, test := range []struct {
		media, location string
		status, want    int
	}{
		{plainText, here, 201, 201},
		{plainText, here, 200, 200},
		{"text/html; charset=utf-8", here, 201, 503},
		{"text/html", here, 200, 503},
		{"", here, 201, 503},
		{"text/plain, text/html", here, 201, 503},
		{plainText, "", 201, 503},
		{plainText, "http://evil.example" + here, 201, 503},
		{plainText, "//evil.example" + here, 200, 503},
		{plainText, "/search?q=evil", 201, 503},
		{plainText, "/records/" + contract(2).ID().String(), 201, 503},
		{plainText, "/records/../search", 201, 503},
		{problemText, here, 422, 422},
		{problemText, here, 599, 599},
		{problemText, here, 600, 503},
		{problemText, here, 999, 503},
		{problemText, "http://evil.example" + here, 422, 422},
	} {
		p := newPair(t)
		w := httptest.NewRecorder()
		w.Header()["Content-Type"] = []string{test.media}
		w.Header().Set("Location", test.location)
		w.WriteHeader(test.status)
		_, _ = w.WriteString("what he says")
		p.answer = w.Result()
		p.showsLater(c)
		resp := p.send(p.follows, c.Bytes())
		where := resp.Header.Get("Location")
		if resp.StatusCode != test.want || (where == here) != (test.want < 300) || where != here && where != "" {
			t.Errorf("%+v: %s, Location %q", test, resp.Status, where)
		}
		if said := strings.Contains(string(read(t, resp)), "what he says"); said != (test.want != 503) {
			t.Errorf("%+v: it is told %t", test, said)
		}
	}
}
