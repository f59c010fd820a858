package node_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/mldsa"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
)

const (
	maxBack = 32 // times after
	hour    = int64(time.Hour)
)

// epoch returns how many have led, by the head.
func (w *world) epoch() uint64 {
	w.Helper()
	h, _, err := w.register(w.bucket).Peek(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return h.Epoch
}

// saidTimes demands how often a node has said something.
func (s *server) saidTimes(what string, n int) {
	s.w.Helper()
	if got := strings.Count(s.log.String(), what); got != n {
		s.w.Errorf("%s said %q %d times, not %d:\n%s", s.owner, what, got, n, s.log)
	}
}

// leads demands that nobody leads, or nobody but one.
func (w *world) leads(only *server) {
	w.Helper()
	synctest.Wait()
	for _, s := range w.nodes {
		if (s.Log() != nil) != (s == only) {
			w.Errorf("%s leads: %t", s.owner, s.Log() != nil)
		}
	}
}

// faults are what keeps a node from registering anything, as it knows of itself.
var faults = map[string]func(s *server, begins bool){
	"clock": func(s *server, begins bool) { s.skew.Store(map[bool]int64{true: -hour}[begins]) },
	"key":   func(s *server, begins bool) { s.gone.Store(begins) },
}

func TestALeaderThatRegistersNothingResigns(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				first, _ := w.two(1)
				fault(first, true)
				time.Sleep(after / 2)
				w.leads(first) // a moment is none
				second, took := w.other(first)
				if second == first || took > after/2+6*poll || w.epoch() != 3 {
					t.Fatalf("%s leads after %s, of epoch %d", second.owner, took, w.epoch())
				}
				w.append(second, 1)
				settle()
				w.shows(first, 2)
				first.saidTimes("this node registers nothing", 1)
				if err := first.Ready(); err != nil {
					t.Error(err)
				}
				// And when the other goes, it knows whether it may.
				second.stop()
				time.Sleep(10 * after)
				w.leads(nil)
				if err := first.Ready(); err == nil || !strings.Contains(err.Error(), "no node leads") {
					t.Errorf("it is ready: %v", err)
				}
				fault(first, false)
				if s, took := w.leader(); s != first || took > 2*poll {
					t.Errorf("it took %s", took)
				}
				w.append(first, 1)
				first.saidTimes("this node does not take the log", 1)
			})
		})
	}
}

func TestAFaultOfAMomentMovesNoLeadership(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				first, _ := w.two(1)
				for range 20 {
					fault(first, true)
					time.Sleep(after - 2*poll)
					fault(first, false)
					time.Sleep(2 * poll)
				}
				w.leads(first)
				if w.epoch() != 2 {
					t.Errorf("epoch %d", w.epoch())
				}
			})
		})
	}
}

// Nobody leads until somebody may, and no epoch is used up meanwhile.
func TestNodesThatAllHaveAFaultTakeNoTurns(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				for range 3 {
					w.node()
				}
				first, _ := w.leader()
				w.append(first, 1)
				settle()
				for _, s := range w.nodes {
					fault(s, true)
				}
				time.Sleep(10 * time.Minute)
				w.leads(nil)
				if w.epoch() != 2 {
					t.Errorf("epoch %d", w.epoch())
				}
				for _, s := range w.nodes {
					s.saidTimes("this node does not take the log", 1)
					if err := s.Ready(); err == nil {
						t.Errorf("%s is ready", s.owner)
					}
					fault(s, false)
				}
				s, took := w.leader()
				if took > 3*poll {
					t.Errorf("it took %s", took)
				}
				w.append(s, 1)
				settle()
				for _, s := range w.nodes {
					if err := s.Ready(); err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// So it is where the last entry is old, and witnesses have seen since that none came after it.
func TestNodesThatAreBehindTheWitnessesTakeNoTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := witnessedWorld(t)
		defer w.end()
		first, _ := w.two(1)
		time.Sleep(150 * time.Minute)
		for _, s := range w.nodes {
			s.skew.Store(-2 * hour)
		}
		time.Sleep(30 * time.Minute)
		w.leads(nil)
		if w.epoch() != 2 {
			t.Errorf("epoch %d", w.epoch())
		}
		first.saidTimes("this node registers nothing", 1)
		for _, s := range w.nodes {
			s.saidTimes("this node does not take the log", 1)
			if err := s.Ready(); err == nil {
				t.Errorf("%s is ready", s.owner)
			}
		}
		for _, s := range w.nodes {
			s.skew.Store(0)
		}
		s, took := w.leader()
		if took > 3*poll {
			t.Errorf("it took %s", took)
		}
		w.append(s, 1)
		settle()
		w.shows(s, 2)
	})
}

