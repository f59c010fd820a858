package objects_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
)

func TestALedgerInABucketKeepsTheLaws(t *testing.T) {
	ledgertest.Storage(t, ledgerIn(func(*testing.T) kept { return objectstest.NewMemory() }))
}

// ledgerIn returns what makes ledgers in buckets. Each time that one is opened another node
// leads, but for every third.
func ledgerIn(bucket func(t *testing.T) kept) func(t *testing.T) *ledgertest.Stored {
	return func(t *testing.T) *ledgertest.Stored {
		w := newWorld(bucket(t), 1)
		first, err := w.node(nil, nil)
		must(t, err)
		must(t, errors.Join(first.register.Begin(first.ctx, empty, 0, objects.Open), first.close()))
		var n *node
		opened := 0
		return &ledgertest.Stored{
			Open: func(cfg ledger.Config, witnesses func(*store.Store) (*witness.Witnesses, error)) (_ *ledger.Log, err error) {
				disk := first.disk
				if opened++; opened%3 != 0 {
					disk = nil
				}
				if n, err = w.node(disk, nil); err != nil {
					return nil, err
				}
				n.config, n.witnesses = cfg, witnesses
				err = n.lead()
				return n.log, err
			},
			Close: func() error { return n.close() },
			Freeze: func() error {
				// As a person does who has the bucket: there is no leader.
				h, v, err := (&objects.Register{Bucket: w.memory, Key: key}).Read(context.Background())
				if err != nil {
					return err
				}
				h.State, h.Owner, h.Nonce = objects.Frozen, "", objects.Nonce{1}
				_, err = w.memory.Swap(context.Background(), objects.HeadName, v, h.Bytes())
				return err
			},
			Public: func(name string) ([]byte, error) {
				b, _, err := w.memory.Get(context.Background(), name, 1<<25)
				return b, err
			},
		}
	}
}
