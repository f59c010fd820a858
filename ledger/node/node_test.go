package node_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// other waits for a leader that is another.
func (w *world) other(not *server) (*server, time.Duration) {
	w.Helper()
	begun := time.Now()
	for {
		s, _ := w.leader()
		if s != not || time.Since(begun) > 10*after {
			return s, time.Since(begun)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// settle lets all nodes read what is public.
func settle() {
	time.Sleep(3 * poll)
	synctest.Wait()
}

func TestAnotherNodeTakesOverFromOneThatWasKilled(t *testing.T) {
	in(t, func(w *world) {
		for range 3 {
			w.node()
		}
		first, _ := w.leader()
		w.append(first, 5)
		settle()
		for _, s := range w.nodes {
			w.shows(s, 5)
			if err := s.Ready(); err != nil {
				t.Errorf("%s is not ready: %v", s.owner, err)
			}
			if url, epoch := s.Owner(); url != first.owner || epoch != 2 {
				t.Errorf("%s says that %s leads, of epoch %d", s.owner, url, epoch)
			}
		}
		first.kill()
		second, took := w.other(first)
		// The head was changed for the last time two beats before, or later.
		if took < after-after/2 || took > after+2*poll {
			t.Errorf("it took %s", took)
		}
		w.append(second, 5)
		settle()
		w.shows(second, 10)
		if err := first.Ready(); err == nil || first.Log() == nil {
			t.Errorf("a leader that reaches nobody is ready: %v", err)
		}
		if err := w.try(second, w.fake.Contract(nil)); err != nil {
			t.Error(err)
		}
		// The one that was cut off comes back, finds out, and follows.
		first.line.cut.Store(false)
		settle()
		if first.Log() != nil {
			t.Error("it still leads")
		}
		time.Sleep(time.Minute)
		w.shows(first, 11)
		if err := first.Ready(); err != nil {
			t.Error(err)
		}
		first.said("another node leads")
	})
}

func TestWhatTheHeadHasIsNotLost(t *testing.T) {
	for _, name := range []string{objects.CheckpointName, "tile/0/000.p/3"} {
		in(t, func(w *world) {
			one, two := w.node(), w.node()
			first, _ := w.leader()
			w.append(first, 2)
			settle()
			// It swaps the head, and gets no further.
			first.line.on(func(_, asked string) error {
				if asked == name {
					first.kill()
				}
				return nil
			})
			r := w.fake.Contract(nil)
			lost := make(chan error, 1)
			go func() { lost <- w.try(first, r) }()
			second, _ := w.other(first)
			if second != one && second != two {
				t.Fatal("somebody else leads")
			}
			w.shows(second, 3)
			if err := w.try(second, r); err != nil { // again, as whoever had no answer does
				t.Error(err)
			}
			first.line.on(nil)
			first.line.cut.Store(false)
			select {
			case err := <-lost:
				if err != nil && !errors.Is(err, ledger.ErrStopped) {
					t.Error(err)
				}
			case <-time.After(time.Minute):
				t.Error("it never had an answer")
			}
			time.Sleep(time.Minute)
			w.shows(first, 3)
			// And the one that was behind leads again, with what it committed itself.
			second.kill()
			if third, _ := w.other(second); third != first {
				t.Fatal("nobody else was there")
			}
			w.append(first, 1)
			w.shows(first, 4)
		})
	}
}

func TestANodeThatEndsHandsOverAtOnce(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		w.node()
		first, took := w.leader()
		if took > 2*poll {
			t.Errorf("a log that nobody has was taken after %s", took)
		}
		w.append(first, 3)
		first.stop()
		second, took := w.leader()
		if took > 2*poll+100*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		w.append(second, 1)
		w.shows(second, 4)
	})
}

// Both lead, as they believe, for as long as they like.
func TestOfTwoThatBelieveThatTheyLeadOneRegisters(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(3)
		first.line.stuck.Store(true)
		second, _ := w.other(first)
		w.append(second, 1)
		if first.Log() == nil {
			t.Fatal("the other knows already")
		}
		// Its next record comes while its head is not its own any more.
		r := w.fake.Contract(nil)
		answer := make(chan error, 1)
		go func() { answer <- w.try(first, r) }()
		first.line.stuck.Store(false)
		if err := <-answer; !errors.Is(err, ledger.ErrStopped) || !errors.Is(err, objects.ErrFenced) {
			t.Errorf("it was told %v", err)
		}
		w.append(second, 1)
		time.Sleep(time.Minute)
		w.shows(first, 5)
		w.shows(second, 5)
	})
}

