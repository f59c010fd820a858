package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
)

const notCosigned = "the ledger's witnesses have not cosigned its tree yet"

// unpublished has the front answer as a ledger that has taken what is asked for, and waits
// for its witnesses, until it is told otherwise.
func (s *stage) unpublished(id fmt.Stringer) {
	s.change = func(q *http.Request, _ []byte) (int, []byte) {
		switch {
		case q.Method == http.MethodPost:
			return http.StatusServiceUnavailable, []byte(`{"type":"about:blank","status":503,"detail":"` + notCosigned + `"}`)
		case strings.Contains(q.URL.Path, id.String()):
			return http.StatusServiceUnavailable, []byte(`{"type":"` + client.NotPublicYet + `","status":503,"detail":"taken, not public yet: ` + notCosigned + `"}`)
		}
		return 0, nil
	}
}

// What is taken and not public is neither missing nor registered, whoever asks.
func TestWhatIsTakenIsNeverCalledMissing(t *testing.T) {
	s := newStage(t)
	contract := s.sign(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract)
	noteFile := filepath.Join(s.dir, "loose.note")
	s.must(os.WriteFile(noteFile, contract.Bytes(), 0o600))
	before := string(s.bytes(path))
	s.unpublished(contract.ID())
	answer := s.change
	for _, args := range [][]string{{"status", path}, {"status", path, "--json"}, {"status", contract.ID().String()}, {"update", path}, {"update", path, "--json"}, {"submit", path}, {"submit", noteFile}} {
		s.change = answer
		if args[0] == "submit" {
			s.change = s.stopAfter(answer)
		}
		s.wants(exitUnasked, args...)
		s.says("taken, not public yet: " + notCosigned)
		s.says("hint: the ledger says that it has it, which is not signed, and shows it when its witnesses have cosigned; run the command again later, it registers nothing twice")
		s.lacks("not registered")
		s.lacks("does not have")
		if s.stdout.Len() > 0 {
			t.Errorf("%q: %s", args, s.stdout.String())
		}
		if told := strings.Count(s.stderr.String(), "waiting: "+notCosigned+"; giving up 3 minutes after the first try\n"); told != 0 && args[0] != "submit" || told != 1 && args[0] == "submit" {
			t.Errorf("%q: it is said %d times that it takes time\n%s", args, told, s.stderr.String())
		}
		if string(s.bytes(path)) != before {
			t.Errorf("%q wrote the dossier", args)
		}
	}
}

// stopAfter ends the command when it submits a second time: it would go on for half a
// minute.
func (s *stage) stopAfter(answer func(*http.Request, []byte) (int, []byte)) func(*http.Request, []byte) (int, []byte) {
	posts := 0
	return func(q *http.Request, body []byte) (int, []byte) {
		if q.Method == http.MethodPost {
			if posts++; posts > 1 {
				s.cancel()
			}
		}
		return answer(q, body)
	}
}

// The rest of a dossier is updated all the same.
func TestWhatIsNotPublicKeepsNothingElseBack(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	delivery := s.sign(s.statementText(contract, "delivery"), "ann.example")
	said, _ := s.register(s.statementText(contract, "payment"), "ann.example")
	d := s.open(s.save(contract, receipt))
	s.must(d.AddRecord(delivery))
	path := filepath.Join(s.dir, "both"+dossierExtension)
	s.must(d.Save(path))
	s.unpublished(delivery.ID())
	s.wants(exitUnasked, "update", path)
	s.says("statement " + delivery.ID().String()[:12] + " (delivery): GET ")
	s.says("taken, not public yet: ")
	s.lacks("still to sign")
	s.holds(path, contract, said)
}

// A ledger that goes away after the first answer may have the record.
func TestNothingWasSentIsSaidOnlyWhenNothingWas(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	s := newStage(t)
	r := s.sign(s.contractText(), "ann.example", "dan.example")
	c := &asked{Client: s.client, policy: s.policy, name: "the policy"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("POST http://ledger.example/records: %w", refused), "nothing was sent"},
		{&client.Unanswered{ID: r.ID(), Tries: 6, Err: fmt.Errorf("POST http://ledger.example/records: %w", refused)}, "it may be registered all the same"},
		{&client.Unanswered{ID: r.ID(), Tries: 2, Err: &client.NotPublic{Detail: notCosigned}}, "the ledger says that it has it"},
		{&client.Unanswered{ID: r.ID(), Tries: 2, Err: &client.NotTaken{Detail: notCosigned}}, "the ledger has not stored it; run the command again later"},
	} {
		err := c.submitError(t.Context(), test.err, r)
		var n *negative
		if got := advice(err); !strings.Contains(got, test.want) || errors.As(err, &n) {
			t.Errorf("%v: the hint is %q, want %q", err, got, test.want)
		}
	}

	// As it happens.
	draft, err := dossier.New(r, s.policy.Bytes())
	s.must(err)
	path := s.saveAs(draft)
	s.front.Close()
	s.wants(exitUnasked, "submit", path)
	s.says("hint: nothing was sent; --ledger URL asks at another address")
}

