package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/cmd/terminal"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// asking returns a policy that asks for k of these witnesses.
func (s *stage) asking(k int, names ...string) *verify.Policy {
	s.Helper()
	p := s.policyOf(names...)
	if len(names) > 0 {
		p.Groups[0].K = k
	}
	return p
}

// gives has the front give out that policy, and its trees be cosigned by these witnesses.
func (s *stage) gives(p *verify.Policy, cosign ...string) {
	s.Helper()
	s.witnessed(cosign...)
	rest := s.change
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if q.URL.Path == "/policy" {
			return http.StatusOK, p.Bytes()
		}
		return rest(q, body)
	}
}

// Whose word a policy takes is in its keys: names are the ledger's to give.
func TestStrangersAloneAreNoPolicyThatWasLookedAt(t *testing.T) {
	s := newStage(t)
	own, err := note.NewKey(s.key.Name(), note.Cosignature, newCosigner(s, "own").Public())
	s.must(err)
	both := func(p *verify.Policy) *verify.Policy { // the ledger's own key, and the rest
		p.Witnesses = append(p.Witnesses, verify.Witness{Name: "own", Key: own})
		p.Groups = append(p.Groups, verify.Group{Name: "both", K: 2, Members: []string{p.Quorum, "own"}})
		p.Quorum = "both"
		return p
	}
	renamed := s.asking(2, "w1", "w2", "w3")
	for i := range renamed.Witnesses {
		renamed.Witnesses[i].Key = newCosigner(s, []string{"x1", "x2", "x3"}[i]).Key
	}
	for _, c := range []struct {
		name     string
		pin, now *verify.Policy
		want     bool
	}{
		{"the same", s.asking(2, "w1", "w2", "w3"), s.asking(2, "w3", "w2", "w1"), false},
		{"one of three", s.asking(2, "w1", "w2", "w3"), s.asking(2, "w1", "w2", "x3"), false},
		{"two of three", s.asking(2, "w1", "w2", "w3"), s.asking(2, "w1", "x2", "x3"), true},
		{"all", s.asking(2, "w1", "w2", "w3"), s.asking(2, "x1", "x2", "x3"), true},
		{"all, under their names", s.asking(2, "w1", "w2", "w3"), renamed, true},
		{"one of all", s.asking(3, "w1", "w2", "w3"), s.asking(3, "w1", "w2", "x3"), true},
		{"one more, who is not enough", s.asking(2, "w1", "w2", "w3"), s.asking(2, "w1", "w2", "w3", "x4"), false},
		{"more, who are enough alone", s.asking(2, "w1", "w2", "w3"), s.asking(2, "w1", "w2", "w3", "x4", "x5"), true},
		{"more, and more are asked for", s.asking(2, "w1", "w2", "w3"), s.asking(3, "w1", "w2", "w3", "x4", "x5"), false},
		{"one goes, the rest is enough", s.asking(2, "w1", "w2", "w3"), s.asking(2, "w1", "w2"), false},
		{"the first witnesses", s.asking(0), s.asking(2, "x1", "x2"), false},
		{"the first witnesses beside its own key", &verify.Policy{Logs: s.policy.Logs, Witnesses: []verify.Witness{{Name: "own", Key: own}}, Quorum: "own"}, both(s.asking(2, "x1", "x2")), false},
		{"another own key", both(s.asking(1, "w1")), s.asking(2, "w1", "x1"), true},
	} {
		if got := estranged(c.now, c.pin); got != c.want {
			t.Errorf("%s: strange is %t, want %t", c.name, got, c.want)
		}
	}
}