func TestNoClockDecidesWhoLeads(t *testing.T) {
	in(t, func(w *world) {
		one, two := w.node(), w.node()
		first, _ := w.leader()
		for i := range 60 {
			time.Sleep(time.Second)
			one.skew.Store(int64(time.Hour) * int64(i%3-1))
			two.skew.Store(int64(time.Hour) * int64(i%2))
		}
		if s, _ := w.leader(); s != first || s.Taken() != 1 {
			t.Errorf("%s leads after %s, which took over %d times", s.owner, first.owner, s.Taken())
		}
	})
}

// That a bucket does not answer says nothing of who leads.
func TestSilenceOfTheBucketIsNoReason(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		first, _ := w.leader()
		second := w.node()
		settle()
		second.line.cut.Store(true)
		time.Sleep(10 * after)
		second.line.cut.Store(false)
		time.Sleep(after / 2)
		synctest.Wait()
		if second.Taken() != 0 || first.Log() == nil {
			t.Error("it took the log from one that works")
		}
		time.Sleep(2 * time.Minute)
		if s, _ := w.leader(); s != first {
			t.Error("it did so later")
		}
	})
}

func TestANewNodeJoins(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		first, _ := w.leader()
		w.fill(first, 1000)
		second := w.node()
		settle()
		w.shows(second, 1000)
		first.kill()
		if s, _ := w.other(first); s != second {
			t.Fatal("nobody else is there")
		}
		w.fill(second, 300)
		w.shows(second, 1300)
	})
}

// witnessedWorld makes a world with a witness.
func witnessedWorld(t *testing.T) (*world, *witnesstest.Witness) {
	t.Helper()
	time.Sleep(time.Until(time.Unix(ledgertest.Begin, 0).Add(time.Hour)))
	w := newWorld(t)
	seer, err := witnesstest.New("w.example", ledgertest.Home.Key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w.witnesses = witnesstest.Network{"w.example": seer}
	w.policy = "log " + ledgertest.Home.Key.String() + "\nwitness w " + seer.Key.String() + " http://w.example/\nquorum w\n"
	w.begin(objects.Open)
	return w, seer
}

func TestWitnessesAreAskedByWhoeverLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seer := witnessedWorld(t)
		defer w.end()
		first, _ := w.two(3)
		// One record is committed and not cosigned when its node goes.
		seer.SetAway(true)
		r := w.fake.Contract(nil)
		answer := make(chan error, 1)
		go func() { answer <- w.try(first, r) }()
		settle()
		w.shows(first, 3)
		first.kill()
		second, _ := w.other(first)
		w.shows(second, 3)
		seer.SetAway(false)
		time.Sleep(time.Minute)
		w.shows(second, 4)
		if err := w.try(second, r); err != nil {
			t.Error(err)
		}
		first.line.cut.Store(false)
		if err := <-answer; !errors.Is(err, ledger.ErrStopped) {
			t.Error(err)
		}
		time.Sleep(2 * time.Minute)
		w.shows(first, 4)
		second.kill()
		if third, _ := w.other(second); third != first {
			t.Fatal("the first does not lead again")
		}
		time.Sleep(time.Minute)
		w.append(first, 1)
		w.shows(first, 5)
	})
}
