package main

import (
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
)

// staysFrozen demands of a store that it is frozen where its guard knows that the ledger was. In
// the bucket other nodes would lead it, whose guards do not know.
func staysFrozen(dir string, s *store.Store, g *store.Guard) error {
	frozen, err := g.Frozen()
	if err == nil && frozen && !s.Frozen() {
		err = ledger.ErrThawed
	}
	return whatIsLost(dir, err)
}
