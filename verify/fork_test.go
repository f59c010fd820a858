package verify_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// under returns the item of an entry under the tree of a size.
func (w *world) under(index, size uint64) verify.Item {
	w.t.Helper()
	reg := receipt(w.t, w.p, w.log.proof(index, size))
	return verify.Item{Registration: reg, Report: reg.Report(w.p)}
}

// wantContradiction demands one that has all these words, in both orders of the items.
func wantContradiction(t testing.TB, items []verify.Item, want ...string) {
	t.Helper()
	items = slices.Clone(items)
	for range 2 {
		f := verify.Contradiction(items)
		if f == nil || f.Step != verify.StepFork {
			t.Fatalf("contradiction is %v, want one that says %q", f, want)
		}
		for _, w := range want {
			if !strings.Contains(f.Reason, w) {
				t.Errorf("contradiction is %q, which lacks %q", f.Reason, w)
			}
		}
		slices.Reverse(items)
	}
}

// wantEvidence demands evidence of a rule in both orders of the items; of "" none.
func wantEvidence(w *world, items []verify.Item, rule rules.Rule) {
	w.t.Helper()
	items = slices.Clone(items)
	for range 2 {
		evidence := verify.ContradictionEvidence(items)
		if rule == "" {
			if evidence != nil {
				w.t.Errorf("evidence %s", evidence)
			}
		} else if b, err := verify.Evidence(w.p, evidence); err != nil || b.Verdict != verify.Yes || b.Rule != rule {
			w.t.Errorf("breach %v, %v of %s; want one of %s", b, err, evidence, rule)
		}
		slices.Reverse(items)
	}
}

// What two receipts show is a file that anybody can judge, where the format has one.
func TestAContradictionOfReceiptsIsEvidence(t *testing.T) {
	w, fork := newWorld(t), newWorld(t)
	contract := contractText(t, 1)
	for _, to := range []*world{w, fork} {
		to.register(contract, both...)
	}
	w.register(statementText(contract.ID(), makers()[:1], 2), "alice.example")
	fork.register(terminationText(contract.ID(), makers()), both...)
	wantEvidence(w, append(w.items(0), fork.items(1)...), verify.Fork) // two trees of one size
	if s := string(verify.ContradictionEvidence(append(w.items(0), fork.items(1)...))); !strings.Contains(s, "\nconsistency ") {
		t.Error(s)
	}
	fork.log.fill(3)
	wantEvidence(w, append(w.items(1), fork.items(1)...), verify.Fork) // two entries of one index
	wantEvidence(w, append(w.items(0), fork.items(1)...), "")          // neither, and no contradiction

	twice := newWorld(t)
	twice.register(contract, both...)
	twice.register(contract, both...)
	wantEvidence(twice, twice.items(0, 1), rules.Once)
	twice.log.fill(1)
	wantEvidence(twice, []verify.Item{twice.under(0, 2), twice.under(1, 3)}, "") // in two trees
	wantEvidence(twice, []verify.Item{{Report: verify.Refused(errors.New("no receipt"))}}, "")
}

// Of several contradictions one that evidence shows is enough.
func TestEvidenceIsOfTheContradictionThatHasSome(t *testing.T) {
	w, fork := newWorld(t), newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	w.register(contract, both...)
	fork.register(contractText(t, 2), both...)
	w.log.fill(2)
	items := []verify.Item{w.under(0, 2), w.under(1, 3), fork.items(0)[0]}
	wantEvidence(w, items[:2], "")
	wantEvidence(w, items, verify.Fork)
}

func TestReceiptsOfOnePastContradictNothing(t *testing.T) {
	l := newLife(t)
	items := append(l.related(l.all()...), l.items(l.all()...)...) // each twice
	for size := uint64(1); size <= l.log.tree.Size(); size++ {
		items = append(items, l.under(0, size))
	}
	items = append(items, verify.Item{Report: verify.Refused(errors.New("no receipt"))})
	if f := verify.Contradiction(items); f != nil {
		t.Error(f)
	}
}

