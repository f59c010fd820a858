package ledger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/witness"
)

// Law 2: words of the new witnesses weigh as at a start, which would not be; and the log
// goes on with those of before, who know it.
func TestNewWitnessesThatSayTheyHaveSeenMoreAreNotTaken(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.join(t, "w4.example")
		w.all[3].Claim(99)
		var conflict *witness.Conflict
		if _, err := w.reload(t, 4, 1, 2, 3, 4); !errors.As(err, &conflict) || conflict.Seen != nil || conflict.Claims[0].Witness.Name != "w4" {
			t.Fatal(err)
		}
		if len(w.log.Reports()) != 3 || w.log.Doubt() != nil {
			t.Error(w.log.Reports(), w.log.Doubt())
		}
		w.append(t, unchecked(t, 1))
		// Outvoted, as at a start.
		if _, err := w.reload(t, 3, 1, 2, 3, 4); err != nil {
			t.Fatal(err)
		}
		w.append(t, unchecked(t, 2))
	})
}

func TestANewWitnessThatProvesAnotherHistoryEndsTheLog(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.join(t, "w4.example")
		var tree tlog.Tree
		tree.Append(tlog.LeafHash([]byte("another")), nil)
		w.all[3].Take(sealed(t, tlog.Checkpoint{Origin: home.Name(), Size: 1, Root: tree.Root()}))
		var conflict *witness.Conflict
		_, err := w.reload(t, 4, 1, 2, 3, 4)
		if !errors.Is(err, ledger.ErrStopped) || !errors.As(err, &conflict) || conflict.Seen == nil {
			t.Fatal(err)
		}
		<-w.log.Done()
		if _, err := w.reload(t, 1, 1); !errors.Is(err, ledger.ErrStopped) || err != w.log.Err() {
			t.Errorf("a log that has stopped: %v", err)
		}
		if err := w.end(t); !errors.As(err, &conflict) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// Who says that he has seen more is not got rid of without a word.
func TestWhoIsAskedNoMoreIsToldOfWithWhatHeSaid(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.join(t, "w4.example")
		w.all[0].Claim(99)
		w.all[1].Claim(98)
		time.Sleep(time.Hour + time.Minute)
		if w.log.Doubt() == nil {
			t.Fatal("no doubt")
		}
		var conflict *witness.Conflict
		if _, err := w.reload(t, 2, 1, 2, 4); !errors.As(err, &conflict) || w.log.Doubt() == nil {
			t.Fatalf("they are needed still: %v, %v", err, w.log.Doubt())
		}
		unheard, err := w.reload(t, 2, 2, 3, 4)
		if err != nil || len(unheard) != 1 || unheard[0].Witness.Name != "w1" || unheard[0].Size != 99 {
			t.Fatal(unheard, err)
		}
		if err := w.log.Doubt(); err != nil {
			t.Error(err)
		}
		w.append(t, unchecked(t, 1))
	})
}

// A crash between what Keep does and the swap is a start by the new policy, and one before
// it a start by the old; what was public is, and goes on.
func TestAKillAtAnyStepOfAReloadIsAStart(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.join(t, "w4.example")
		before := w.quorum
		var killed []*witnessed
		policy := w.policyOf(3, 1, 2, 3, 4)
		_, err := w.reloadKeeping(t, policy, func() error {
			for range 2 { // by the old policy, and by the new one
				k := &witnessed{world: &world{fs: w.copyAll(t), sign: home.sign}, quorum: before, asked: true}
				for _, c := range w.all {
					k.all = append(k.all, c.Copy())
				}
				killed = append(killed, k)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		killed[0].all = killed[0].all[:3]
		killed[1].quorum = 3
		for i, k := range killed {
			k.start(t)
			if n := k.log.View().Size(); n != 1 {
				t.Errorf("start %d: size %d is public", i, n)
			}
			synctest.Wait()
			k.public(t, 1, len(k.all))
			k.append(t, unchecked(t, 1))
			if err := k.end(t); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestWhatCannotBeKeptIsNotDone(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		before, full := w.log.View().Policy(), errors.New("the disk is full")
		if _, err := w.reloadKeeping(t, w.policyOf(1, 1), func() error { return full }); !errors.Is(err, full) {
			t.Fatal(err)
		}
		if w.log.View().Policy() != before {
			t.Error("the policy is another")
		}
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		w.public(t, 2, 3)
	})
}

// From then on nothing is public without them, over a start too.
func TestALedgerWithoutWitnessesGetsSome(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.world.mustOpen(t)
		w.append(t, contract(t, 0))
		w.away(true, 0, 1)
		full := errors.New("the disk is full")
		if _, err := w.reload(t, 2, 1, 2, 3); !errors.Is(err, ledger.ErrNoQuorum) {
			t.Fatal(err)
		}
		w.append(t, contract(t, 1))
		w.away(false, 0, 1)
		if _, err := w.reloadKeeping(t, w.policyOf(2, 1, 2, 3), func() error { return full }); !errors.Is(err, full) {
			t.Fatal(err)
		}
		w.append(t, contract(t, 2))
		if w.store.Held() || w.log.View().Size() != 3 {
			t.Errorf("without witnesses %d entries are public", w.log.View().Size())
		}
		killed := &witnessed{quorum: 2, asked: true}
		if _, err := w.reloadKeeping(t, w.policyOf(2, 1, 2, 3), func() error {
			killed.world = &world{fs: w.copyAll(t), sign: home.sign}
			for _, c := range w.all {
				killed.all = append(killed.all, c.Copy())
				killed.all[len(killed.all)-1].SetAway(true)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.public(t, 3, 3)
		// What was public stays so over a kill between the file and the swap.
		killed.start(t)
		if v := killed.log.View(); v.Size() != 3 || !v.Begun() {
			t.Errorf("after a kill %d entries are public: %v", v.Size(), v.Begun())
		}
		if err := killed.end(t); err != nil {
			t.Error(err)
		}
		w.away(true, 0, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := w.log.Append(ctx, contract(t, 3)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		w.public(t, 3, 3)
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.asked = true
		w.start(t)
		w.public(t, 3, 3)
	})
}

// What a quorum of before had seen keeps no ledger from registering that asks for none.
func TestAQuorumOfNoneIsNotWaitedForAfterAReload(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		if _, err := w.reload(t, 0, 1); err != nil {
			t.Fatal(err)
		}
		w.away(true, 0)
		time.Sleep(5 * time.Hour)
		w.append(t, unchecked(t, 1))
	})
}
