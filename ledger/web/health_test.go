package web

import (
	"net/http"
	"slices"
	"testing"
)

// A ledger whose key is not there is not ready, and tries all the same: only what signs
// knows, and a record that nobody dared to send would never find out.
func TestALedgerWithoutItsKeyIsNotReadyAndTakesRecords(t *testing.T) {
	w := open(t)
	there, asked := false, 0
	w.h.cfg.Signs = func() bool { asked++; return there }
	wantProblem(t, w.get("GET", "/readyz"), http.StatusServiceUnavailable, "", "the ledger cannot sign its tree at the moment")
	if reason := w.h.Unready(); reason != "key" || !slices.Contains(Reasons(), reason) || asked != 2 {
		t.Errorf("it is not ready by %q, asked %d times", reason, asked)
	}
	if resp := w.post(contract(1).Bytes()); resp.StatusCode != http.StatusCreated || asked != 2 {
		t.Errorf("a record: %s, asked %d times", resp.Status, asked)
	}
	w.h.cfg.Room = func() error { return &RoomError{"store", 1, 2} }
	if reason := w.h.Unready(); reason != "disk" {
		t.Errorf("with a full disk besides: %q", reason)
	}
	w.h.cfg.Room, there = nil, true
	if resp := w.get("GET", "/readyz"); resp.StatusCode != http.StatusOK || w.h.Unready() != "" {
		t.Errorf("with its key: %s", resp.Status)
	}
}
