package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

// Each page contradicts what receipts say, and none is repeated.
func TestNoStatusIsBelievedAgainstTheReceipts(t *testing.T) {
	s := newStage(t)
	today := record.DateOf(s.now.Unix())
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	foreign, _ := s.register(s.contractText(), "ann.example", "dan.example")
	dispute, disputed := s.register(s.statementText(contract, "dispute"), "ann.example")
	answer := s.statementText(contract, "resolution")
	answer.Parties, answer.Answers = contract.Text().Parties, dispute.ID()
	_, resolved := s.register(answer, "ann.example", "dan.example")
	path := s.save(contract, receipt, disputed, resolved)
	s.wants(exitYes, "status", path)
	day := func(n int) string { return (today + record.Date(n)).String() }
	id, other := contract.ID().String(), foreign.ID().String()
	for name, c := range map[string]struct {
		status map[string]any
		want   string
	}{
		"replaced by nothing":              {map[string]any{"standing": "replaced", "since": day(0)}, ""},
		"replaced by what replaces nobody": {map[string]any{"standing": "replaced", "since": day(0), "by": other}, "says that contract " + id + " is replaced by " + other + " since " + day(0) + "; by the receipts it is in force since " + day(0)},
		"replaced by what is not there":    {map[string]any{"standing": "replaced", "since": day(0), "by": strings.Repeat("1", 64)}, "ends contract " + id + ", and that it does not have it"},
		"in force since before it was":     {map[string]any{"standing": "in force", "since": day(-1)}, "by the receipts it is in force since " + day(0)},
		"in force from tomorrow":           {map[string]any{"standing": "in force", "since": day(1)}, ""},
		"expired without a last day":       {map[string]any{"standing": "expired", "since": day(0)}, "by the receipts it is in force"},
		"terminated by itself":             {map[string]any{"standing": "terminated", "since": day(0), "by": id}, "by the receipts it is in force"},
		"terminated tomorrow":              {map[string]any{"standing": "terminated", "since": day(1), "by": other}, ""},
		"pending without a first day":      {map[string]any{"standing": "pending", "since": day(9)}, "by the receipts it is in force"},
		"an end that nothing makes":        {map[string]any{"standing": "in force", "since": day(0), "ends": map[string]any{"day": day(5), "how": "terminated", "by": other}}, "by the receipts it is in force"},
		"a last day that it does not have": {map[string]any{"standing": "in force", "since": day(0), "ends": map[string]any{"day": day(5), "how": "expired"}}, "by the receipts it is in force"},
		"a dispute that is resolved":       {map[string]any{"standing": "in force", "since": day(0), "disputes": []any{dispute.ID().String()}}, "says that dispute " + dispute.ID().String() + " is open; by the receipts"},
		"a dispute that is a contract":     {map[string]any{"standing": "in force", "since": day(0), "disputes": []any{id}}, "says that dispute " + id + " is open"},
	} {
		t.Run(name, func(t *testing.T) {
			s.page("/contracts/", func(page map[string]any) { page["status"] = c.status })
			for _, args := range [][]string{{"status", path}, {"status", id}} {
				if args[1] == id && strings.Contains(name, "dispute") {
					continue // which only the dossier knows
				}
				s.wants(exitUnasked, args...)
				if s.stdout.Len() > 0 {
					t.Errorf("%q", s.stdout.String())
				}
				if args[1] == path {
					s.says(c.want)
				}
			}
		})
	}
	s.page("/contracts/", func(page map[string]any) { page["time"] = "2020-01-01T00:00:00Z" })
	s.wants(exitUnasked, "status", path)
	s.says("stood at 2020-01-01T00:00:00Z, and it is 2026-09-21T")
	s.change = nil
	s.wants(exitYes, "status", path)
}

// The dossier has a termination that the ledger does not tell of.
func TestAStatusThatLeavesOutWhatIsHeldIsNotRepeated(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	end := s.text(record.Termination)
	end.Contract, end.Parties = contract.ID(), contract.Text().Parties
	ends, ended := s.register(end, "ann.example", "dan.example")
	path := s.save(contract, receipt, ended)
	s.wants(exitYes, "status", path)
	if want := "terminated by " + ends.ID().String(); !strings.Contains(s.stdout.String(), want) {
		t.Error(s.stdout.String())
	}
	s.page("/contracts/", func(page map[string]any) {
		status := page["status"].(map[string]any)
		status["standing"], status["by"] = "in force", ""
	})
	s.wants(exitUnasked, "status", path)
	s.says("is in force since 2026-09-21; by the receipts it is terminated by " + ends.ID().String())
}

func TestThatAContractIsNotThereAccusesNobodyWhoseReceiptIsHeld(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if strings.HasSuffix(q.URL.Path, "/receipt") {
			return http.StatusNotFound, nil
		}
		return 0, nil
	}
	for _, command := range []string{"status", "update"} {
		s.wants(exitNo, command, path)
		s.says(`says that it does not have "Meters", and you hold its receipt`)
		s.holds(path, contract)
	}
	s.wants(exitNo, "status", contract.ID().String())
	s.says(contract.ID().String() + " is not registered at " + s.front.URL)
}

// What ends a contract is in the history that the contract is in, or it ends nothing: the
// ledger signed both, and has to choose.
func TestNoStatusIsPutTogetherFromTwoHistories(t *testing.T) {
	for _, c := range []struct {
		name         string
		more, others int // records that are in the one history alone
		code         int
		says         string
	}{
		{"of one size", 1, 0, exitNo, "ledger.example has signed two pasts: 2 entries with the root "},
		{"the end is in a smaller tree", 3, 0, exitNo, "ledger.example has signed two pasts: 2 entries with the root "},
		{"the end is in a larger tree", 1, 2, exitUnasked, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, other := newStage(t), newStage(t) // one key
			text := s.contractText()
			contract, receipt := s.register(text, "ann.example", "dan.example")
			if twin, _ := other.register(text, "ann.example", "dan.example"); twin.ID() != contract.ID() || s.key != other.key {
				t.Fatal("two ledgers, not one with two histories")
			}
			for range c.more {
				s.register(s.contractText(), "ann.example", "dan.example")
			}
			end := s.text(record.Termination)
			end.Contract, end.Parties = contract.ID(), contract.Text().Parties
			ends, _ := other.register(end, "ann.example", "dan.example")
			for range c.others {
				other.nonces += 50
				other.register(other.contractText(), "ann.example", "dan.example")
			}
			s.change = func(q *http.Request, _ []byte) (int, []byte) {
				if !strings.HasPrefix(q.URL.Path, "/contracts/") && q.URL.Path != "/records/"+ends.ID().String()+"/receipt" {
					return 0, nil
				}
				ask, err := http.NewRequest(http.MethodGet, other.ledger.url+q.URL.Path, nil)
				s.must(err)
				ask.Header = q.Header.Clone()
				ask.Header.Del("Accept-Encoding")
				resp, err := http.DefaultClient.Do(ask)
				s.must(err)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				s.must(err)
				return resp.StatusCode, body
			}
			for _, arg := range []string{contract.ID().String(), s.save(contract, receipt)} {
				s.wants(c.code, "status", arg)
				s.says(c.says)
				if s.stdout.Len() > 0 {
					t.Errorf("%s", s.stdout.String())
				}
			}
		})
	}
}