func TestAnEntryThatIsTwoRecordsIsAFork(t *testing.T) {
	w, fork := newWorld(t), newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	fork.register(contract, both...)
	statement := statementText(contract.ID(), makers()[:1], 2)
	end := terminationText(contract.ID(), makers())
	w.register(statement, "alice.example")
	fork.register(end, both...)
	fork.log.fill(1)
	wantContradiction(t, append(w.items(0, 1), fork.items(1)...), "ledger.example shows two pasts: the leaf hash of its entry 1 is ",
		"by the receipt of ", "statement "+statement.ID().String(), "termination "+end.ID().String())
	if f := verify.Contradiction(append(w.items(0, 1), fork.items(0)...)); f != nil {
		t.Errorf("entry 0 is the same in both: %s", f)
	}
}

// The leaf has the time and the lines of the signatures too.
func TestARecordAtTwoTimesOrWithOtherLinesIsAFork(t *testing.T) {
	w := newWorld(t)
	w.log.register(now, sign(t, contractText(t, 1), both...))
	for name, r := range map[string]func(*tree) uint64{
		"another time": func(l *tree) uint64 { return l.register(now+1, sign(t, contractText(t, 1), both...)) },
		"another key too": func(l *tree) uint64 {
			return l.register(now, sign(t, contractText(t, 1), append(both, "carol.example")...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			fork := newWorld(t)
			r(fork.log)
			fork.log.fill(1)
			wantContradiction(t, append(w.items(0), fork.items(0)...), "shows two pasts: the leaf hash of its entry 0 is ")
		})
	}
}

func TestATreeWithTwoRootsIsAFork(t *testing.T) {
	w, fork := newWorld(t), newWorld(t)
	w.register(contractText(t, 1), both...)
	fork.register(contractText(t, 1), both...)
	other := fork.register(contractText(t, 2), both...)
	w.log.fill(1)
	wantContradiction(t, append(w.items(0), fork.items(other)...), "shows two pasts: the root of its tree of 2 entries is ")

	// The oldest receipt of a dossier says something of the past too.
	d := newDossier(t, sign(t, contractText(t, 1), both...))
	w.log.fill(1)
	addReceipt(t, d, w.log.proof(0, 2))
	addReceipt(t, d, w.log.proof(0, 3))
	items, err := verify.Dossier(w.p, d)
	if err != nil {
		t.Fatal(err)
	}
	if f := verify.Contradiction(items); f != nil {
		t.Fatal(f)
	}
	wantContradiction(t, append(items, fork.items(other)...), "the root of its tree of 2 entries is ")
}

func TestARecordThatIsTwoEntriesBreaksTheRuleOnce(t *testing.T) {
	w := newWorld(t)
	contract := contractText(t, 1)
	w.register(contract, both...)
	w.register(contract, both...)
	wantContradiction(t, w.items(0, 1), "ledger.example broke the rule once: the number of contract "+contract.ID().String()+" is ",
		"0 by ", "1 by ")
}

func TestTwoLedgersHaveAPastEach(t *testing.T) {
	w, away := newWorld(t), newWorld(t)
	away.log.name = elsewhere
	w.register(contractText(t, 1), both...)
	text := contractText(t, 1)
	text.Ledger = key(elsewhere)
	if f := verify.Contradiction(append(w.items(0), away.items(away.register(text, both...))...)); f != nil {
		t.Error(f)
	}
}

// What each receipt of a fork says is said all the same.
func TestAForkLeavesTheOtherFindings(t *testing.T) {
	l, fork := newLife(t), newWorld(t)
	fork.register(contractText(t, 1), both...)
	stranger := fork.register(statementText(l.first.ID(), []record.Party{{Role: "buyer", Threshold: 1, Keys: keys(stranger)}}, 2), stranger)
	fork.log.fill(7)
	items := append(l.items(l.contract, l.dispute, l.renewal), fork.items(stranger)...)
	verify.Relate(slices.Clone(items))
	wantContradiction(t, items, "its entry 1 is ")
	for _, item := range items[:3] {
		wantYes(t, item.Report)
	}
	if items[0].Replaced != l.renewed.ID().String() {
		t.Error("the contract is not replaced")
	}
	wantNo(t, items[3].Report, verify.StepSignatures, "buyer is not so a party of contract")
}
