package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chirograph/chirograph/verify"
)

// weaker says whether a policy asks for fewer cosignatures than another: of others than
// its ledger, or all together.
func weaker(p, than *verify.Policy) bool {
	return least(p, true) < least(than, true) || least(p, false) < least(than, false)
}

// estranged says whether a policy asks other witnesses than another one did: those that
// both name are too few for the other's quorum, or strangers to the other are enough for
// the policy's own. Names are no matter, keys are. Nothing is strange to quorum none.
func estranged(p, than *verify.Policy) bool {
	if than.Quorum == verify.NoQuorum {
		return false
	}
	left := slices.DeleteFunc(slices.Clone(than.Witnesses), func(w verify.Witness) bool { return !asks(p, w) })
	return !than.Met(calledBy(left)) || p.Met(calledBy(strangers(p, than)))
}

// calledBy are the names that a policy has for these witnesses of it.
func calledBy(witnesses []verify.Witness) map[string]bool {
	called := make(map[string]bool)
	for _, w := range witnesses {
		called[w.Name] = true
	}
	return called
}

// shortOf says whether a policy may not take the place of another without somebody's
// looking at it.
func shortOf(p, of *verify.Policy) bool { return weaker(p, of) || estranged(p, of) }

// strangers returns the witnesses of a policy whose keys another does not list.
func strangers(p, to *verify.Policy) []verify.Witness {
	return slices.DeleteFunc(slices.Clone(p.Witnesses), func(w verify.Witness) bool { return asks(to, w) })
}

func asks(p *verify.Policy, w verify.Witness) bool {
	return slices.ContainsFunc(p.Witnesses, func(x verify.Witness) bool { return x.Key == w.Key })
}

// keysOf names witnesses by their keys; "none" for no witness.
func keysOf(witnesses []verify.Witness) string {
	if len(witnesses) == 0 {
		return "none"
	}
	keys := make([]string, len(witnesses))
	for i, w := range witnesses {
		keys[i] = plain(w.Key.Name()) + " " + w.Key.Fingerprint()
	}
	return strings.Join(keys, ", ")
}

// exchanged says which witnesses came and went between a policy and the next.
func exchanged(old, p *verify.Policy) string {
	return fmt.Sprintf("came: %s; went: %s", keysOf(strangers(p, old)), keysOf(strangers(old, p)))
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
