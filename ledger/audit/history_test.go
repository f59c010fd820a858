package audit

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/verify"
)

// spoiled is how the signatures begin that rulestest spoils.
const spoiled = 0xFF

// truly returns the bytes of an attempt with true signatures in place of those that
// rulestest has for true, and how many lines there are.
func truly(t testing.TB, a rulestest.Attempt) (b []byte, lines int) {
	t.Helper()
	n, err := note.ParseDraft(a.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range n.Signatures {
		if s.Bytes[0] != spoiled {
			k := newSigner(strings.TrimPrefix(s.Name, "new.")) // a key's new name is that with new. before it
			n.Signatures[i].Bytes = must(k.Sign(n.Text))
		}
	}
	return n.Bytes(), len(n.Signatures)
}

// A breach is what a history submitted and the rules refuse, after so many entries.
type attempt struct {
	size int
	rule rules.Rule
	time int64
	raw  []byte
}

// history returns an honest ledger, and what it refused.
func history(t testing.TB, seed uint64, steps int) (*ledger, []attempt) {
	t.Helper()
	l := newLedger()
	var refused []attempt
	_, err := rulestest.Play(rulestest.Steps(seed, steps), func(_ rulestest.Model, a rulestest.Attempt) error {
		b, lines := truly(t, a)
		switch {
		case a.Ledger != home.Key:
		case a.Rule == "":
			l.RegisterAt(a.Time, b)
		case lines == 0: // no entry is of a record that nobody signed
			refused = append(refused, attempt{len(l.Entries), rules.Form, a.Time, b})
		default:
			refused = append(refused, attempt{len(l.Entries), rules.Rule(a.Rule), a.Time, b})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, refused
}

// after returns a ledger that admitted, after its first entries, what it should have
// refused, and went on.
func (l *ledger) after(a attempt) *ledger {
	c := newLedger()
	for _, e := range l.Entries[:a.size] {
		c.Add(e)
	}
	c.RegisterAt(a.time, a.raw)
	for _, e := range l.Entries[a.size:] {
		c.Add(e)
	}
	return c
}

func TestHonestHistoriesAreClean(t *testing.T) {
	for seed := range uint64(2) {
		l, _ := history(t, seed, 900)
		r := l.clean(t, t.TempDir())
		if len(l.Entries) < 100 || r.Contracts == 0 || r.Tiles == 0 {
			t.Errorf("seed %d: %d entries, %d contracts and %d tiles are compared", seed, len(l.Entries), r.Contracts, r.Tiles)
		}
	}
}

// Whatever the rules refuse, an audit finds at its place, by the rule that a model
// names which shares no code with them.
func TestWhateverIsRefusedIsFoundOut(t *testing.T) {
	l, refused := history(t, 7, 400)
	seen := make(map[rules.Rule]int)
	for _, a := range refused {
		if seen[a.rule] == 2 {
			continue
		}
		seen[a.rule]++
		r, err := l.after(a).audit(t, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if f := r.Finding; f == nil || f.Rule != a.rule || f.Index != uint64(a.size) {
			t.Fatalf("finding %v, want the rule %s broken at entry %d by\n%s", f, a.rule, a.size, a.raw)
		}
		b := must(verify.Evidence(trust, r.Finding.Evidence))
		if b.Verdict != verify.Yes && (b.Rule != rules.Refers || b.Absent == nil) {
			t.Errorf("evidence of %s: %s, %s", a.rule, b.Verdict, b.Doubt)
		}
	}
	for _, rule := range []rules.Rule{rules.Form, rules.Once, rules.Refers, rules.Time, rules.Signed, rules.Revoked, rules.Quorum, rules.Replaces, rules.Under, rules.Terminates} {
		if seen[rule] == 0 {
			t.Errorf("nothing breaks the rule %s", rule)
		}
	}
	t.Logf("%d entries, refused %v", len(l.Entries), seen)
}

// charge returns evidence that these entries of the log, the first before all others
// broken, break a rule.
func (l *ledger) charge(rule rules.Rule, absent *verify.Range, indexes ...int) *verify.Charge {
	c := &verify.Charge{Rule: rule, Absent: absent}
	size := uint64(len(l.Entries))
	checkpoint := l.Checkpoint(len(l.Entries))
	for _, i := range indexes {
		hashes := must(tlog.InclusionProof(l.Tile, uint64(i), size))
		c.Proofs = append(c.Proofs, tlog.Proof{Extra: l.Entries[i], Index: uint64(i), Hashes: hashes, Checkpoint: checkpoint})
	}
	return c
}

// No honest ledger is convicted: whatever is left out of what was true, put into it,
// and said of it.
func TestNoEvidenceConvictsAnHonestLedger(t *testing.T) {
	all := []rules.Rule{rules.Form, rules.Size, rules.Once, rules.Refers, rules.Time, rules.Signed, rules.Revoked, rules.Quorum, rules.Replaces, rules.Under, rules.Terminates}
	verdicts := make(map[verify.Verdict]int)
	for seed := range uint64(honestLedgers) {
		l, _ := history(t, 100+seed, 300)
		opened := make([]verify.Entry, len(l.Entries))
		for i, e := range l.Entries {
			opened[i] = verify.OpenEntry(e)
		}
		random := rand.New(rand.NewPCG(seed, 1))
		for broken := 1; broken < len(l.Entries); broken++ {
			related := relatedTo(opened, broken)
			for range saidOfEach {
				indexes := []int{broken}
				for i := range broken {
					near := related[i] && random.IntN(4) > 0
					if near || random.IntN(broken) == 0 {
						indexes = append(indexes, i)
					}
				}
				// The rule that the entries as they are would break, and any other.
				for _, absent := range []*verify.Range{nil, {First: 0, Last: uint64(broken - 1)}} {
					verdicts[l.judged(t, l.charge(refusedBy(opened, indexes, all[random.IntN(len(all))]), absent, indexes...))]++
					verdicts[l.judged(t, l.charge(all[random.IntN(len(all))], absent, indexes...))]++
				}
			}
		}
	}
	if verdicts[verify.Unchecked] == 0 || verdicts[verify.No] == 0 {
		t.Errorf("verdicts %v: the test does not reach what it is for", verdicts)
	}
	t.Logf("verdicts %v", verdicts)
}

// judged returns the verdict on evidence against an honest ledger.
func (l *ledger) judged(t *testing.T, c *verify.Charge) verify.Verdict {
	t.Helper()
	b, err := verify.Evidence(trust, c.Bytes())
	switch {
	case err != nil:
		return verify.No
	case b.Verdict == verify.Yes:
		t.Fatalf("convicted: %s\n%s", b, c.Bytes())
	}
	return b.Verdict
}

// refusedBy returns the rule by which a state of those earlier entries refuses the
// first, else the one that is given.
func refusedBy(entries []verify.Entry, indexes []int, otherwise rules.Rule) rules.Rule {
	var s rules.Memory
	for _, i := range indexes[1:] {
		e := entries[i]
		if err := s.Add(uint64(i), e.Registered, e.Record); err != nil {
			return otherwise
		}
	}
	var refusal *rules.Refusal
	if errors.As(entries[indexes[0]].Admit(&s, home.Key), &refusal) {
		return refusal.Rule
	}
	return otherwise
}

// relatedTo returns the earlier entries that have to do with an entry, at any remove.
func relatedTo(entries []verify.Entry, broken int) map[int]bool {
	related := map[int]bool{broken: true}
	ids := make(map[string]bool)
	for i := broken; i >= 0; i-- {
		text := entries[i].Record.Text()
		near := i == broken || ids[text.ID().String()]
		for _, id := range [][32]byte{text.Contract, text.Replaces, text.Under, text.Answers} {
			near = near || id != [32]byte{} && ids[string(id[:])]
		}
		if !near {
			continue
		}
		related[i] = true
		for _, id := range [][32]byte{text.ID(), text.Contract, text.Replaces, text.Under, text.Answers} {
			if id != [32]byte{} {
				ids[string(id[:])] = true
			}
		}
	}
	return related
}
