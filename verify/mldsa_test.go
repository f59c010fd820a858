package verify_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// ownAnd is a policy of the ledger and its ML-DSA-44 key, with more lines.
func ownAnd(lines string) string { return logLine(home) + latticeLine("ledger", home) + lines }

// required asks for the ledger's ML-DSA-44 key and one of two witnesses.
var required = ownAnd(witnessLine("w1") + latticeLine("w2", "w2") + "group witnesses any w1 w2\ngroup g all ledger witnesses\nquorum g\n")

func TestTheLedgersMLDSA44KeyIsAskedForWhereTheQuorumHasIt(t *testing.T) {
	other := string(tlog.Checkpoint{Origin: home, Size: 62, Root: tlog.EmptyRoot()}.Text())
	zero := func(text []byte) note.Signature {
		s := sawLattice(home, now)(text)
		clear(s.Bytes[:8])
		return s
	}
	for _, c := range []struct {
		name  string
		lines []line
		step  verify.Step
		want  string
	}{
		{"all", []line{signs(home), sawLattice(home, now), saw("w1", now)}, "", ""},
		{"a witness by ML-DSA-44", []line{signs(home), sawLattice(home, now), sawLattice("w2", now)}, "", ""},
		{"twice", []line{signs(home), sawLattice(home, now), sawLattice(home, now+9), saw("w1", now)}, "", ""},
		{"an older one too", []line{signs(home), sawLattice(home, now-301), sawLattice(home, now), saw("w1", now)}, "", ""},
		{"just in time", []line{signs(home), sawLattice(home, now-300), saw("w1", now)}, "", ""},
		{"a stranger's line that is no signature", []line{signs(home), sawLattice(home, now), saw("w1", now), cut(sawLattice(stranger, now))}, "", ""},
		{"not there, as a forger of Ed25519 has it", []line{signs(home), saw("w1", now)}, verify.StepQuorum, "the quorum g is not met: w1 cosigned at"},
		{"alone", []line{signs(home), sawLattice(home, now)}, verify.StepQuorum, "the quorum g is not met: ledger cosigned at 2026-05-28T20:26:40Z (the ledger's own word)"},
		{"from before the entry", []line{signs(home), sawLattice(home, now-301), saw("w1", now)}, verify.StepQuorum, "(the ledger's own word), before the entry was there"},
		{"in the place of the log's", []line{sawLattice(home, now), saw("w1", now)}, verify.StepCheckpoint, "is not signed by the key of ledger.example"},
		{"spoilt", []line{signs(home), spoilt(sawLattice(home, now)), saw("w1", now)}, verify.StepCosignature, "witness ledger: cosignature of ledger.example does not verify"},
		{"cut", []line{signs(home), cut(sawLattice(home, now)), saw("w1", now)}, verify.StepCosignature, "does not verify"},
		{"spoilt beside a good one", []line{signs(home), sawLattice(home, now), spoilt(sawLattice(home, now)), saw("w1", now)}, verify.StepCosignature, "does not verify"},
		{"of another tree", []line{signs(home), about(other, sawLattice(home, now)), saw("w1", now)}, verify.StepCosignature, "does not verify"},
		{"of no time", []line{signs(home), zero, saw("w1", now)}, verify.StepCosignature, "witness ledger: cosignature of ledger.example has the time 0"},
		{"a witness's is spoilt", []line{signs(home), sawLattice(home, now), spoilt(sawLattice("w2", now))}, verify.StepCosignature, "witness w2: cosignature of w2 does not verify"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good(t)
			s.policy, s.lines = required, c.lines
			_, err := s.verify(t)
			switch {
			case c.step == "" && err != nil:
				t.Fatal(err)
			case c.step != "":
				wantFailure(t, err, c.step, c.want)
			}
		})
	}
}

