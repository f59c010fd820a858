package web

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// A node says so whoever leads, and as long as nobody does.
func TestANodeThatFollowsSaysThatTheLedgerIsFrozen(t *testing.T) {
	marks := map[string]string{"text/plain": "It is frozen for good", "application/json": `"frozen": true`, "text/html": "Frozen for good"}
	p := newPair(t)
	is := false
	p.follows.cfg.Node.Frozen = func() bool { return is }
	for _, want := range []bool{false, true} {
		is = want
		for _, face := range []string{"text/plain", "application/json", "text/html"} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept", face)
			w := httptest.NewRecorder()
			p.follows.ServeHTTP(w, r)
			b := w.Body.String()
			if w.Code != 200 || strings.Contains(b, marks[face]) != want {
				t.Errorf("frozen %t, as %s: %d %s", want, face, w.Code, b)
			}
		}
	}
	if resp := p.send(p.follows, contract(1).Bytes()); resp.StatusCode != 201 {
		t.Error("who leads is not asked", resp.Status)
	}
}
