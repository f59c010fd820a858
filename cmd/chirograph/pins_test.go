package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

const threeOfThree = "quorum all-of-them (at least 3 of 3 witnesses)"

// remember has the tool remember what the ledger asks for at a URL.
func (s *stage) remember(url string) {
	s.Helper()
	s.nonces++
	s.tells(exitYes, "policy", url, "-o", filepath.Join(s.dir, "remembered"+string(rune('a'+s.nonces%26))))
}

// otherSpelling is the address of the front by another name.
func (s *stage) otherSpelling() string {
	return strings.Replace(s.front.URL, "127.0.0.1", "LOCALHOST", 1)
}

// Whoever sends a dossier chose the policy in it, and wrote the URL of the ledger.
func TestADossierThatAsksForLessThanThePinIsJudgedByThePin(t *testing.T) {
	strong := []string{"w1", "w2", "w3"}
	for _, spelling := range []string{"the same", "another"} {
		t.Run(spelling, func(t *testing.T) {
			s := newStage(t)
			contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
			s.witnessed(strong...)
			s.remember(s.front.URL)
			weak := s.policyOf()
			if spelling == "another" {
				weak.Logs[0].URL = s.otherSpelling()
			}
			path := s.under(weak, contract, nil, receipt)
			before := s.bytes(path)
			line := "the policy in " + path + " asks for less (quorum none) than the one pinned for this ledger (" + threeOfThree + " (pinned on "

			// Nothing is cosigned: no yes, and nothing is written.
			s.change = nil
			for range 2 {
				for _, command := range []string{"update", "status", "submit"} {
					s.tells(exitUnasked, command, path)
					s.says(line)
					s.says("by the policy pinned for " + s.front.URL + ", " + threeOfThree + ": ")
					if !bytes.Equal(s.bytes(path), before) {
						t.Fatalf("%s wrote the dossier", command)
					}
				}
			}

			// It is: then it is yes, and a dossier that is written has the policy.
			s.witnessed(strong...)
			for range 2 {
				s.tells(exitYes, "status", path)
				s.says(line)
			}
			s.tells(exitYes, "update", path)
			s.says(line)
			s.says(path + " has the policy pinned for " + s.front.URL + " now: " + threeOfThree)
			p, err := verify.ParsePolicy(s.open(path).Policy())
			s.must(err)
			if !sameQuorum(p, s.policyOf(strong...)) {
				t.Errorf("the policy is\n%s", p.Bytes())
			}
			s.holds(path, contract)
			s.tells(exitYes, "update", path)
			s.lacks("asks for less")
		})
	}
}

func TestADraftThatAsksForLessThanThePinIsRegisteredByThePin(t *testing.T) {
	s := newStage(t)
	strong := []string{"w1", "w2", "w3"}
	s.witnessed(strong...)
	s.remember(s.front.URL)
	path := s.under(s.policyOf(), s.sign(s.contractText(), "ann.example", "dan.example"), nil)
	s.tells(exitYes, "submit", path)
	s.says("asks for less (quorum none)")
	p, err := verify.ParsePolicy(s.open(path).Policy())
	s.must(err)
	if !sameQuorum(p, s.policyOf(strong...)) {
		t.Errorf("the policy is\n%s", p.Bytes())
	}
}

// A pin is of a ledger, by whatever URL that is asked.
func TestAnotherSpellingOfTheURLIsNoWayAroundThePin(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	strong := []string{"w1", "w2", "w3"}
	path := s.under(s.policyOf(strong...), contract, strong, receipt)
	s.witnessed(strong...)
	s.remember(s.front.URL)
	before := s.bytes(path)
	weak := s.policyOf()
	weak.Logs[0].URL = s.otherSpelling()
	file, id := s.policyFile(weak), contract.ID().String()
	for _, args := range [][]string{{"update", path}, {"status", path}, {"submit", path}, {"status", id}} {
		s.tells(exitUnasked, append(args, "--policy", file)...)
		s.says(file + " asks for the quorum none, less than the policy that is remembered for " + s.front.URL + ": " + threeOfThree)
	}
	if !bytes.Equal(s.bytes(path), before) {
		t.Error("the dossier was written")
	}

	// The ledger itself, by its other name.
	s.witnessed("w1")
	for range 2 {
		s.tells(exitUnasked, "status", id, "--ledger", s.otherSpelling())
		s.says("and asked for more until now: " + threeOfThree)
	}

	// Taken over knowingly, by one name, it is taken over for the other.
	s.remember(s.otherSpelling())
	s.says("it is remembered for " + s.front.URL + ", too, which is the same ledger; until now: " + threeOfThree)
	s.tells(exitYes, "status", id, "--ledger", s.front.URL)
}