func TestTheQuorumsTimeIsTheWordOfOthersThanTheLedger(t *testing.T) {
	ed := keyOf(home, "another key", note.Cosignature)
	for _, c := range []struct {
		name, policy string
		lines        []line
		want         int64
		only         bool
	}{
		{"the ledger alone", ownAnd("quorum ledger\n"), []line{sawLattice(home, now+5)}, 0, true},
		{"the ledger alone, and others that nobody asks", ownAnd(witnessLine("w1") + "quorum ledger\n"), []line{sawLattice(home, now+5), saw("w1", now)}, 0, true},
		{"the ledger later", required, []line{sawLattice(home, now+900), saw("w1", now+5)}, now + 5, false},
		{"the ledger earlier", required, []line{sawLattice(home, now-300), saw("w1", now+5)}, now + 5, false},
		{"the end of time", required, []line{sawLattice(home, math.MaxInt64), saw("w1", now+5)}, now + 5, false},
		{"a witness by ML-DSA-44", required, []line{sawLattice(home, now), saw("w1", now+8), sawLattice("w2", now+7)}, now + 7, false},
		{"either, both there", ownAnd(witnessLine("w1") + "group g any ledger w1\nquorum g\n"), []line{sawLattice(home, now), saw("w1", now+1)}, 0, true},
		{"either, the witness there", ownAnd(witnessLine("w1") + "group g any ledger w1\nquorum g\n"), []line{saw("w1", now+1)}, now + 1, false},
		{"either, the ledger's too old", ownAnd(witnessLine("w1") + "group g any ledger w1\nquorum g\n"), []line{sawLattice(home, now-301), saw("w1", now+1)}, now + 1, false},
		{"two of three with the ledger", ownAnd(witnessLine("w1") + witnessLine("w2") + "group g 2 ledger w1 w2\nquorum g\n"), []line{sawLattice(home, now+50), saw("w1", now+30), saw("w2", now+10)}, now + 10, false},
		{"two of three without it", ownAnd(witnessLine("w1") + witnessLine("w2") + "group g 2 ledger w1 w2\nquorum g\n"), []line{saw("w1", now+30), saw("w2", now+10)}, now + 30, false},
		{"the ledger by Ed25519", logLine(home) + "witness w " + ed.String() + "\nquorum w\n", []line{sawAs(ed, "another key", now)}, 0, true},
		{"not asked for", ownAnd(witnessLine("w1") + "quorum w1\n"), []line{sawLattice(home, now), saw("w1", now+1)}, now + 1, false},
		{"quorum none", ownAnd("quorum none\n"), []line{sawLattice(home, now)}, 0, true},
		{"another ledger is a witness", logLine(home) + logLine(elsewhere) + latticeLine("w", elsewhere) + "quorum w\n", []line{sawLattice(elsewhere, now+3)}, now + 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good(t)
			s.policy, s.lines = c.policy, append([]line{signs(home)}, c.lines...)
			reg, err := s.verify(t)
			if err != nil {
				t.Fatal(err)
			}
			p := policy(t, c.policy)
			if reg.SeenBy != c.want || p.LedgerOnly(reg.Counted) != c.only {
				t.Errorf("seen by %d, want %d; only the ledger's word: %t", reg.SeenBy, c.want, p.LedgerOnly(reg.Counted))
			}
			rep := reg.Report(p)
			if rep.LedgerOnly != c.only || (rep.SeenBy == "") != c.only || strings.Contains(rep.String(), "had seen it by") == c.only || strings.Contains(rep.String(), "others may have been shown another") != c.only {
				t.Errorf("the report says\n%s", rep)
			}
			for _, w := range rep.Witnesses {
				if own := w.Name == "ledger" || w.Name == "w" && strings.Contains(c.name, "Ed25519"); w.Ledger != own {
					t.Errorf("%s is the ledger: %t", w.Name, w.Ledger)
				}
			}
		})
	}
}

