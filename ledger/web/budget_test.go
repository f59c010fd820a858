package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A slowReader takes an answer when it is released.
type slowReader struct {
	*httptest.ResponseRecorder
	writing, release chan struct{}
}

func (s *slowReader) Write(b []byte) (int, error) {
	close(s.writing)
	<-s.release
	return s.ResponseRecorder.Write(b)
}

// slow asks for a path from an address, and returns when the answer waits for its
// reader; end lets him read it, and returns it.
func (w *world) slow(path, address string) (end func() *http.Response) {
	s := &slowReader{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr = address
		w.h.ServeHTTP(s, r)
	}()
	<-s.writing
	return func() *http.Response {
		close(s.release)
		<-ended
		return s.Result()
	}
}

func TestLargeAnswersThatNobodyReadsAreBounded(t *testing.T) {
	w := open(t).add(contracts(300)...)
	const bundle, smaller = "/tile/entries/000", "/tile/entries/000.p/255"
	end := w.slow(bundle, "192.0.2.7:1")
	one := w.h.held.taken()
	if one <= smallBody || one > heldBytes {
		t.Fatalf("a bundle takes %d bytes", one)
	}
	w.h.held.limit = 2 * one // exactly two
	endSecond := w.slow(bundle, "192.0.2.8:1")
	if got := w.h.held.taken(); got != 2*one {
		t.Errorf("two bundles take %d bytes, one takes %d", got, one)
	}
	for _, path := range []string{bundle, smaller} {
		wantProblem(t, w.get("GET", path), 503, "", "as many large answers at hand as it can hold")
		if resp := w.get("HEAD", path); resp.StatusCode != 200 {
			t.Errorf("HEAD %s: status %d", path, resp.StatusCode)
		}
	}
	for _, path := range []string{"/checkpoint", "/tile/0/000", "/tile/entries/000.p/9", "/records/" + contract(7).ID().String() + "/receipt", "/contracts/" + contract(7).ID().String()} {
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
	wantReceipt(t, w.post(contract(300).Bytes()), 201, contract(300).ID())
	first := read(t, end())
	if got := read(t, w.get("GET", bundle)); string(got) != string(first) {
		t.Error("the bundle is another one")
	}
	read(t, endSecond())
	if w.h.held.taken() != 0 {
		t.Errorf("%d bytes are taken by nobody", w.h.held.taken())
	}
	// One byte too few.
	w.h.held.limit = one - 1
	wantProblem(t, w.get("GET", bundle), 503, "", "")
	w.h.held.limit = one
	read(t, w.get("GET", bundle))
	if w.h.held.taken() != 0 || w.h.reads.places.taken() != 0 {
		t.Errorf("%d bytes and %d places are taken by nobody", w.h.held.taken(), w.h.reads.places.taken())
	}
	if w.lines.String() != "" {
		t.Errorf("log: %s", w.lines)
	}
}

func TestOnlyLargeBodiesAreCounted(t *testing.T) {
	for size, want := range map[int]int64{0: 0, smallBody: 0, smallBody + 1: smallBody + 1} {
		if got := weight(make([]byte, size)); got != want {
			t.Errorf("%d bytes take %d, want %d", size, got, want)
		}
	}
	if b := open(t).h.held; b.limit != heldBytes {
		t.Errorf("the budget has %d bytes, want %d", b.limit, heldBytes)
	}
}

func TestLargeReadsWaitForTheirTurn(t *testing.T) {
	w := open(t).add(contract(1))
	if g := w.h.reads; g.places.limit != 2*(1+waitersPerRead) || g.idle != 2 {
		t.Fatalf("%d places, %d running", g.places.limit, g.idle)
	}
	id := contract(1).ID().String()
	large := []string{"/tile/entries/000.p/1", "/contracts/" + id, "/keys/" + maker.Public().String()}
	leave := fill(t, w.h.reads.places)
	for _, path := range large {
		wantProblem(t, w.get("GET", path), 503, "", "as many requests at hand as it can take")
	}
	for _, path := range []string{"/checkpoint", "/tile/0/000.p/1", "/records/" + id, "/records/" + id + "/receipt", "/consistency/1"} {
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
	leave()
	for _, path := range large {
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
}