// The last time of the log may be what is wrong. Then all wait until it has come.
func TestALogOfAnHourThatHasNotComeIsLedWhenItHas(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		ahead, _ := w.leader()
		ahead.skew.Store(hour)
		w.append(ahead, 1)
		w.node()
		w.node()
		settle()
		ahead.stop()
		begun := time.Now()
		time.Sleep(50 * time.Minute)
		w.leads(nil)
		time.Sleep(6 * time.Minute)
		s, _ := w.leader()
		w.append(s, 1)
		if took := time.Since(begun); w.epoch() != 3 {
			t.Errorf("after %s the epoch is %d", took, w.epoch())
		}
	})
}

// What is committed by a clock that is ahead, and not public, is finished all the same; then
// there is nothing to lead for.
func TestANodeThatIsBehindFinishesWhatIsCommitted(t *testing.T) {
	in(t, func(w *world) {
		one, two := w.node(), w.node()
		ahead, _ := w.leader()
		w.append(ahead, 1)
		settle()
		ahead.skew.Store(hour)
		ahead.line.on(func(_, asked string) error {
			if asked == objects.CheckpointName {
				ahead.kill()
			}
			return nil
		})
		go func() { _ = w.try(ahead, w.fake.Contract(nil)) }()
		other := one
		if ahead == one {
			other = two
		}
		time.Sleep(2 * after)
		synctest.Wait()
		w.shows(other, 2)
		time.Sleep(20 * time.Minute)
		if other.Log() != nil || w.epoch() != 3 {
			t.Errorf("it leads, or the epoch is %d", w.epoch())
		}
	})
}

// An agent that has the key and does not sign shows it when a record comes.
func TestALeaderThatDoesNotSignIsOvertaken(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(1)
		first.mute.Store(true)
		answer := make(chan error, 1)
		go func() { answer <- w.try(first, w.fake.Contract(nil)) }()
		time.Sleep(after / 2)
		synctest.Wait()
		if err := first.Ready(); !errors.Is(err, ledger.ErrUnsigned) {
			t.Errorf("it is ready: %v", err)
		}
		second, took := w.other(first)
		if took > after+2*poll {
			t.Errorf("it took %s", took)
		}
		if err := <-answer; !errors.Is(err, ledger.ErrStopped) || !errors.Is(err, objects.ErrFenced) {
			t.Error(err)
		}
		w.append(second, 1)
		settle()
		w.shows(first, 3)
		first.saidTimes("cannot sign what it committed", 1)
		first.saidTimes("this node stands back", 1)
	})
}

// So is one of which no write is answered, whatever it has failed before.
func TestALeaderThatHangsIsOvertakenAndStandsBack(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(1)
		first.slow(2 * after)
		go func() { _ = w.try(first, w.fake.Contract(nil)) }()
		second, _ := w.other(first)
		time.Sleep(5 * after)
		w.append(second, 1)
		w.leads(second)
		first.saidTimes("this node stands back", 1)
		first.saidTimes("does not take what this node puts", 0)
	})
}