// The time of a quorum by its definition: the least T for which the ledger's own
// lines, and those of others that are not after T, make it.
func TestTheTimeOfAQuorumIsTheLeastOfAll(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alone, others, unmet := 0, 0, 0
	for range 2000 {
		p := policy(t, randomPolicy(r))
		var lines []verify.Cosignature
		for _, w := range p.Witnesses {
			own := r.IntN(3) == 0
			for range r.IntN(3) {
				lines = append(lines, verify.Cosignature{Witness: w, Time: 1 + r.Int64N(9), Own: own})
			}
		}
		want := int64(-1)
		for at := int64(9); at >= 0; at-- {
			until := make(map[string]bool)
			for _, c := range lines {
				if c.Own || c.Time <= at {
					until[c.Witness.Name] = true
				}
			}
			if witnessed(p, p.Quorum, until) {
				want = at
			}
		}
		got, err := p.SeenBy(&verify.Checkpoint{Cosignatures: lines})
		if (err == nil) != (want >= 0) || err == nil && (got != want || p.LedgerOnly(lines) != (want == 0)) {
			t.Fatalf("seen by %d, %v, want %d, with %v under\n%s", got, err, want, lines, p.Bytes())
		}
		switch {
		case want == 0:
			alone++
		case want > 0:
			others++
		default:
			unmet++
		}
	}
	if alone < 100 || others < 100 || unmet < 100 {
		t.Errorf("%d were met by the ledger alone, %d by others, %d not: too much alike", alone, others, unmet)
	}
}

func TestAnExtensionMayHaveOnlyTheLedgersWord(t *testing.T) {
	c := goodPairing(t)
	c.policy = ownAnd(witnessLine("w1") + "quorum ledger\n")
	c.proof.Checkpoint = under(c.proof.Checkpoint, signs(home), sawLattice(home, 1), saw("w1", now))
	x, err := c.verify(t)
	if err != nil || x.SeenBy != 0 || len(x.New.Cosignatures) != 2 || !x.New.Cosignatures[0].Own || x.New.Cosignatures[1].Own {
		t.Errorf("extension is %+v, %v", x, err)
	}
	c.proof.Checkpoint = under(c.proof.Checkpoint, signs(home), saw("w1", now))
	_, err = c.verify(t)
	wantFailure(t, err, verify.StepQuorum, "the quorum ledger of the checkpoint is not met")
}

func TestAWitnessIsTheLedgerWhereItsKeyHasTheLogsName(t *testing.T) {
	p := policy(t, ownAnd(logLine(elsewhere)+witnessLine("w1")+"quorum none\n"))
	for _, c := range []struct {
		log, witness int
		want         bool
	}{{0, 0, true}, {0, 1, false}, {1, 0, false}, {1, 1, false}} {
		if got := p.Logs[c.log].Owns(p.Witnesses[c.witness]); got != c.want {
			t.Errorf("%s owns %s: %t", p.Logs[c.log].Key.Name(), p.Witnesses[c.witness].Name, got)
		}
	}
}

// A receipt holds as many ML-DSA-44 lines, under the longest names, as a policy has
// witnesses, and as a note has lines.
func TestAReceiptHasRoomForEveryWitness(t *testing.T) {
	name := func(i int) string { return strings.Repeat("n", note.MaxName-3) + strconv.Itoa(100+i) }
	var text, members strings.Builder
	text.WriteString(logLine(home))
	lines := []line{signs(home)}
	for i := range note.MaxSignatures - 1 {
		if i < verify.MaxWitnesses {
			w := "w" + strconv.Itoa(i)
			text.WriteString(latticeLine(w, name(i)))
			members.WriteString(" " + w)
		}
		lines = append(lines, sawLattice(name(i), now+int64(i)))
	}
	text.WriteString("group g all" + members.String() + "\nquorum g\n")
	for _, n := range []int{1 + verify.MaxWitnesses, note.MaxSignatures} {
		s := good(t)
		s.policy, s.lines = text.String(), lines[:n]
		reg, err := s.verify(t)
		if err != nil {
			t.Fatal(err)
		}
		if size := len(reg.Checkpoint.Bytes()); len(reg.Counted) != verify.MaxWitnesses || reg.SeenBy != now+verify.MaxWitnesses-1 || size > note.MaxSize*2/5 {
			t.Errorf("%d lines of %d bytes: %d count, seen by %d", n, size, len(reg.Counted), reg.SeenBy)
		}
	}
}
