package verify_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// One breach of each step, in their order: each leaves the steps before it whole.
func TestTheFirstStepThatFailsIsNamed(t *testing.T) {
	type step struct {
		step verify.Step
		do   func(*scenario)
	}
	steps := []step{
		{verify.StepProof, func(s *scenario) { s.receipt = replace(t, "index ", "index 0") }},
		{verify.StepEntry, func(s *scenario) { s.entry = replace(t, "registered ", "registered 0") }},
		{verify.StepLedger, func(s *scenario) { s.policy = strings.Replace(s.policy, logLine(home), logLine(stranger), 1) }},
		{verify.StepCheckpoint, func(s *scenario) { s.lines[0] = spoilt(signs(home)) }},
		{verify.StepCosignature, func(s *scenario) { s.lines[3] = spoilt(saw("w3", now)) }},
		{verify.StepQuorum, func(s *scenario) { s.lines[1], s.lines[2] = saw("w1", now-301), saw("w4", now) }},
		{verify.StepIndex, func(s *scenario) {
			before := s.proof
			s.proof = func(p *tlog.Proof) {
				if p.Index = 5; before != nil {
					before(p)
				}
			}
		}},
		{verify.StepInclusion, func(s *scenario) {
			before := s.proof
			s.proof = func(p *tlog.Proof) {
				if p.Hashes = p.Hashes[1:]; before != nil {
					before(p)
				}
			}
		}},
		{verify.StepSignatures, func(s *scenario) {
			b := contractText(t, 0).Bytes()
			s.record = note.Note{Text: b, Signatures: []note.Signature{signs(stranger)(b)}}.Bytes()
		}},
	}
	for i, first := range steps {
		for _, second := range steps[i:] {
			t.Run(string(first.step+" and "+second.step), func(t *testing.T) {
				s := good(t)
				first.do(s)
				if second.step != first.step {
					second.do(s)
				}
				_, err := s.verify(t)
				wantFailure(t, err, first.step, "")
			})
		}
	}
}

// The ledger's own line is looked at before those of other logs, wherever the policy
// and the checkpoint have them.
func TestTheLedgersLineComesBeforeOtherLogs(t *testing.T) {
	for _, p := range []string{logLine(elsewhere) + logLine(home), logLine(home) + logLine(elsewhere)} {
		s := good(t)
		s.policy, s.lines = p+"quorum none\n", []line{spoilt(signs(elsewhere)), spoilt(signs(home))}
		_, err := s.verify(t)
		wantFailure(t, err, verify.StepCheckpoint, "the signature of ledger.example")
	}
}

func TestSeenByIsWhenTheQuorumWasMet(t *testing.T) {
	groups := threeOf + "group pair all w1 w2\ngroup g any pair w3\nquorum g\n"
	for _, c := range []struct {
		name, policy string
		lines        []line
		want         int64
	}{
		{"none", threeOf + "quorum none\n", []line{saw("w1", now)}, 0},
		{"the only one", quorumOne, []line{saw("w1", now+7)}, now + 7},
		{"the one who has to", threeOf + "quorum w2\n", []line{saw("w1", now), saw("w2", now+5), saw("w3", now+1)}, now + 5},
		{"the second of three", quorumTwo, []line{saw("w1", now+30), saw("w2", now+10), saw("w3", now+20)}, now + 20},
		{"the same time", quorumTwo, []line{saw("w1", now+3), saw("w2", now+3)}, now + 3},
		{"before the ledger's own word", quorumTwo, []line{saw("w1", now-300), saw("w2", now-299)}, now - 299},
		{"an early one that does not count", quorumTwo, []line{saw("w1", now-301), saw("w2", now+1), saw("w3", now+2)}, now + 2},
		{"the earliest line of a witness", quorumTwo, []line{saw("w1", now+90), saw("w1", now+5), saw("w2", now+6), saw("w2", now+80)}, now + 6},
		{"the earliest line that counts", quorumOne, []line{saw("w1", now+90), saw("w1", now-301), saw("w1", now+4)}, now + 4},
		{"one witness twice is one", quorumTwo, []line{saw("w1", now), saw("w1", now+1), saw("w2", now+9)}, now + 9},
		{"the faster way through groups", groups, []line{saw("w1", now+1), saw("w2", now+2), saw("w3", now+9)}, now + 2},
		{"the other way through groups", groups, []line{saw("w1", now+1), saw("w2", now+9), saw("w3", now+3)}, now + 3},
		{"the end of time", quorumOne, []line{saw("w1", math.MaxInt64)}, math.MaxInt64},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good(t)
			s.policy, s.lines = c.policy, append([]line{signs(home)}, c.lines...)
			reg, err := s.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			if reg.SeenBy != c.want {
				t.Errorf("seen by %d, want %d", reg.SeenBy, c.want)
			}
		})
	}
}

