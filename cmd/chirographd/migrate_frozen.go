package main

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/objects"
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

// comesFrozen demands of a log that is to come back that it is frozen where the guard that it comes
// to knows that the ledger was. One that has left already comes, and is frozen where it is then.
func (m *migration) comesFrozen(dir string, h objects.Head) error {
	if h.State != objects.Open || m.was != nil && m.was.step == leaving {
		return nil
	}
	g, err := store.OpenGuard(store.GuardConfig{Dir: dir, Key: m.key})
	if errors.Is(err, store.ErrNoGuard) {
		return nil
	}
	if err != nil {
		return err
	}
	frozen, err := g.Frozen()
	if err == nil && frozen {
		err = fmt.Errorf("%s is open, and the log stays there: %w: chirographd freeze --dir %s --bucket %s … freezes it again", m.place(), ledger.ErrThawed, m.dir, m.bucket)
	}
	return errors.Join(err, g.Close())
}
