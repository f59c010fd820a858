package objects_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// two returns two nodes on one bucket that has an empty log.
func two(t *testing.T) (w *world, one, other *node) {
	t.Helper()
	w = newWorld(objectstest.NewMemory(), 1)
	var nodes [2]*node
	for i := range nodes {
		n, err := w.node(nil, nil)
		must(t, err)
		t.Cleanup(func() { must(t, n.close()) })
		nodes[i] = n
	}
	must(t, nodes[0].register.Begin(context.Background(), empty, 0, objects.Open))
	return w, nodes[0], nodes[1]
}

func TestANodeThatIsFencedRegistersNothing(t *testing.T) {
	w, one, other := two(t)
	must(t, one.lead())
	must(t, one.append(pool()[0]))
	must(t, other.lead())
	must(t, other.append(pool()[1]))
	if err := one.append(pool()[2]); !errors.Is(err, objects.ErrFenced) || !errors.Is(err, ledger.ErrStopped) {
		t.Fatalf("a node that is fenced said %v", err)
	}
	ledgertest.CheckLog(t, other.log.View(), key)
	must(t, w.check(t, other))
}

// A head that was only peeked at has its batch no more, which would be lost.
func TestAHeadWithoutItsBatchIsNotTaken(t *testing.T) {
	w, one, other := two(t)
	must(t, one.lead())
	must(t, one.append(pool()[0]))
	history := w.memory.History(objects.HeadName)
	h, v, err := other.register.Peek(other.ctx)
	must(t, err)
	if h.Before() != 0 {
		t.Fatalf("the head has no batch: %+v", h)
	}
	shown, err := other.follow()
	must(t, err)
	must(t, other.store.Promote(shown))
	if _, err := other.register.Take(other.ctx, other.store, h, v, other.url, other.clock); err == nil {
		t.Error("it was taken")
	}
	if len(w.memory.History(objects.HeadName)) != len(history) {
		t.Error("the head was changed")
	}
	must(t, one.append(pool()[1]))
}

// What is in the way of a tile and is not the log's ends the leader, and every one after it.
func TestATileThatIsNotTheLogsHalts(t *testing.T) {
	for name, poison := range map[string][]byte{
		"tile/0/000.p/2":       make([]byte, 64),
		"tile/entries/000.p/2": make([]byte, 256*(2+1<<16)+1), // longer than any
		"tile/0/000.p/1":       {},
	} {
		t.Run(name, func(t *testing.T) {
			w, one, other := two(t)
			_, err := w.memory.Create(context.Background(), name, poison)
			must(t, err)
			must(t, one.lead())
			for i := 0; err == nil && i < 3; i++ {
				err = one.append(pool()[i])
			}
			if !errors.Is(err, objects.ErrDiffers) || !errors.Is(err, ledger.ErrStopped) {
				t.Fatalf("the leader said %v", err)
			}
			if !errors.Is(one.leader.Err(), objects.ErrDiffers) {
				t.Errorf("it ended with %v", one.leader.Err())
			}
			if err := other.lead(); !errors.Is(err, objects.ErrDiffers) {
				t.Errorf("the next one said %v", err)
			}
			shown, _, err := one.register.Published(context.Background())
			must(t, err)
			if uint64(len(w.acks)) != shown.Size {
				t.Errorf("%d are acknowledged, %d public", len(w.acks), shown.Size)
			}
		})
	}
}

// A leader that finds no way to the bucket tells nobody that a record failed: it waits, says
// what it is, and can be ended.
func TestALeaderWithoutItsBucketWaitsAndCanBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, one, other := two(t)
		must(t, one.lead())
		one.bucket.Partition(true)
		p, _, err := one.log.Submit(pool()[0])
		must(t, err)
		time.Sleep(time.Hour)
		select {
		case <-p.Done():
			t.Fatal("an answer, and nobody knows it")
		default:
		}
		if fate, err := one.log.Fate(t.Context(), pool()[0].ID(), pool()[0].Bytes()); fate != ledger.Unsure || err != nil {
			t.Errorf("its fate is %v, %v", fate, err)
		}
		if one.leader.Epoch() != 2 || one.leader.Frozen() || one.leader.Beat(0) != nil || one.leader.Err() != nil {
			t.Error("it is over before anybody said so")
		}
		ended := make(chan error, 1)
		go func() { ended <- one.log.Close() }()
		time.Sleep(time.Minute)
		one.leader.Close()
		if err := <-ended; err == nil {
			t.Error("the log ended well, with a record of which nobody knows")
		}
		if _, err := p.Wait(t.Context()); !errors.Is(err, ledger.ErrStopped) {
			t.Errorf("who waited was told %v", err)
		}
		must(t, other.lead())
		must(t, other.append(pool()[1]))
		must(t, w.check(t, other))
	})
}

// What is cut off finds out what it is when it is there again, and what it was about to
// register is where its successor has it, or nowhere.
func TestALeaderThatWasCutOffIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, one, other := two(t)
		must(t, one.lead())
		one.bucket.Partition(true)
		p, _, err := one.log.Submit(pool()[0])
		must(t, err)
		time.Sleep(time.Minute)
		must(t, other.lead())
		must(t, other.append(pool()[1]))
		one.bucket.Partition(false)
		if _, err := p.Wait(t.Context()); !errors.Is(err, objects.ErrFenced) || !errors.Is(err, ledger.ErrStopped) {
			t.Errorf("who waited was told %v", err)
		}
		<-one.leader.Failed()
		must(t, w.check(t, other))
	})
}
