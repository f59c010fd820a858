package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Whoever asks a View whether a record is there may bring the answer at any time later,
// and others under other signature lines meanwhile.
func TestNoInterleavingRegistersARecordTwice(t *testing.T) {
	const ids, tries, workers = 60, 12, 8
	w := &world{fs: vfs.NewMem(), clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	w.config.MaxBatch = 7
	if err := w.create(home.sign); err != nil {
		t.Fatal(err)
	}
	w.mustOpen(t)
	var forms [ids][2]*record.Record
	for n := range forms {
		forms[n] = [2]*record.Record{contract(t, uint64(n)), signed(t, draft(t, uint64(n)), carol, bob)}
	}
	type absent struct {
		id      int
		absence ledger.Absence
	}
	var news, index [ids]atomic.Int64
	var jobs []absent
	first := w.log.View()
	random := rand.New(rand.NewPCG(4, 0))
	for n := range ids {
		for range tries {
			// Half of them know of the empty log alone, however late they come.
			a := absent{id: n}
			if random.IntN(2) == 0 {
				var err error
				if a.absence, _, _, err = first.Absence(forms[n][0].ID()); err != nil {
					t.Fatal(err)
				}
			}
			jobs = append(jobs, a)
		}
	}
	random.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		random := rand.New(rand.NewPCG(4, uint64(worker+1)))
		group.Go(func() {
			for i := next.Add(1); i <= int64(len(jobs)); i = next.Add(1) {
				job := jobs[i-1]
				r := forms[job.id][random.IntN(2)]
				var reg ledger.Registration
				var err error
				if job.absence == (ledger.Absence{}) {
					reg, err = w.log.Append(context.Background(), r)
				} else {
					p, shared, failed := w.log.SubmitAbsent(r, job.absence)
					if err = failed; err == nil {
						reg, err = p.Wait(context.Background())
						reg.New = reg.New && !shared
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				if reg.New {
					news[job.id].Add(1)
				}
				if old := index[job.id].Swap(int64(reg.Index) + 1); old != 0 && old != int64(reg.Index)+1 {
					t.Errorf("record %d is entry %d, and entry %d", job.id, old-1, reg.Index)
				}
			}
		})
	}
	group.Wait()
	for n := range ids {
		if got := news[n].Load(); got != 1 {
			t.Errorf("record %d is new to %d of %d", n, got, tries)
		}
	}
	if size := w.log.View().Size(); size != ids {
		t.Errorf("%d records make %d entries", ids, size)
	}
	checkLog(t, w.log.View())
	w.close(t)
}

func TestTheReceiptOfANewRecordIsTheOneThatIsReadBack(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	var records []*record.Record
	for n := range uint64(20) {
		records = append(records, contract(t, n))
	}
	for i, reg := range w.append(t, records...) {
		got, err := reg.Receipt()
		if err != nil {
			t.Fatal(err)
		}
		want, err := reg.View.Receipt(reg.Index)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("record %d: %v\n%s\n%s", i, err, got, want)
		}
		checkReceipt(t, reg.View, reg.Index)
		// Of one that was there its receipt is read.
		again, err := w.log.Append(t.Context(), signed(t, draft(t, uint64(i)), carol, bob))
		if err != nil || again.New {
			t.Fatalf("record %d once more: %+v, %v", i, again, err)
		}
		if got, err = again.Receipt(); err != nil || !bytes.Contains(got, []byte("index ")) {
			t.Fatal(err)
		}
		if want, err = again.View.Receipt(again.Index); err != nil || !bytes.Equal(got, want) {
			t.Errorf("record %d once more: %v\n%s\n%s", i, err, got, want)
		}
	}
	w.close(t)
}

// What is in memory is not believed either: the tree is what was signed.
func TestARegistrationOfAnotherPlaceHasNoReceipt(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	regs := w.append(t, contract(t, 0), contract(t, 1))
	for _, change := range []func(r *ledger.Registration){
		func(r *ledger.Registration) { r.Index = 1 - r.Index },
		func(r *ledger.Registration) { r.Registered++ },
		func(r *ledger.Registration) { r.Index = 2 },
	} {
		reg := regs[0]
		change(&reg)
		if b, err := reg.Receipt(); err == nil || errors.Is(err, ledger.ErrNoQuorum) {
			t.Errorf("entry %d at %d: %v\n%s", reg.Index, reg.Registered, err, b)
		}
	}
	w.close(t)
}
