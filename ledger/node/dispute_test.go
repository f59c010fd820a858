package node_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
)

// A leader is cut off from the bucket, and not from the witnesses, while it waits for them.
// Another takes over and goes on, which the witnesses prove to the first.
func TestANodeThatWasCutOffFromTheBucketAloneLeadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seer := witnessedWorld(t)
		defer w.end()
		first, _ := w.two(3)
		seer.SetAway(true)
		r := w.fake.Contract(nil)
		answer := make(chan error, 1)
		go func() { answer <- w.try(first, r) }()
		settle()
		first.kill()
		second, _ := w.other(first)
		seer.SetAway(false)
		for second.View().Size() < 4 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
		}
		w.append(second, 1)
		time.Sleep(2 * time.Minute)
		if first.Log() != nil {
			t.Error("it leads while nobody knows who does")
		}
		first.line.cut.Store(false)
		if err := <-answer; !errors.Is(err, ledger.ErrStopped) {
			t.Error(err)
		}
		time.Sleep(3 * time.Minute)
		w.shows(first, 5)
		if err := first.Ready(); err != nil {
			t.Errorf("not ready: %v\n%s", err, first.log)
		}
		second.kill()
		if third, _ := w.other(second); third != first {
			t.Fatal("the first does not lead again")
		}
	})
}

// As above, and nobody has led meanwhile: somebody has signed another tree as the ledger.
func TestAnotherTreeEndsLeadingForGoodOnceTheBucketSaysThatNobodyElseLed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seer := witnessedWorld(t)
		defer w.end()
		w.node()
		first, _ := w.leader()
		w.append(first, 3)
		settle()
		seer.SetAway(true)
		go func() { _ = w.try(first, w.fake.Contract(nil)) }()
		settle()
		first.kill()
		fork := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Size: 9, Root: tlog.Hash{1}}
		sig, err := ledgertest.Home.Sign(fork.Text())
		if err != nil {
			t.Fatal(err)
		}
		seer.Take(tlog.SignedCheckpoint{Checkpoint: fork, Note: note.Note{Text: fork.Text(), Signatures: []note.Signature{ledgertest.Home.Signature(sig)}}})
		seer.SetAway(false)
		time.Sleep(2 * time.Minute)
		first.said("the bucket does not say whether another node leads")
		if first.Log() != nil {
			t.Error("it leads while nobody knows who does")
		}
		first.line.cut.Store(false)
		time.Sleep(5 * after)
		synctest.Wait()
		first.said("DOES NOT LEAD AGAIN")
		if first.Log() != nil || first.Taken() != 1 || first.Ready() == nil {
			t.Errorf("it leads again, or is ready: %v", first.Ready())
		}
	})
}
