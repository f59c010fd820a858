package web

import (
	"net/netip"
	"runtime"
	"testing"
)

// Where its address has as many requests at the gate as it may, a stream waits, and a single
// record is turned away.
func TestAStreamWaitsForItsTurnAtTheGate(t *testing.T) {
	w := open(t)
	who, places, taken := netip.MustParseAddrPort(one).Addr(), w.h.gate.places, int64(0)
	for places.take(who, 1, errBusy) == nil {
		taken++
	}
	s := w.stream(t, one, "")
	go func() {
		s.send(contract(1).Bytes(), contract(2).Bytes())
		s.end()
	}()
	for waits := false; !waits; {
		runtime.Gosched()
		places.mu.Lock()
		waits = places.freed != nil
		places.mu.Unlock()
	}
	wantProblem(t, w.from(one, contract(3).Bytes()), 429, "", "")
	places.give(who, taken)
	for _, l := range s.rest() {
		wantLine(t, l, 201, "", "")
	}
	if got := places.taken(); got != 0 {
		t.Errorf("%d places are not given back", got)
	}
}
