package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// twoEntries returns evidence of a fork by the entries of one index in two logs.
func twoEntries(t testing.TB, same int, index, small, large uint64) *verify.Charge {
	t.Helper()
	a, b := newTree(t).fill(same), newTree(t).fill(same)
	a.name = home + "'"
	a.fill(int(small) - same)
	a.name = home
	b.fill(int(large) - same)
	return &verify.Charge{Rule: verify.Fork, Proofs: []tlog.Proof{a.proof(index, small), b.proof(index, large)}}
}

func TestForkIsProvedByTwoEntriesOfOneIndex(t *testing.T) {
	p := policy(t, quorumTwo)
	for _, c := range []struct {
		same                int
		index, small, large uint64
	}{{0, 0, 1, 1}, {5, 5, 6, 6}, {5, 5, 6, 9}, {0, 7, 8, 300}, {290, 295, 300, 700}} {
		charge := twoEntries(t, c.same, c.index, c.small, c.large)
		for range 2 { // in either order
			b, err := verify.Evidence(p, charge.Bytes())
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			if b.Verdict != verify.Yes || b.Rule != verify.Fork || b.Index != c.index || b.Checkpoint.Size != c.large || b.Other.Size != c.small || b.Other.Root == b.Checkpoint.Root || !strings.HasPrefix(b.Reason, "ledger.example signed two trees: entry ") {
				t.Errorf("%+v: %s", c, b)
			}
			slices.Reverse(charge.Proofs)
		}
	}
}

func TestTwoEntriesThatAreNoForkAreRefusedAtTheirStep(t *testing.T) {
	p := policy(t, quorumNone+logLine(elsewhere))
	empty := newTree(t)
	empty.add(nil)
	for _, c := range []struct {
		name   string
		change func(c *verify.Charge)
		step   verify.Step
		want   string
	}{
		{"the same entry in two trees", func(c *verify.Charge) { *c = *twoEntries(t, 9, 5, 9, 9) }, verify.StepRule, "entry 5 is the same in both trees"},
		{"the same tree twice", func(c *verify.Charge) { c.Proofs[1] = c.Proofs[0] }, verify.StepRule, "the same in both"},
		{"entries of no bytes", func(c *verify.Charge) { c.Proofs[0], c.Proofs[1] = empty.proof(0, 1), empty.proof(0, 1) }, verify.StepRule, "the same in both"},
		{"another entry than that of the tree", func(c *verify.Charge) { c.Proofs[1].Extra = c.Proofs[0].Extra }, verify.StepInclusion, "is not number 5"},
		{"beyond the tree", func(c *verify.Charge) { c.Proofs[0].Index, c.Proofs[1].Index = 6, 6 }, verify.StepIndex, "is number 6, the tree of the checkpoint has 6"},
		{"two logs", func(c *verify.Charge) {
			other := newTree(t)
			other.name = elsewhere
			c.Proofs[1] = other.fill(6).proof(5, 6)
		}, verify.StepCheckpoint, "no log of the policy signed"},
		{"spoilt", func(c *verify.Charge) {
			c.Proofs[1].Checkpoint = signed(c.Proofs[1].Checkpoint.Checkpoint, spoilt(signs(home)))
		}, verify.StepCheckpoint, "no log of the policy signed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			charge := twoEntries(t, 5, 5, 6, 7)
			c.change(charge)
			_, err := verify.Evidence(p, charge.Bytes())
			wantFailure(t, err, c.step, c.want)
		})
	}
}
