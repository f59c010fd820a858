package ledger_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

func TestALedgerWithAStoreAloneKeepsTheLaws(t *testing.T) {
	ledgertest.Storage(t, func(t *testing.T) *ledgertest.Stored {
		key := ledgertest.Home
		disk := vfs.NewMem()
		in := store.Config{Dir: "store", FS: disk, Key: key.Key}
		guard := store.GuardConfig{Dir: "guard", FS: disk, Key: key.Key}
		if err := ledger.Create(in, guard, ledger.Config{Sign: key.Sign}); err != nil {
			t.Fatal(err)
		}
		var s *store.Store
		var g *store.Guard
		open := func() (err error) {
			if s, err = store.Open(in); err != nil {
				return err
			}
			g, err = store.OpenGuard(guard)
			return err
		}
		stop := func() error { return errors.Join(g.Close(), s.Close()) }
		return &ledgertest.Stored{
			Open: func(cfg ledger.Config, witnesses func(*store.Store) (*witness.Witnesses, error)) (*ledger.Log, error) {
				err := open()
				if err == nil && witnesses != nil {
					cfg.Witnesses, err = witnesses(s)
				}
				if err != nil {
					return nil, err
				}
				cfg.Store, cfg.Guard = s, g
				return ledger.Open(cfg)
			},
			Close: stop,
			Freeze: func() error {
				return errors.Join(open(), s.Freeze(), stop())
			},
		}
	})
}
