package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A node finds out whether it is the one at the address that the others have of it.
func TestANodeKnowsItsOwnAnswer(t *testing.T) {
	p := newPair(t)
	p.leads.cfg.Node.Mark, p.follows.cfg.Node.Mark = "one", "two"
	leads, follows, none := httptest.NewServer(p.leads), httptest.NewServer(p.follows), httptest.NewServer(p.h)
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1); r.URL.Path != "/healthz" {
			t.Errorf("it asks for %s", r.URL)
		}
		http.Redirect(w, r, leads.URL+"/healthz", http.StatusFound)
	}))
	for _, s := range []*httptest.Server{leads, follows, none, elsewhere} {
		defer s.Close()
	}
	nobody := httptest.NewServer(nil)
	nobody.Close()
	for _, c := range []struct{ url, mark, want string }{
		{leads.URL, "one", ""}, {follows.URL, "two", ""},
		{leads.URL, "two", "another node answers"},
		{none.URL, "one", "is no node"},
		{elsewhere.URL, "one", `is no node: "302 Found"`},
		{nobody.URL, "one", "refused"},
	} {
		err := AskForMark(t.Context(), c.url, c.mark)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s asks at %s: %v, not %q", c.mark, c.url, err, c.want)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("it was asked %d times", asked.Load())
	}
	// It says so of itself, and on no other page.
	w := httptest.NewRecorder()
	p.leads.ServeHTTP(w, httptest.NewRequest("GET", "/checkpoint", nil))
	if w.Header().Get(markField) != "" {
		t.Error("a tree has a mark")
	}
}

func TestNobodyWaitsLongForTheAnswerOfANodeToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		err := askForMark(context.Background(), transport(hangs), "http://one.example", "one")
		if took := time.Since(begun); err == nil || took != selfTime {
			t.Errorf("after %s: %v", took, err)
		}
	})
}
