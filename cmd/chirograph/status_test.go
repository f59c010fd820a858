package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
)

// Of a renewal that is still to begin, the one before is asked for.
func TestTheStatusOfARenewalIsThatOfTheContractBefore(t *testing.T) {
	s := newStage(t)
	contract, first := s.register(s.contractText(), "ann.example", "dan.example")
	next, second := s.register(s.amendmentText(contract, record.DateOf(s.now.Unix())+30), "ann.example", "dan.example")
	path := s.save(next, first, second)
	s.wants(exitYes, "status", path)
	if want := "\nbefore that contract " + contract.ID().String() + ": in force since 2026-09-21; ends: replaced from 2026-10-21 on by " + next.ID().String() + "\n"; !strings.HasSuffix(s.stdout.String(), want) {
		t.Error(s.stdout.String())
	}
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if q.URL.Path == "/records/"+contract.ID().String()+"/receipt" {
			return http.StatusNotFound, nil
		}
		return 0, nil
	}
	s.wants(exitNo, "status", path)
	s.says("and you hold its receipt")
	s.wants(exitUnasked, "status", next.ID().String()) // who holds none can't say that it was there
	s.says("has contract " + next.ID().String() + ", which takes the place of " + contract.ID().String() + ", and says that it does not have that")
	// It is believed no more than of any other.
	s.page("/contracts/"+contract.ID().String(), func(page map[string]any) {
		page["status"] = map[string]any{"standing": "expired", "since": "2026-09-01"}
	})
	s.wants(exitUnasked, "status", path)
	s.says("says that contract " + contract.ID().String() + " is expired since 2026-09-01; by the receipts it is in force since 2026-09-21")
	s.change = nil
	s.now = s.now.Add(30 * 24 * time.Hour)
	s.wants(exitYes, "status", path)
	if strings.Contains(s.stdout.String(), "before that") {
		t.Error(s.stdout.String())
	}
}
