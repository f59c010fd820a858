package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// A cosigner is a witness, whose secret is made from its name.
type cosigner struct {
	note.Key
	secret ed25519.PrivateKey
}

func newCosigner(s *stage, name string) cosigner {
	s.Helper()
	seed := sha256.Sum256([]byte("witness " + name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	s.must(err)
	k, err := note.NewKey(name, note.Cosignature, public)
	s.must(err)
	return cosigner{k, secret}
}

// witnessed has the front be a ledger whose trees these witnesses cosign, and whose policy
// asks for all of them.
func (s *stage) witnessed(names ...string) {
	s.Helper()
	policy := s.policyOf(names...).Bytes()
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if q.URL.Path == "/policy" {
			return http.StatusOK, policy
		}
		if b := s.cosign(body, names...); b != nil {
			return http.StatusOK, b
		}
		return 0, nil
	}
}

// cosign returns a receipt or checkpoint with lines of these witnesses; nil for something else.
func (s *stage) cosign(body []byte, names ...string) []byte {
	lines := func(text []byte) (all []note.Signature) {
		for _, name := range names {
			w := newCosigner(s, name)
			t := s.now.Unix()
			all = append(all, w.Signature(note.CosignatureBytes(t, ed25519.Sign(w.secret, note.CosignatureMessage(text, t)))))
		}
		return all
	}
	if p, err := tlog.ParseProof(body); err == nil {
		n := &p.Checkpoint.Note
		n.Signatures = append(slices.Clone(n.Signatures), lines(n.Text)...)
		return p.Bytes()
	}
	if c, err := tlog.ParseSignedCheckpoint(body); err == nil {
		c.Note.Signatures = append(slices.Clone(c.Note.Signatures), lines(c.Note.Text)...)
		return c.Note.Bytes()
	}
	return nil
}

// policyOf returns the policy of the ledger, at the front, that asks for all these witnesses.
func (s *stage) policyOf(names ...string) *verify.Policy {
	s.Helper()
	p := &verify.Policy{Logs: []verify.Log{{Key: s.key, URL: s.front.URL}}, Quorum: verify.NoQuorum}
	for _, name := range names {
		p.Witnesses = append(p.Witnesses, verify.Witness{Name: name, Key: newCosigner(s, name).Key})
	}
	if len(names) > 0 {
		p.Quorum = "all-of-them"
		p.Groups = []verify.Group{{Name: p.Quorum, K: len(names), Members: names}}
	}
	return p
}

func (s *stage) policyFile(p *verify.Policy) string {
	s.Helper()
	s.nonces++
	path := filepath.Join(s.dir, fmt.Sprintf("%d.policy", s.nonces))
	s.must(os.WriteFile(path, p.Bytes(), 0o600))
	return path
}

func (s *stage) bytes(path string) []byte {
	s.Helper()
	b, err := os.ReadFile(path)
	s.must(err)
	return b
}

// under saves a dossier with a policy and receipts that these witnesses cosigned.
func (s *stage) under(p *verify.Policy, contract *record.Record, names []string, receipts ...*client.Receipt) string {
	s.Helper()
	d, err := dossier.New(contract, p.Bytes())
	s.must(err)
	for _, r := range receipts {
		_, err := d.AddReceipt(s.cosign(r.Bytes, names...))
		s.must(err)
	}
	return s.saveAs(d)
}

// tells runs a command without --ledger, and wants its exit code.
func (s *stage) tells(code int, args ...string) {
	s.Helper()
	if got := s.tool(args...); got != code {
		s.Fatalf("%q: exit code %d, want %d\n%s%s", args, got, code, s.stdout.String(), s.stderr.String())
	}
}

func (s *stage) lacks(unwanted string) {
	s.Helper()
	if bytes.Contains(s.stderr.Bytes(), []byte(unwanted)) {
		s.Fatalf("stderr has %q:\n%s", unwanted, s.stderr.String())
	}
}

func TestADossierGoesOverToOtherWitnesses(t *testing.T) {
	for _, c := range []struct {
		name  string
		was   []string // the witnesses until now
		grown bool     // the tree, meanwhile
		more  func(s *stage, contract *record.Record) *record.Record
	}{
		{"update of the same tree", []string{"w1"}, false, nil},
		{"update of the same tree, with more lines before", []string{"w1", "w2", "w3"}, false, nil},
		{"update of a larger tree", []string{"w1"}, true, nil},
		{"submit", []string{"w1"}, false, func(s *stage, contract *record.Record) *record.Record {
			return s.sign(s.statementText(contract, "delivery"), "ann.example")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
			old, next := s.policyOf(c.was...), s.policyOf("w4", "w5")
			path, wants := s.under(old, contract, c.was, receipt), []*record.Record{contract}
			file := s.policyFile(next)
			args := []string{"update", path}
			if c.more != nil {
				r := c.more(s, contract)
				d := s.open(path)
				s.must(d.AddRecord(r))
				s.must(d.Save(path))
				args[0], wants = "submit", append(wants, r)
			}
			if c.grown {
				s.register(s.contractText(), "ann.example", "dan.example")
			}
			var names []string
			for _, w := range next.Witnesses {
				names = append(names, w.Name)
			}
			s.witnessed(names...)
			before := s.bytes(path)

			// By its own policy it goes no further, and is told how.
			s.tells(exitUnasked, args...)
			s.says("by the policy in " + path + ", quorum all-of-them (at least " + fmt.Sprint(len(c.was)) + " of ")
			s.says("the quorum all-of-them is not met: no witness of the policy cosigned")
			s.says("hint: " + strings.Join(c.was, ", ") + " ha")
			s.says(" not cosigned it, and the ledger does not ask for that now: chirograph policy " + s.front.URL + " -o FILE, compare FILE by another way, and run this again with --policy FILE")
			s.tells(exitUnasked, "status", path)
			s.says("by the policy in " + path)
			if !bytes.Equal(s.bytes(path), before) {
				t.Error("the dossier was written")
			}

			// By the other one, which the ledger gives out, it does, and is of that policy from then on; status writes nothing.
			s.remember(s.front.URL)
			s.tells(exitYes, "status", path, "--policy", file)
			if !bytes.Equal(s.bytes(path), before) {
				t.Error("status wrote the dossier")
			}
			s.tells(exitYes, append(args, "--policy", file)...)
			s.says(path + " has the policy " + file + " now: quorum all-of-them (at least " + fmt.Sprint(len(names)))
			s.says("; until now: quorum all-of-them (at least " + fmt.Sprint(len(c.was)))
			d := s.open(path)
			if !bytes.Equal(d.Policy(), next.Bytes()) {
				t.Errorf("the policy is\n%s", d.Policy())
			}
			for _, r := range wants {
				if _, err := verify.Receipt(next, d.Receipt(r.ID()).Bytes()); err != nil {
					t.Error(err)
				}
			}
			if first := d.FirstReceipt(contract.ID()); c.grown {
				if _, err := verify.Receipt(old, first.Bytes()); err != nil {
					t.Errorf("the oldest receipt is gone: %v", err)
				}
			}
			s.tells(exitYes, "update", path)
			s.lacks("does not hold")
			s.lacks("now:")
			s.holds(path, wants...)
			if c.grown && s.open(path).FirstReceipt(contract.ID()) == s.open(path).Receipt(contract.ID()) {
				t.Error("the oldest receipt is gone")
			}
		})
	}
}

// An older receipt beside one that holds is left out all the same when the ledger never
// signed it.
func TestAnOlderReceiptOfNobodyIsLeftOut(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	s.register(s.contractText(), "ann.example", "dan.example")
	newer, err := s.client.Receipt(t.Context(), contract.ID())
	s.must(err)
	forged, err := tlog.ParseProof(receipt.Bytes)
	s.must(err)
	line := &forged.Checkpoint.Note.Signatures[0]
	line.Bytes = slices.Clone(line.Bytes)
	line.Bytes[len(line.Bytes)-1] ^= 1
	for name, c := range map[string]struct {
		first []byte
		left  bool
	}{"without a witness": {receipt.Bytes, false}, "forged": {forged.Bytes(), true}} {
		t.Run(name, func(t *testing.T) {
			d, err := dossier.New(contract, s.policyOf("w1").Bytes())
			s.must(err)
			s.must(d.AddReceipts([][]byte{c.first, s.cosign(newer.Bytes, "w1")}))
			path := s.saveAs(d)
			s.tells(exitYes, "show", path)
			if warned := strings.Contains(s.stderr.String(), "does not hold, and is left out"); warned != c.left {
				t.Errorf("left out %t, want %t: %s", warned, c.left, s.stderr.String())
			}
		})
	}
}

func TestAPolicyByWhichReceiptsDoNotHoldIsNotStored(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.under(s.policyOf("w1"), contract, []string{"w1"}, receipt)
	draft, err := dossier.New(s.sign(s.contractText(), "ann.example", "dan.example"), s.policyOf("w1").Bytes())
	s.must(err)
	drafted := s.saveAs(draft)
	before := s.bytes(path)
	s.witnessed("w1")
	file := s.policyFile(s.policyOf("w2"))
	for _, command := range []string{"update", "submit", "status"} {
		s.tells(exitUnasked, command, path, "--policy", file)
		s.says("by " + file + ", quorum all-of-them (at least 1 of 1 witness): ")
		if !bytes.Equal(s.bytes(path), before) {
			t.Errorf("%s wrote the dossier", command)
		}
	}
	before = s.bytes(drafted)
	s.tells(exitYes, "update", drafted, "--policy", file) // there is nothing to verify, and nothing to store
	s.tells(exitUnasked, "submit", drafted, "--policy", file)
	s.says("by " + file)
	if !bytes.Equal(s.bytes(drafted), before) {
		t.Error("the draft was written")
	}
	s.tells(exitYes, "submit", drafted) // is registered, and was told so by its own policy alone
}

func TestAPolicyIsOfTheLedgerOfTheRecord(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	foreign := &verify.Policy{Logs: []verify.Log{{Key: testKey(t, "other.example"), URL: s.front.URL}}, Quorum: verify.NoQuorum}
	file := s.policyFile(foreign)
	for _, command := range []string{"update", "submit", "status"} {
		for _, flag := range []string{"--policy", "--ledger"} {
			s.tells(exitUnasked, command, path, flag, file)
			s.says(file + " is the policy of the ledger " + foreign.Logs[0].Key.String() + ", and " + path + " is for the ledger " + s.key.String())
		}
		s.tells(exitUnasked, command, path, "--policy", file, "--ledger", file)
		s.says("are two policies")
		s.tells(exitUnasked, command, path, "--policy", filepath.Join(s.dir, "nothing"))
		s.says("--policy: ")
		s.tells(exitUnasked, command, path, "--ledger", filepath.Join(s.dir, "nothing"))
		s.says("is neither a URL (http://…, https://…) nor a policy file that is there")
	}
}

// As new does, the commands that ask take a policy for a ledger.
func TestALedgerMayBeNamedByItsPolicy(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	loose := s.sign(s.contractText(), "ann.example", "dan.example")
	noteFile := filepath.Join(s.dir, "loose.note")
	s.must(os.WriteFile(noteFile, loose.Bytes(), 0o600))
	file := s.policyFile(s.policyOf())
	for _, args := range [][]string{
		{"status", path, "--ledger", file},
		{"update", path, "--ledger", file},
		{"submit", path, "--ledger", file},
		{"submit", path, "--policy", file, "--ledger", s.front.URL},
		{"submit", noteFile, "--ledger", file},
		{"submit", noteFile, "--policy", file},
		{"status", loose.ID().String(), "--ledger", file},
		{"status", loose.ID().String(), "--policy", file},
	} {
		before := s.requests.Load()
		s.tells(exitYes, args...)
		if s.requests.Load() == before && args[1] != path {
			t.Errorf("%q: the front was not asked", args)
		}
	}
}

func TestAWeakerPolicyDoesNotComeInSilence(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	strong := []string{"w1", "w2"}
	path := s.under(s.policyOf(strong...), contract, strong, receipt)
	s.witnessed(strong...)
	file := func(n int) string { return filepath.Join(s.dir, fmt.Sprintf("fetched%d.policy", n)) }
	s.tells(exitYes, "policy", s.front.URL, "-o", file(1))
	s.lacks("until now")
	pinned := filepath.Join(s.dir, "home", "policies")
	day := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	entries, err := os.ReadDir(pinned)
	s.must(err)
	s.must(os.Chtimes(filepath.Join(pinned, entries[0].Name()), day, day))
	s.tells(exitYes, "policy", s.front.URL, "-o", file(1)) // the same: it stays of that day
	s.lacks("until now")

	// The ledger drops a witness. Nobody takes that over by the way.
	s.witnessed("w1")
	const was = "quorum all-of-them (at least 2 of 2 witnesses) (pinned on 2026-03-09)"
	const is = "quorum all-of-them (at least 1 of 1 witness)"
	before := s.bytes(path)
	mine := s.policyFile(s.policyOf("w1"))
	for range 2 {
		s.tells(exitUnasked, "update", path, "--policy", mine)
		s.says(mine + " asks for the " + is + ", less than the policy that is remembered for " + s.front.URL + ": " + was)
		s.says("hint: chirograph policy " + s.front.URL + " -o FILE shows what the ledger itself asks for now")
		s.tells(exitUnasked, "status", contract.ID().String(), "--ledger", s.front.URL)
		s.says(s.front.URL + " asks for the " + is + ", and asked for more until now: " + was)
		s.tells(exitUnasked, "policy", s.front.URL, "-o", file(1))
		s.says("asks for the quorum all-of-them of 2 witnesses, the ledger now for all-of-them of 1")
	}
	if !bytes.Equal(s.bytes(path), before) {
		t.Error("the dossier was written")
	}

	// Who says so by a new file is told what it was.
	s.tells(exitYes, "policy", s.front.URL, "-o", file(2))
	s.says("until now: " + was + "; now: " + is)
	s.says("warning: that is weaker: fewer have to cosign than until now; ")
	s.tells(exitYes, "update", path, "--policy", file(2))
	s.tells(exitYes, "status", contract.ID().String(), "--ledger", s.front.URL)

	// One that asks for more is told, and taken.
	s.witnessed("w1", "w3")
	s.tells(exitYes, "status", contract.ID().String(), "--ledger", s.front.URL)
	s.says("until now: " + is + " (pinned on ")
	s.tells(exitYes, "status", contract.ID().String(), "--ledger", s.front.URL)
	s.lacks("until now")
}

func TestWeakerIsWhatFewerMayMeet(t *testing.T) {
	s := newStage(t)
	base := s.policyOf("w1", "w2", "w3")
	own, err := note.NewKey(s.key.Name(), note.Cosignature, newCosigner(s, "own").Public())
	s.must(err)
	with := func(quorum string, groups ...verify.Group) *verify.Policy {
		return &verify.Policy{Logs: base.Logs, Witnesses: append(slices.Clone(base.Witnesses), verify.Witness{Name: "own", Key: own}), Groups: groups, Quorum: quorum}
	}
	group := func(name string, k int, members ...string) verify.Group {
		return verify.Group{Name: name, K: k, Members: members}
	}
	for _, c := range []struct {
		name        string
		p           *verify.Policy
		others, all int
	}{
		{"none", with("none"), 0, 0},
		{"a witness", with("w1"), 1, 1},
		{"the ledger itself", with("own"), 0, 1},
		{"two of three", with("g", group("g", 2, "w1", "w2", "w3")), 2, 2},
		{"one or two", with("h", group("g", 2, "w1", "w2"), group("h", 1, "g", "w3")), 1, 1},
		{"both of one and two", with("h", group("g", 2, "w1", "w2"), group("h", 2, "g", "w3")), 3, 3},
		{"the ledger and another", with("g", group("g", 2, "own", "w1")), 1, 2},
		{"the ledger or another", with("g", group("g", 1, "own", "w1")), 0, 1},
	} {
		if others, all := least(c.p, true), least(c.p, false); others != c.others || all != c.all {
			t.Errorf("%s: %d, %d; want %d, %d", c.name, others, all, c.others, c.all)
		}
		if weaker(c.p, c.p) {
			t.Errorf("%s is weaker than itself", c.name)
		}
	}
	for want, p := range map[string]*verify.Policy{
		"quorum none": with("none"),
		"quorum g (at least 2 of 3 witnesses; with the ledger's own key 3 of 4)":  with("g", group("h", 2, "w1", "w2", "w3"), group("g", 2, "own", "h")),
		"quorum w1 (at least 1 of 3 witnesses; with the ledger's own key 1 of 4)": with("w1"),
	} {
		if got := quorumOf(p); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if !weaker(with("own"), with("w1")) || weaker(with("w1"), with("own")) || !weaker(with("w1"), with("g", group("g", 2, "own", "w1"))) {
		t.Error("the ledger's own word is as good as another's")
	}
}