func TestALedgerDoesNotExchangeItsWitnessesInSilence(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	id := contract.ID().String()
	s.gives(s.asking(2, "w1", "w2", "w3"), "w1", "w2", "w3")
	s.remember(s.front.URL)
	s.gives(s.asking(2, "w1", "w2", "x3"), "w1", "w2", "x3")
	s.tells(exitYes, "status", id, "--ledger", s.front.URL)
	s.says("until now: quorum all-of-them (at least 2 of 3 witnesses)")

	x := []string{"x1", "x2", "x3"}
	s.gives(s.asking(2, x...), x...)
	key := func(name string) string { return name + " " + newCosigner(s, name).Fingerprint() }
	came, went := "came: "+key("x1")+", "+key("x2"), "went: "+key("w1")+", "+key("w2")
	for range 2 {
		for _, args := range [][]string{
			{"status", id, "--ledger", s.front.URL},
			{"key", "revoke", "--ledger", s.front.URL, filepath.Join(s.dir, "no.key")},
		} {
			s.tells(exitUnasked, args...)
			s.says(s.front.URL + " asks other witnesses than until now, ")
			s.says(came + "; " + went + "; until now: ")
			s.says("hint: if you know why: chirograph policy " + s.front.URL + " -o FILE takes it over")
			if s.stdout.Len() > 0 {
				t.Error(s.stdout.String())
			}
		}
	}

	// A dossier that asks them is judged by the pin, each time; and by whoever knows better.
	path := s.under(s.asking(2, x...), contract, x, receipt)
	old := s.under(s.asking(2, "w1", "w2", "w3"), contract, []string{"w1", "w2", "w3"}, receipt)
	before := s.bytes(path)
	line := "warning: the policy in " + path + " asks other witnesses (quorum all-of-them (at least 2 of 3 witnesses)) than the one pinned for this ledger ("
	for range 2 {
		for _, command := range []string{"status", "update", "submit"} {
			s.tells(exitUnasked, command, path)
			s.says(line)
			s.says("strange to that: " + key("x1") + ", " + key("x2") + "\nhint: chirograph update " + path + " fetches receipts by the pinned one; --policy FILE where you know better")
			if !bytes.Equal(s.bytes(path), before) {
				t.Fatalf("%s wrote the dossier", command)
			}
		}
	}
	s.tells(exitYes, "status", path, "--policy", s.policyFile(s.asking(2, x...)))
	s.gives(s.asking(2, "w1", "w2", "x3"), "w1", "w2", "x3")
	s.tells(exitYes, "status", old)
	s.lacks("asks other witnesses")
	s.tells(exitYes, "status", path)
	s.says(line)
	s.tells(exitYes, "update", path)
	s.says(path + " has the policy pinned for " + s.front.URL + " now: ")
	s.tells(exitYes, "status", path)
	s.lacks("asks other witnesses")

	// Who says so takes them over, and is told whom.
	s.gives(s.asking(2, x...), x...)
	s.tells(exitYes, "policy", s.front.URL, "-o", filepath.Join(s.dir, "exchanged.policy"))
	s.says("warning: these are other witnesses than until now; " + came + "; " + went)
	s.lacks("weaker")
	s.tells(exitYes, "status", id, "--ledger", s.front.URL)
	s.lacks("until now")
}

// The key is compared on the screen that a stranger writes on.
func TestAPolicyIsShownAndNotObeyed(t *testing.T) {
	s := newStage(t)
	p := s.policyOf("w\u009b8m\u202e.example")
	p.Witnesses[0].Name, p.Groups = "\u009b2J\u009b1;1H", nil
	p.Witnesses[0].URL = "http://\xff\u009b0m"
	p.Quorum = p.Witnesses[0].Name
	s.gives(p)
	file := filepath.Join(s.dir, "evil.policy")
	s.tells(exitYes, "policy", s.front.URL, "-o", file)
	for name, shown := range map[string]string{"stdout": s.stdout.String(), "stderr": s.stderr.String()} {
		if text := strings.ReplaceAll(shown, "\n", ""); strings.ContainsFunc(text, terminal.Obeys) || text != strings.ToValidUTF8(text, "") {
			t.Errorf("%s: %q", name, shown)
		}
	}
	if !strings.Contains(s.stdout.String(), "\nwitness ?2J?1;1H w?8m?.example+") {
		t.Errorf("%s", s.stdout.String())
	}
	if got := s.bytes(file); !bytes.Equal(got, p.Bytes()) {
		t.Errorf("%q is not what the ledger says, %q", got, p.Bytes())
	}
}
