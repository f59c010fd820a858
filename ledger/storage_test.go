package ledger_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
	"github.com/chirograph/chirograph/ledger/witness"
)

// An alone is a ledger that has a store and nothing else.
type alone struct {
	disk  vfs.FS // as its next process finds it
	store *store.Store
	guard *store.Guard
}

func (a *alone) places() (store.Config, store.GuardConfig) {
	key := ledgertest.Home.Key
	return store.Config{Dir: "store", FS: a.disk, Key: key, Guard: "guard"}, store.GuardConfig{Dir: "guard", FS: a.disk, Key: key}
}

func (a *alone) create(t *testing.T) {
	in, guard := a.places()
	if err := ledger.Create(in, guard, ledger.Config{Sign: ledgertest.Home.Sign}); err != nil {
		t.Fatal(err)
	}
}

func (a *alone) open() (err error) {
	in, guard := a.places()
	if a.store, err = store.Open(in); err != nil {
		return err
	}
	a.guard, err = store.OpenGuard(guard)
	return err
}

func (a *alone) close() (err error) {
	if a.guard != nil {
		err = a.guard.Close()
	}
	if a.store != nil {
		err = errors.Join(err, a.store.Close())
	}
	a.store, a.guard = nil, nil
	return err
}

func (a *alone) stored() ledgertest.Stored {
	return ledgertest.Stored{
		Open: func(cfg ledger.Config, witnesses func(*store.Store) (*witness.Witnesses, error)) (*ledger.Log, error) {
			err := a.open()
			if err == nil && witnesses != nil {
				cfg.Witnesses, err = witnesses(a.store)
			}
			if err != nil {
				return nil, err
			}
			cfg.Store, cfg.Guard = a.store, a.guard
			return ledger.Open(cfg)
		},
		Close:  a.close,
		Freeze: func() error { return errors.Join(a.open(), a.store.Freeze(), a.close()) },
	}
}

func TestALedgerWithAStoreAloneKeepsTheLaws(t *testing.T) {
	ledgertest.Storage(t, func(t *testing.T) *ledgertest.Stored {
		a := &alone{disk: vfs.NewMem()}
		a.create(t)
		s := a.stored()
		return &s
	})
}

// A machine has a ledger alone, and a disk of which a write is disturbed. Where a process is
// cut off the power goes, and so it does when one has ended well. Where one has ended because
// a write failed, the next finds all that it wrote.
type machine struct {
	alone
	disk    *vfs.MemFS
	process *faultfs.FS
	cut     atomic.Bool

	lazy  bool       // nothing is synced before a process ends well, whatever the disk says
	began *vfs.MemFS // what a lazy one had then

	mu     sync.Mutex
	writes int
	number int
	fault  ledgertest.Fault
}

func (m *machine) disturb(number int, f ledgertest.Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes, m.number, m.fault = 0, number, f
}

// ask is what the disk asks.
func (m *machine) ask(op faultfs.Op) faultfs.Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	if op.Kind.Writes() {
		m.writes++
	}
	if !op.Kind.Writes() || m.writes != m.number {
		return faultfs.Fault{}
	}
	f := faultfs.Fault{Err: errDisk}
	if m.fault == ledgertest.FailsDone || m.fault == ledgertest.CutAfter {
		f.Done = faultfs.All
	}
	if m.fault == ledgertest.CutBefore || m.fault == ledgertest.CutAfter {
		m.cut.Store(true)
		m.process.Kill()
	}
	return f
}

func (m *machine) open(cfg ledger.Config, _ func(*store.Store) (*witness.Witnesses, error)) (*ledger.Log, error) {
	m.cut.Store(false)
	m.process = faultfs.New(m.disk, m.ask)
	if m.lazy {
		m.began = m.disk.CrashClone(vfs.CrashCloneCfg{})
	}
	m.alone.disk = m.process
	return m.stored().Open(cfg, nil)
}

func (m *machine) close() error {
	err := m.alone.close()
	m.process.Kill()
	switch {
	case m.cut.Load() && m.lazy:
		m.disk = m.began
	case m.cut.Load():
		// Of what was not synced nothing is there, or some of it, or all.
		m.disk = m.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50 * (m.number % 3), RNG: rand.New(rand.NewPCG(1, uint64(m.number)))})
	case err == nil:
		m.disk = m.disk.CrashClone(vfs.CrashCloneCfg{})
	}
	return err
}

// faulted returns what makes ledgers on machines.
func faulted(lazy bool) func(t *testing.T) *ledgertest.Faulted {
	return func(t *testing.T) *ledgertest.Faulted {
		m := &machine{disk: vfs.NewCrashableMem(), lazy: lazy}
		m.alone.disk = m.disk
		m.create(t)
		return &ledgertest.Faulted{
			Stored:  ledgertest.Stored{Open: m.open, Close: m.close},
			Disturb: m.disturb,
			Writes: func() int {
				m.mu.Lock()
				defer m.mu.Unlock()
				return m.writes
			},
			Cut:        m.cut.Load,
			SignsFirst: true,
		}
	}
}

func TestAFaultAtAnyWriteOfAStoreAloneLosesNothing(t *testing.T) {
	if points := ledgertest.Faults(t, everyPoint, faulted(false)); points < 350/everyPoint {
		t.Errorf("%d points, at least %d there should be", points, 350/everyPoint)
	}
}

// The control: of a disk that does not sync, the same points find it.
func TestTheFaultsOfWritesFindADiskThatDoesNotSync(t *testing.T) {
	err := ledgertest.FindFault(t, everyPoint, faulted(true))
	if err == nil {
		t.Fatal("nothing is found")
	}
	t.Log(err)
}
