package web

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger"
)

// A copy serves what the ledger serves, takes no record, not even one that it has, and
// says who does. Before it has anything, it says so, and is not ready.
func TestACopyReadsAndSaysWhoRegisters(t *testing.T) {
	w := open(t).add(contracts(3)...)
	var behind error
	view := w.log.View
	cfg := Config{
		Key: home.Key, Copy: &Copy{Ledger: "https://ledger.example", Ready: func() error { return behind }}, Clock: w.clock, Checks: 1, Policy: policy,
		View: func() *ledger.View { return view() },
	}
	both := cfg
	both.Log = w.log
	if _, err := New(both); err == nil {
		t.Error("a copy with a log is served")
	}
	paths := []string{"/checkpoint", "/tile/0/000.p/3", "/tile/entries/000.p/3", "/consistency/1", "/contracts/" + contract(1).ID().String(), "/records/" + contract(2).ID().String() + "/receipt", "/policy"}
	var want [][]byte
	for _, path := range paths {
		want = append(want, read(t, w.get("GET", path)))
	}
	w.h = must(New(cfg))
	for i, path := range paths {
		if got := read(t, w.get("GET", path)); !bytes.Equal(got, want[i]) {
			t.Errorf("%s: %q, want %q", path, got, want[i])
		}
	}
	for _, body := range [][]byte{contract(1).Bytes(), contract(9).Bytes(), nil, []byte("nonsense")} {
		wantProblem(t, w.post(body), http.StatusForbidden, "", "this is a copy of the ledger ledger.example/log, which registers nothing; the ledger is at https://ledger.example")
	}
	if home := string(read(t, w.get("GET", "/"))); !strings.Contains(home, "a read-only copy of the Chirograph ledger") {
		t.Error(home)
	}
	if got := string(read(t, w.get("GET", "/readyz"))); got != "ready\n" {
		t.Error(got)
	}
	behind = errors.New("it is behind")
	resp := w.get("GET", "/readyz")
	if resp.Header.Get("Retry-After") != "10" {
		t.Error(resp.Header)
	}
	wantProblem(t, resp, http.StatusServiceUnavailable, "", "it is behind")

	view = func() *ledger.View { return nil }
	for _, path := range append(paths[:6], "/", "/keys/"+strings.Repeat("0", 64)) {
		resp := w.get("GET", path)
		if resp.Header.Get("Retry-After") != "10" {
			t.Errorf("%s: %v", path, resp.Header)
		}
		wantProblem(t, resp, http.StatusServiceUnavailable, "", "this copy of the ledger has read nothing to its end yet")
	}
	if got := string(read(t, w.get("GET", "/healthz"))); got != "ok\n" {
		t.Error(got)
	}
	if got := read(t, w.get("GET", "/policy")); !bytes.Equal(got, policy) {
		t.Errorf("%q", got)
	}
}
