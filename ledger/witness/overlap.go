package witness

import (
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/verify"
)

// Disjoint says whether two quorums of a policy may have no witness in common, so that
// each could cosign another history of the ledger without one of them having seen both.
// The ledger's own key is in every quorum, and keeps no two histories apart. The quorum
// "none" has nobody in common with itself.
func Disjoint(p *verify.Policy, ledger note.Key) bool {
	twice := map[string]bool{verify.NoQuorum: true} // what two quorums can have at once
	for _, x := range p.Witnesses {
		twice[x.Name] = own(x, ledger)
	}
	// A policy has each name in one group at most, and groups after their members. So of
	// those members that one quorum alone can have, each of the two gets its own.
	for _, g := range p.Groups {
		both := 0
		for _, m := range g.Members {
			if twice[m] {
				both++
			}
		}
		twice[g.Name] = 2*max(0, g.K-both) <= len(g.Members)-both
	}
	return twice[p.Quorum]
}