func TestAPolicyThatAsksForLessThanTheDossierIsLookedAtFirst(t *testing.T) {
	s := newStage(t)
	strong := []string{"w1", "w2", "w3"}
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	registered := s.under(s.policyOf(strong...), contract, strong, receipt)
	draft := s.under(s.policyOf(strong...), s.sign(s.contractText(), "ann.example", "dan.example"), nil)
	none := s.policyFile(s.policyOf())
	for _, args := range [][]string{{"update", registered}, {"status", registered}, {"submit", registered}, {"submit", draft}} {
		before := s.bytes(args[1])
		s.tells(exitUnasked, append(args, "--policy", none)...)
		s.says(none + " asks for the quorum none, less than the policy in " + args[1] + ": " + threeOfThree)
		s.says("hint: chirograph policy " + s.front.URL + " -o FILE shows what the ledger itself asks for now")
		if !bytes.Equal(s.bytes(args[1]), before) {
			t.Errorf("%q wrote the dossier", args)
		}
	}

	// When that is what the ledger asks for, it is taken, and not in silence.
	s.remember(s.front.URL)
	for _, c := range []struct{ command, path, says string }{
		{"update", registered, registered + " has the policy " + none + " now: quorum none; until now: " + threeOfThree},
		{"submit", draft, draft + " is to have the policy " + none + ", with its first receipt: quorum none; until now: " + threeOfThree},
	} {
		s.tells(exitYes, c.command, c.path, "--policy", none)
		s.says(c.says)
		s.says("warning: that is weaker: fewer have to cosign than until now")
		if got := s.open(c.path).Policy(); !bytes.Equal(got, s.policyOf().Bytes()) {
			t.Errorf("the policy is\n%s", got)
		}
	}
}

// However content with its receipts a policy is.
func TestNoPolicyIsStoredBeforeItsLedgerWasAsked(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	before := s.bytes(path)
	dead := s.policyOf()
	dead.Logs[0].URL = s.front.URL
	s.front.Close()
	s.tells(exitUnasked, "update", path, "--policy", s.policyFile(dead))
	s.tells(exitUnasked, "submit", path, "--policy", s.policyFile(dead))
	if !bytes.Equal(s.bytes(path), before) {
		t.Error("the dossier was written")
	}
}

func TestADamagedPinIsNamedAndCanBeReplaced(t *testing.T) {
	for name, text := range map[string]string{"no log": "quorum none\n", "nothing": "", "half a line": "quorum", "two logs": "two"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
			path := s.save(contract, receipt)
			s.remember(s.front.URL)
			folder := filepath.Join(s.dir, "home", "policies")
			entries, err := os.ReadDir(folder)
			s.must(err)
			pin := filepath.Join(folder, entries[0].Name())
			if text == "two" {
				text = "log " + s.key.String() + "\nlog " + testKey(t, "z.example").String() + "\nquorum none\n"
			}
			s.must(os.WriteFile(pin, []byte(text), 0o600))
			fresh := filepath.Join(s.dir, "fresh.policy")
			for _, args := range [][]string{
				{"status", contract.ID().String(), "--ledger", s.front.URL},
				{"status", path, "--ledger", s.front.URL},
				{"policy", s.front.URL, "-o", fresh},
			} {
				s.tells(exitUnasked, args...)
				s.says(pin + ": ")
				s.says("hint: chirograph policy " + s.front.URL + " --new-key -o FILE replaces it")
			}
			s.tells(exitYes, "status", path) // at another URL: which ledger the damaged one was of nobody knows
			s.says("warning: what is remembered of a ledger can't be read: " + pin + ": ")

			s.tells(exitYes, "policy", s.front.URL, "--new-key", "-o", fresh)
			s.says("what was remembered of " + s.front.URL + " can't be read, and is replaced: " + pin)
			s.tells(exitYes, "status", path, "--ledger", s.front.URL)
			s.lacks("can't be read")
		})
	}
}

// In whatever words: none of them is signed, and the receipt is.
func TestALedgerCannotDenyAReceiptInOtherWords(t *testing.T) {
	taken := []byte(`{"type":"` + client.NotPublicYet + `","status":503,"detail":"taken, not public yet: it waits for the ledger's witnesses"}`)
	for _, c := range []struct {
		name   string
		status int
		body   []byte
		says   string
	}{
		{"not there", http.StatusNotFound, nil, "does not have "},
		{"gone", http.StatusGone, nil, "does not have "},
		{"not public yet", http.StatusServiceUnavailable, taken, "has not published "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
			next, newer := s.register(s.amendmentText(contract, record.DateOf(s.now.Unix())+30), "ann.example", "dan.example")
			deny := func(id record.ID) {
				s.change = func(q *http.Request, _ []byte) (int, []byte) {
					if strings.HasSuffix(q.URL.Path, id.String()+"/receipt") {
						return c.status, c.body
					}
					return 0, nil
				}
			}
			denied := "says that it " + c.says + `"Meters"`
			const serious = "it denies now what it has signed, and this is serious"
			path, amended := s.save(contract, receipt), s.save(next, newer, receipt)
			file := s.policyFile(s.policyOf())
			deny(contract.ID())
			for _, args := range [][]string{{"update", path}, {"status", path}, {"status", amended}, {"submit", path}} {
				s.wants(exitNo, args...)
				s.says(denied)
				s.says(serious)
				s.lacks("run the command again later")
			}
			s.holds(path, contract)

			// Also to whoever has its receipts renewed by another policy.
			cosigned := s.policyFile(s.policyOf("w1"))
			s.tells(exitNo, "update", path, "--policy", cosigned)
			s.says(serious)

			// What is said of a draft is its word alone.
			draft := s.sign(s.contractText(), "ann.example", "dan.example")
			deny(draft.ID())
			if c.body != nil {
				s.tells(exitUnasked, "status", draft.ID().String(), "--policy", file)
				s.says("hint: the ledger says that it has it, which is not signed")
			}
		})
	}
}