// With an agent that goes in the middle of a batch there is nobody to hand over to.
func TestANodeAloneLeadsAgainWhenItsAgentIsBack(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		w.append(first, 1)
		first.gone.Store(true)
		go func() { _ = w.try(first, w.fake.Contract(nil)) }()
		time.Sleep(10 * time.Minute)
		w.leads(nil)
		first.gone.Store(false)
		if _, took := w.leader(); took > 3*poll {
			t.Errorf("it took %s:\n%s", took, first.log)
		}
		w.append(first, 1)
		w.shows(first, 3)
	})
}

// A key is tried before a node leads, and then nothing of it is committed.
func TestANodeThatTookTheLogAndDoesNotSignDoesNotSayThatItLeads(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		w.append(first, 1)
		s := w.node()
		settle()
		s.mute.Store(true)
		first.stop()
		settle()
		w.leads(nil)
		s.saidTimes("this node took the log and cannot sign", 1)
		s.saidTimes("this node leads", 0)
		s.mute.Store(false)
		w.leader()
		s.said("this node signs again")
		w.append(s, 1)
	})
}

// An agent that did not sign once is asked again, and the record has its answer.
func TestASignatureThatIsLateMovesNoLeadership(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(1)
		first.mute.Store(true)
		asked := first.asked.Load()
		time.AfterFunc(after/2, func() { first.mute.Store(false) })
		w.append(first, 1)
		if n := first.asked.Load() - asked; n < 2 || n > 10 {
			t.Errorf("it was asked %d times", n)
		}
		time.Sleep(2 * after)
		w.leads(first)
		if w.epoch() != 2 {
			t.Errorf("epoch %d", w.epoch())
		}
		first.said("this node signs again")
	})
}

// Nodes of which none signs, or may put anything, take turns, and fewer the longer it lasts; and
// none of them gives the log up to nobody.
func TestNodesThatFailInTurnsStandBack(t *testing.T) {
	for name, fault := range map[string]func(s *server){
		"signature": func(s *server) { s.mute.Store(true) },
		"tiles":     func(s *server) { s.refuses("403 QuotaExceeded") },
		"hangs": func(s *server) {
			s.line.on(func(op, name string) error {
				if name == objects.CheckpointName && (op == "create" || op == "swap") {
					time.Sleep(after)
					return errors.New("no answer")
				}
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(w *world) {
				first, _ := w.two(1)
				for _, s := range w.nodes {
					fault(s)
				}
				go func() { _ = w.try(first, w.fake.Contract(nil)) }()
				time.Sleep(8 * maxBack * after)
				begun := w.epoch()
				const times = 4
				time.Sleep(times * maxBack * after)
				// Each has its turn within the longest pause, and no more than that.
				if n := w.epoch() - begun; n > uint64(len(w.nodes))*(times+1) || n < times {
					t.Errorf("the log was taken %d times in %d times the longest pause", n, times)
				}
				if begun < 8 {
					t.Errorf("it was taken %d times at first", begun)
				}
				for _, s := range w.nodes {
					s.mute.Store(false)
					s.line.on(nil)
				}
				s, took := w.leader()
				if took > 3*after { // one that hangs is waited for
					t.Errorf("it took %s", took)
				}
				w.append(s, 1)
				w.shows(s, 3)
			})
		})
	}
}

// A log that is frozen takes no record whatever the time is.
func TestAFrozenLogIsLedByWhoeverIsBehind(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		ahead, _ := w.leader()
		ahead.skew.Store(hour)
		w.append(ahead, 1)
		ahead.stop()
		if _, err := w.register(w.bucket).Freeze(w.Context()); err != nil {
			t.Fatal(err)
		}
		s := w.node()
		w.leader()
		time.Sleep(5 * after)
		w.leads(s)
		if err := w.try(s, w.fake.Contract(nil)); !errors.Is(err, ledger.ErrFrozen) {
			t.Error(err)
		}
	})
}

