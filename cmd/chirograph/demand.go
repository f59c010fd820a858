package main

import (
	"fmt"
	"slices"

	"github.com/chirograph/chirograph/verify"
)

// weaker says whether a policy asks for fewer cosignatures than another: of others than
// its ledger, or all together.
func weaker(p, than *verify.Policy) bool {
	return least(p, true) < least(than, true) || least(p, false) < least(than, false)
}

// least returns how many cosignatures make the quorum of a policy at least: all of them,
// or those of others than the ledger.
func least(p *verify.Policy, others bool) int {
	needs := map[string]int{verify.NoQuorum: 0}
	for _, w := range p.Witnesses {
		needs[w.Name] = 1
		if others && slices.ContainsFunc(p.Logs, func(l verify.Log) bool { return l.Owns(w) }) {
			needs[w.Name] = 0
		}
	}
	for _, g := range p.Groups {
		var members []int
		for _, m := range g.Members {
			members = append(members, needs[m])
		}
		slices.Sort(members)
		for _, n := range members[:g.K] {
			needs[g.Name] += n
		}
	}
	return needs[p.Quorum]
}

// quorumOf says what a policy asks for. The ledger's own keys are no witnesses of it.
func quorumOf(p *verify.Policy) string {
	if p.Quorum == verify.NoQuorum {
		return "quorum none"
	}
	own := 0
	for _, w := range p.Witnesses {
		if slices.ContainsFunc(p.Logs, func(l verify.Log) bool { return l.Owns(w) }) {
			own++
		}
	}
	if own == 0 {
		return fmt.Sprintf("quorum %s (at least %d of %s)", p.Quorum, least(p, false), counted(len(p.Witnesses), "witness", "witnesses"))
	}
	return fmt.Sprintf("quorum %s (at least %d of %s; with the ledger's own key %d of %d)", p.Quorum,
		least(p, true), counted(len(p.Witnesses)-own, "witness", "witnesses"), least(p, false), len(p.Witnesses))
}
