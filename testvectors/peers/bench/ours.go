package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// A house is our ledger, open in this process.
type house struct {
	dir    string
	secret keys.SecretKey
	policy *verify.Policy
	store  *store.Store
	guard  *store.Guard
	log    *ledger.Log // nil where it is only filled
}

// openStore opens the store and the guard of the ledger in dir.
func openStore(dir string) (*house, error) {
	text, err := os.ReadFile(filepath.Join(dir, "policy"))
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir}
	if h.policy, err = verify.ParsePolicy(text); err != nil {
		return nil, err
	}
	if h.secret, err = keys.Open(filepath.Join(dir, "ledger.key"), nil); err != nil {
		return nil, err
	}
	key := h.policy.Logs[0].Key
	if h.store, err = store.Open(store.Config{Dir: filepath.Join(dir, "store"), Key: key}); err != nil {
		return nil, err
	}
	if h.guard, err = store.OpenGuard(store.GuardConfig{Dir: filepath.Join(dir, "guard"), Key: key}); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	return h, nil
}

// openHouse opens the ledger in dir as chirographd serve does, without the server.
func openHouse(dir string) (*house, error) {
	h, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	h.log, err = ledger.Open(ledger.Config{Store: h.store, Guard: h.guard, Sign: h.secret.Sign, Clock: time.Now, Policy: h.policy.Bytes()})
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// close ends the ledger as an ordinary shutdown does.
func (h *house) close() error {
	var err error
	if h.log != nil {
		err = h.log.Close()
	}
	return errors.Join(err, h.guard.Close(), h.store.Close())
}

// window is how many records wait for their answers at once: two batches, so that the
// sequencer never waits for the next one. The queue has twice that.
const window = 2 * ledger.DefaultBatch

// admit has a log register records: read and checked on all cores, in the order of the
// list as nearly as that allows. It returns when all are registered.
func admit(l *ledger.Log, list [][]byte, c checker) error {
	cores := runtime.GOMAXPROCS(0)
	errs := make([]error, cores)
	var next atomic.Int64
	var group sync.WaitGroup
	for core := range cores {
		group.Go(func() {
			waiting := make([]*ledger.Pending, 0, len(list))
			answered := 0
			answer := func() error {
				reg, err := waiting[answered].Wait(context.Background())
				if err == nil && !reg.New {
					err = fmt.Errorf("entry %d was there already", reg.Index)
				}
				waiting[answered] = nil
				answered++
				return err
			}
			for i := next.Add(1) - 1; i < int64(len(list)) && errs[core] == nil; i = next.Add(1) - 1 {
				r, err := c.open(list[i])
				if err == nil {
					var p *ledger.Pending
					if p, _, err = l.Submit(r); err == nil {
						waiting = append(waiting, p)
					}
				}
				if err == nil && len(waiting)-answered == window/cores {
					err = answer()
				}
				errs[core] = err
			}
			for answered < len(waiting) && errs[core] == nil {
				errs[core] = answer()
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// oursChild registers the records of a file in the ledger of a directory.
func oursChild(j job) (m metrics, err error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	c, err := newChecker(j.Check)
	if err != nil {
		return nil, err
	}
	h, err := openHouse(j.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if j.Profile != "" {
		f, err := os.Create(j.Profile)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, err
		}
		defer pprof.StopCPUProfile()
	}
	before, err := used()
	if err != nil {
		return nil, err
	}
	if err := admit(h.log, list, c); err != nil {
		return nil, err
	}
	after, err := used()
	if err != nil {
		return nil, err
	}
	if size := h.log.View().Size(); size != uint64(j.N) {
		return nil, fmt.Errorf("the log has %d entries after %d records", size, j.N)
	}
	return after.since(before, j.N), nil
}

// floorChild checks the signatures of the records of a file, and does nothing else.
func floorChild(j job) (metrics, error) {
	list, err := readRecords(j.Records, j.N)
	if err != nil {
		return nil, err
	}
	c, err := newChecker(j.Check)
	if err != nil {
		return nil, err
	}
	all, err := signatures(list)
	if err != nil {
		return nil, err
	}
	before, err := used()
	if err != nil {
		return nil, err
	}
	if err := eachCore(len(all), func(_, i int) error { return c.verify(all[i]) }); err != nil {
		return nil, err
	}
	after, err := used()
	return after.since(before, j.N), err
}