// An agent that is restarted again and again, for longer than a moment, by nodes that register nothing.
func TestAnAgentThatComesAndGoesUsesUpFewEpochs(t *testing.T) {
	in(t, func(w *world) {
		s := w.node()
		w.leader()
		const hours = 1
		for range hours * 60 {
			s.gone.Store(true)
			time.Sleep(2 * after)
			s.gone.Store(false)
			time.Sleep(time.Minute - 2*after)
		}
		if n := w.epoch(); n < 8 || n > 30 {
			t.Errorf("after %d hours the epoch is %d", hours, n)
		}
		w.leader()
		w.append(s, 1)
	})
}

// The second key is a file, of which a fault is none of a moment.
func TestALeaderWhoseSecondKeyDoesNotSignStandsBack(t *testing.T) {
	seed := sha256.Sum256([]byte("second key"))
	secret, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewMLDSA44Key(ledgertest.Home.Key.Name(), secret.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	in(t, func(w *world) {
		w.second = &ledger.Cosigner{Key: key, Sign: func(m []byte) ([]byte, error) { return secret.SignDeterministic(m, nil) }}
		first, _ := w.two(1)
		for _, s := range w.nodes {
			s.halved.Store(true)
		}
		if err := w.try(first, w.fake.Contract(nil)); !errors.Is(err, ledger.ErrStopped) || !errors.Is(err, ledger.ErrUnsigned) {
			t.Error(err)
		}
		time.Sleep(time.Hour / 2)
		if n := w.epoch(); n > 3+2*(6+6) { // each doubles six times, and has a turn each five minutes
			t.Errorf("the epoch is %d", n)
		}
		for _, s := range w.nodes {
			s.halved.Store(false)
		}
		time.Sleep((maxBack + 2) * after)
		s, _ := w.leader()
		w.append(s, 1)
		w.shows(s, 3)
	})
}

// Who lost the head for another reason has no fault, and goes on.
func TestALeaderThatIsFencedWhileItWorksDoesNotStandBack(t *testing.T) {
	in(t, func(w *world) {
		s := w.node()
		w.leader()
		w.append(s, 1)
		if _, err := w.register(w.bucket).Freeze(w.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * poll)
		w.leads(s)
		if w.epoch() != 4 {
			t.Errorf("epoch %d", w.epoch())
		}
		s.saidTimes("this node stands back", 0)
	})
}

// What was a fault for a while is none for ever.
func TestAFaultOfLongAgoIsForgotten(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(1)
		// fails has the first one take over, and not get so far as to lead.
		fails := func(leads *server) (second *server) {
			first.mute.Store(true)
			leads.line.cut.Store(true)
			time.Sleep(3 * after)
			leads.line.cut.Store(false)
			second, _ = w.other(first)
			time.Sleep(2 * maxBack * after)
			return second
		}
		go func() { _ = w.try(first, w.fake.Contract(nil)) }()
		first.mute.Store(true)
		second, _ := w.other(first)
		time.Sleep(2 * maxBack * after)
		for range 3 {
			second = fails(second)
		}
		if strings.Count(first.log.String(), "for=10s") != 4 {
			t.Errorf("it stood back:\n%s", first.log)
		}
	})
}

// Who registers something begins anew too.
func TestAFaultIsForgotten(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(1)
		for range 3 {
			first.mute.Store(true)
			go func() { _ = w.try(first, w.fake.Contract(nil)) }()
			second, _ := w.other(first)
			first.mute.Store(false)
			w.append(second, 1)
			time.Sleep(5 * after)
			second.line.cut.Store(true)
			if s, took := w.other(second); s != first || took > after+2*poll {
				t.Fatalf("%s leads after %s", s.owner, took)
			}
			w.append(first, 1)
			second.line.cut.Store(false)
			time.Sleep(5 * after)
		}
		first.saidTimes("for=10s", 3)
	})
}
