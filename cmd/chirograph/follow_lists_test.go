package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

// A dossier holds a dispute. All resolve it, while one party states things without end, and
// resolves things alone.
func TestWhatResolvesADisputeFindsRoom(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	dispute, disputed := s.register(s.statementText(contract, "dispute"), "ann.example")
	path := s.save(contract, receipt, disputed)
	for range 3 {
		s.register(s.statementText(contract, "notice"), "ann.example")
	}
	alone := s.statementText(contract, "resolution")
	alone.Answers = dispute.ID()
	one, _ := s.register(alone, "ann.example")
	both := s.statementText(contract, "resolution")
	both.Answers, both.Parties = dispute.ID(), contract.Text().Parties
	all, _ := s.register(both, "ann.example", "dan.example")
	end := s.text(record.Termination)
	end.Contract, end.Parties, end.Effective = contract.ID(), contract.Text().Parties, record.DateOf(s.now.Unix())+40
	first, _ := s.register(end, "ann.example", "dan.example")

	u := s.full(path, 0)
	s.must(u.follow(t.Context()))
	if u.dossier.Receipt(all.ID()) == nil || u.dossier.Receipt(one.ID()) != nil || u.left != 4 {
		t.Errorf("%d are left out, and the resolution of all is there: %v, of one: %v", u.left, u.dossier.Receipt(all.ID()) != nil, u.dossier.Receipt(one.ID()) != nil)
	}
	// What is left free for that has an end, too.
	u = s.full(path, -freeRecords/2)
	s.must(u.follow(t.Context()))
	if u.dossier.Receipt(all.ID()) != nil || u.dossier.Receipt(first.ID()) == nil {
		t.Error("a resolution is put in where nothing is left free, or how it ends is not")
	}
	s.wants(exitYes, "update", path)
	if d := s.open(path); d.Receipt(all.ID()) == nil || d.Receipt(one.ID()) == nil {
		t.Error("where there is room, something is left out")
	}
}

// An end that a later one came before, does not decide any more. It comes before notices.
func TestTerminationsAreFetchedBeforeWhatElseIsStated(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	for range 3 {
		s.register(s.statementText(contract, "notice"), "ann.example")
	}
	var ends []*record.Record
	for days := range record.Date(3) {
		end := s.text(record.Termination)
		end.Contract, end.Parties, end.Effective = contract.ID(), contract.Text().Parties, record.DateOf(s.now.Unix())+40-days
		r, _ := s.register(end, "ann.example", "dan.example")
		ends = append(ends, r)
	}
	u := s.full(path, 3)
	s.must(u.follow(t.Context()))
	for i, r := range ends {
		if u.dossier.Receipt(r.ID()) == nil {
			t.Errorf("termination %d is not there", i)
		}
	}
	if u.left != 3 {
		t.Errorf("%d are left out, want 3", u.left)
	}
}

func TestSubcontractsAreNotFetched(t *testing.T) {
	s := newStage(t)
	frame, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(frame, receipt)
	asked := make(map[string]bool)
	s.change = func(q *http.Request, _ []byte) (int, []byte) {
		asked[q.URL.Path] = true
		return 0, nil
	}
	for range 5 {
		text := s.contractText()
		text.Under = frame.ID()
		sub, _ := s.register(text, "ann.example", "dan.example")
		defer func() {
			if asked["/records/"+sub.ID().String()+"/receipt"] {
				t.Errorf("contract %s is asked for", sub.ID())
			}
		}()
	}
	s.wants(exitYes, "update", path)
	s.holds(path, frame)
	if s.stderr.Len() > 0 || !asked["/contracts/"+frame.ID().String()] {
		t.Errorf("%v: %s", asked, s.stderr.String())
	}
}

func TestAListOfSubcontractsThatNeverEndsIsNotReadToTheEnd(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	s.page("/contracts/", func(page map[string]any) {
		var after uint64
		fmt.Sscanf(page["asked"].(string), "after=%d", &after)
		var events []any
		for n := after + 1; n <= after+256; n++ {
			events = append(events, map[string]any{"index": n, "id": fmt.Sprintf("%064x", n), "relation": "under"})
		}
		page["timeline"], page["next"], page["size"] = events, after+256, 1<<40
	})
	s.requests.Store(0)
	s.wants(exitYes, "update", path)
	s.says("the ledger lists more than 16384 records that are not here, and the list was not read to its end")
	if n := s.requests.Load(); n > maxLeft/256+20 {
		t.Errorf("%d requests", n)
	}
}
