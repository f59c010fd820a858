package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/rules"
)

// metered has a world count what its meter is told.
func (w *world) metered() (requests map[[2]string]int, records map[string]int) {
	requests, records = make(map[[2]string]int), make(map[string]int)
	var mu sync.Mutex
	names := Endpoints()
	w.h.cfg.Meter = &Meter{
		Request: func(endpoint, status int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			requests[[2]string{names[endpoint], http.StatusText(status)}]++
		},
		Record: func(status int, rule rules.Rule) {
			mu.Lock()
			defer mu.Unlock()
			records[http.StatusText(status)+" "+string(rule)]++
		},
	}
	return requests, records
}

// Each request is told once, by its endpoint and status, and each record, alone or in a
// stream.
func TestAMeterIsToldOfEachRequestAndRecord(t *testing.T) {
	w := open(t)
	requests, records := w.metered()
	w.post(contract(1).Bytes())
	w.post(contract(1).Bytes())
	w.post([]byte("hello"))
	if resp := w.get("GET", "/tile/entries/000.p/1"); resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
	w.get("GET", "/tile/0/000.p/1")
	w.get("GET", "/tile/0/000.p/2")
	w.get("DELETE", "/nothing")
	w.get("DELETE", "/checkpoint")
	w.all(t, one, "", contract(1).Bytes(), contract(2).Bytes(), []byte("hello"))
	w.h.cfg.Room = func() error { return &RoomError{"store", 1, 2} }
	w.post(contract(3).Bytes())
	for want, n := range map[[2]string]int{
		{"/records", "Created"}: 1, {"/records", "OK"}: 1, {"/records", "Bad Request"}: 1, {"/records", "Service Unavailable"}: 1, {"/tile/entries/", "OK"}: 1, {"/tile/", "OK"}: 1,
		{"/tile/", "Not Found"}: 1, {"other", "Not Found"}: 1, {"/checkpoint", "Method Not Allowed"}: 1, {"stream", "OK"}: 1,
	} {
		if requests[want] != n {
			t.Errorf("%v: %d, want %d", want, requests[want], n)
		}
		delete(requests, want)
	}
	for want, n := range map[string]int{"Created ": 2, "OK ": 2, "Bad Request form": 2, "Service Unavailable ": 1} {
		if records[want] != n {
			t.Errorf("%s: %d, want %d", want, records[want], n)
		}
		delete(records, want)
	}
	if len(requests)+len(records) > 0 {
		t.Errorf("and besides %v, %v", requests, records)
	}
}

// A request that panics is told, too.
func TestAMeterIsToldOfAnAnswerThatWasBrokenOff(t *testing.T) {
	w := open(t)
	requests, _ := w.metered()
	s := w.stream(t, one, "")
	s.send([]byte("hello"))
	s.leave()
	<-s.ended
	if len(requests) != 1 || requests[[2]string{"stream", "OK"}] != 1 {
		t.Errorf("%v", requests)
	}
}

func TestEndpointsAreNamedOnce(t *testing.T) {
	names := Endpoints()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(Endpoints()) {
		t.Errorf("%q", Endpoints())
	}
	for i, e := range endpoints {
		if e.number != i || Endpoints()[i] != e.path {
			t.Errorf("%s is number %d, not %d", e.path, e.number, i)
		}
	}
}

func BenchmarkGetMetered(b *testing.B) {
	for _, metered := range []string{"no", "yes"} {
		b.Run(metered, func(b *testing.B) {
			w := open(b).add(contracts(300)...)
			if metered == "yes" {
				w.h.cfg.Meter = &Meter{Request: func(int, int, time.Duration) {}, Record: func(int, rules.Rule) {}}
			}
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/tile/0/000", nil)
				if resp := w.do(r); resp.StatusCode != 200 {
					b.Fatal(resp.StatusCode)
				}
			}
		})
	}
}