// That a ledger denies what it has signed is said as what it is.
func TestALedgerThatDeniesAReceiptIsNamed(t *testing.T) {
	s := newStage(t)
	s.register(s.contractText(), "ann.example", "dan.example")
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	s.change = func(q *http.Request, _ []byte) (int, []byte) {
		if strings.HasSuffix(q.URL.Path, "/receipt") {
			return http.StatusNotFound, nil
		}
		return 0, nil
	}
	for _, command := range []string{"update", "status"} {
		s.wants(exitNo, command, path)
		s.says(`says that it does not have "Meters", and you hold its receipt, by which the ledger ledger.example has signed that it is entry 1, in a tree of 2: it denies now what it has signed, and this is serious`)
		s.says("hint: keep this file: it stays valid, and is your proof; this answer is not signed: " + behind)
		s.says("chirograph watch --dossier " + path)
		s.says("chirograph audit --state DIR")
		s.holds(path, contract)
	}
	// And submit, which has nothing to register, does not say that all is well.
	before := string(s.bytes(path))
	s.wants(exitNo, "submit", path)
	s.lacks("everything here is registered already")
	s.says("it denies now what it has signed, and this is serious")
	s.says("hint: keep this file: it stays valid, and is your proof")
	s.says("as another entry: chirograph extract " + path + " --to DIR, then chirograph submit " + filepath.Join("DIR", contract.ID().String()+".note") + " --ledger " + s.front.URL)
	if string(s.bytes(path)) != before {
		t.Error("submit wrote the dossier")
	}
	s.wants(exitNo, "submit", path, "--json")
	if !strings.Contains(s.stdout.String(), contract.ID().String()) || !strings.Contains(s.stdout.String(), "it denies now what it has signed") {
		t.Errorf("as data: %s", s.stdout.String())
	}
	// Where nobody answers, the receipts say it.
	s.change = func(*http.Request, []byte) (int, []byte) { return http.StatusBadGateway, nil }
	s.wants(exitYes, "submit", path)
	s.says("everything here is registered already, by the receipts in " + path)
	s.change = nil
	s.wants(exitYes, "submit", path)
	s.says("everything here is registered already\n")
}

// An answer of 201 without the quorum of one's own policy is a registration, by the
// ledger's word, and no failure of it.
func TestWhatIsRegisteredWithoutTheQuorumIsSaidToBeRegistered(t *testing.T) {
	s := newStage(t)
	s.register(s.contractText(), "ann.example", "dan.example")
	contract := s.sign(s.contractText(), "ann.example", "dan.example")
	d, err := dossier.New(contract, s.policyOf("w1", "w2", "w3").Bytes())
	s.must(err)
	path := s.saveAs(d)
	before := string(s.bytes(path))
	for _, test := range []struct {
		asked []string // by the ledger
		want  string
	}{
		{[]string{"w4", "w5"}, "hint: w1, w2, w3 have not cosigned it, and the ledger does not ask for that now: chirograph policy " + s.front.URL + " -o FILE"},
		{[]string{"w1", "w2", "w3"}, "hint: w3 has not cosigned it yet, and the ledger asks for that: run this again later"},
		{[]string{"w1", "w2"}, "hint: w3 has not cosigned it, and the ledger does not ask for that now: "},
		{nil, "hint: w1, w2, w3 have not cosigned it: run this again later; or the ledger asks other witnesses now: "},
	} {
		policy := s.policyOf(test.asked...).Bytes()
		s.change = func(q *http.Request, body []byte) (int, []byte) {
			if q.URL.Path == "/policy" {
				if test.asked == nil {
					return http.StatusBadGateway, nil
				}
				return http.StatusOK, policy
			}
			if b := s.cosign(body, test.asked[:min(len(test.asked), 2)]...); b != nil {
				return 0, b
			}
			return 0, nil
		}
		s.wants(exitUnasked, "submit", path)
		s.says("registered as entry 1 by the ledger's word, and its receipt, which has not the quorum, is not kept: by the policy in " + path)
		s.says(test.want)
		s.lacks("may be registered all the same")
		if string(s.bytes(path)) != before {
			t.Error("it wrote the dossier")
		}
	}
}