func TestCosignaturesAreInTheOrderOfThePolicyThenOfTime(t *testing.T) {
	s := good(t)
	s.lines = []line{saw("w3", now+1), saw("w1", now+9), saw("w2", now+2), signs(home), saw("w1", now-999), saw("w1", now+3)}
	reg, err := s.verify(t)
	if err != nil {
		t.Fatal(err)
	}
	list := func(cs []verify.Cosignature) (s string) {
		for _, c := range cs {
			s += fmt.Sprintf("%s %+d ", c.Witness.Name, c.Time-now)
		}
		return s
	}
	if got, want := list(reg.Checkpoint.Cosignatures), "w1 -999 w1 +3 w1 +9 w2 +2 w3 +1 "; got != want {
		t.Errorf("cosignatures are %s, want %s", got, want)
	}
	if got, want := list(reg.Counted), "w1 +3 w1 +9 w2 +2 w3 +1 "; got != want {
		t.Errorf("counted are %s, want %s", got, want)
	}
}

func TestInclusionIsAReceiptWithoutItsRecord(t *testing.T) {
	inclusion := func(s *scenario) error { return verify.Inclusion(policy(t, s.policy), key(home), s.bytes(t)) }
	if err := inclusion(good(t)); err != nil {
		t.Error(err)
	}
	s := good(t)
	s.record = []byte("no record")
	if err := inclusion(s); err != nil {
		t.Errorf("inclusion of what is no record: %s", err)
	}
	for _, c := range []struct {
		step verify.Step
		do   func(*scenario)
	}{
		{verify.StepProof, func(s *scenario) { s.receipt = replace(t, "index ", "index 0") }},
		{verify.StepEntry, func(s *scenario) { s.entry = replace(t, "registered", "recorded") }},
		{verify.StepLedger, func(s *scenario) { s.policy = "quorum none\n" }},
		{verify.StepCheckpoint, func(s *scenario) { s.origin = elsewhere }},
		{verify.StepCosignature, func(s *scenario) { s.lines[1] = spoilt(s.lines[1]) }},
		{verify.StepQuorum, func(s *scenario) { s.lines = s.lines[:2] }},
		{verify.StepIndex, func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Index = 9 } }},
		{verify.StepInclusion, func(s *scenario) { s.proof = func(p *tlog.Proof) { p.Hashes[0] = tlog.Hash{} } }},
	} {
		s := good(t)
		c.do(s)
		wantFailure(t, inclusion(s), c.step, "")
	}
	wantFailure(t, verify.Inclusion(policy(t, quorumTwo), key(elsewhere), good(t).bytes(t)), verify.StepLedger, key(elsewhere).String())
}

// FuzzReceipt asks that whatever holds is what was registered, and that whatever
// does not names a step.
func FuzzReceipt(f *testing.F) {
	whole := good(f).bytes(f)
	f.Add(whole)
	for _, i := range []int{10, 40, len(whole) / 2, len(whole) - 2} {
		b := bytes.Clone(whole)
		b[i] ^= 1
		f.Add(b)
	}
	p := policy(f, quorumTwo)
	want := twoParties(f).Bytes()
	f.Fuzz(func(t *testing.T, b []byte) {
		reg, err := verify.Receipt(p, b)
		if fail := new(verify.Failure); err != nil {
			if !errors.As(err, &fail) || fail.Step == "" || fail.Reason == "" {
				t.Fatalf("error %v names no step", err)
			}
			return
		}
		if !bytes.Equal(reg.Record.Bytes(), want) || reg.Index != 2 {
			t.Fatalf("another record holds:\n%s", reg.Record.Bytes())
		}
		if !bytes.Contains(b, []byte("extra "+base64.StdEncoding.EncodeToString(record.Entry{Registered: now, Record: want}.Bytes()))) {
			t.Fatalf("another entry holds:\n%s", b)
		}
	})
}
