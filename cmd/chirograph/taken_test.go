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
		s.says("hint: the ledger has it, and shows it when its witnesses have cosigned; run the command again later, it registers nothing twice")
		s.lacks("not registered")
		s.lacks("does not have")
		if s.stdout.Len() > 0 {
			t.Errorf("%q: %s", args, s.stdout.String())
		}
		if told := strings.Count(s.stderr.String(), "waiting: "+notCosigned+"\n"); told != 0 && args[0] != "submit" || told != 1 && args[0] == "submit" {
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
	c := &asked{s.client, s.policy, "the policy"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("POST http://ledger.example/records: %w", refused), "nothing was sent"},
		{&client.Unanswered{ID: r.ID(), Tries: 6, Err: fmt.Errorf("POST http://ledger.example/records: %w", refused)}, "it may be registered all the same"},
		{&client.Unanswered{ID: r.ID(), Tries: 2, Err: &client.NotPublic{Detail: notCosigned}}, "the ledger has it"},
	} {
		err := c.submitError(test.err, r)
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
		s.says("hint: keep this file: it stays valid, and is your proof; ask again later, ")
		s.says("chirograph watch --dossier " + path)
		s.says("chirograph audit --state DIR")
		s.holds(path, contract)
	}
}
