package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// cutOff returns a leader whose requests get no answer for five minutes, and the node that has
// taken over and registered a contract meanwhile.
func (w *world) cutOff() (was, leads *server, c *record.Record) {
	w.Helper()
	w.node()
	w.node()
	was, _ = w.leader()
	w.append(was, 3)
	settle()
	was.line.stuck.Store(true)
	leads, _ = w.other(was)
	c = w.fake.Contract(nil)
	if err := w.try(leads, c); err != nil {
		w.Fatal(err)
	}
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	return was, leads, c
}

// refuses has a leader that is cut off asked what it may not answer by what it has: the other has
// registered the contract, so that a statement under it is admitted, and whatever the lines of
// the contract are, it is known.
func (w *world) refuses() {
	w.Helper()
	was, leads, c := w.cutOff()
	log := was.Log()
	if log == nil {
		w.Fatal("it knows by now")
	}
	_, err := record.Open(c.Bytes(), func(note.PublicKey, []byte, []byte) bool { return false })
	var fault *record.SignatureError
	if !errors.As(err, &fault) {
		w.Fatal(err)
	}
	under := w.fake.Under(record.Statement, c, nil, ledgertest.Maker)
	words := map[string]func() error{
		"a statement under what the other has": func() error {
			ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
			defer cancel()
			_, err := log.Append(ctx, under)
			return err
		},
		"the other's record with faulty lines": func() error { return log.Refuse(w.Context(), fault) },
	}
	for round := range 3 {
		for name, ask := range words {
			begun := time.Now()
			err := ask()
			var refusal *rules.Refusal
			if !errors.Is(err, ledger.ErrUnconfirmed) || errors.As(err, &refusal) {
				w.Errorf("%s: %v", name, err)
			}
			if took := time.Since(begun); took > 10*time.Second || round > 0 && took != 0 {
				w.Errorf("%s: it was answered after %s", name, took)
			}
		}
	}
	// It finds out what it is, and says no more than that.
	was.line.stuck.Store(false)
	for name, ask := range words {
		if err := ask(); !errors.Is(err, ledger.ErrUnconfirmed) && !errors.Is(err, ledger.ErrStopped) {
			w.Errorf("%s, when the bucket answers: %v", name, err)
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	if was.Log() != nil {
		w.Error("it leads still")
	}
	if err := w.try(leads, under); err != nil {
		w.Error(err)
	}
	var refusal *rules.Refusal
	if err := leads.Log().Refuse(w.Context(), fault); !errors.As(err, &refusal) || refusal.Rule != rules.Once {
		w.Error(err)
	}
}

func TestALeaderThatIsCutOffRefusesNothing(t *testing.T) {
	in(t, (*world).refuses)
}

func TestALeaderThatIsCutOffFromBucketButNotWitnessesRefusesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := witnessedWorld(t)
		defer w.end()
		w.refuses()
	})
}

// That a record is not there, or stands in line, would be true of this node's store alone.
func TestALeaderThatIsCutOffKnowsNoFate(t *testing.T) {
	in(t, func(w *world) {
		was, _, c := w.cutOff()
		log := was.Log()
		demand := func(step string, r *record.Record) {
			w.Helper()
			if fate, err := log.Fate(w.Context(), r.ID(), r.Bytes()); fate != ledger.Unsure || err != nil {
				w.Errorf("%s its fate is %v, %v", step, fate, err)
			}
		}
		demand("before it was sent", c)
		done := make(chan error, 1)
		go func() { done <- w.try(was, w.fake.Contract(nil)) }() // holds up the line
		synctest.Wait()
		if _, _, err := log.Submit(c); err != nil {
			w.Fatal(err)
		}
		demand("in line", c)
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if fate, err := log.Fate(ctx, c.ID(), c.Bytes()); fate != ledger.Unsure || err != nil {
			w.Errorf("%v, %v", fate, err)
		}
		was.line.stuck.Store(false)
		if err := <-done; !errors.Is(err, ledger.ErrStopped) || !errors.Is(err, objects.ErrFenced) {
			w.Error(err)
		}
		demand("at the end", c)
	})
}

// A node whose head nobody has taken has a final word, between its beats and while they go on.
func TestALeaderRefusesAndKnowsFates(t *testing.T) {
	in(t, func(w *world) {
		w.node()
		s, _ := w.leader()
		w.append(s, 1)
		under := w.fake.Under(record.Statement, w.fake.Contract(nil), nil, ledgertest.Maker)
		for range 200 {
			var refusal *rules.Refusal
			if err := w.try(s, under); !errors.As(err, &refusal) || refusal.Rule != rules.Refers {
				w.Fatal(err)
			}
			if fate, err := s.Log().Fate(w.Context(), under.ID(), under.Bytes()); fate != ledger.Absent || err != nil {
				w.Fatalf("its fate is %v, %v", fate, err)
			}
			time.Sleep(time.Second / 9)
		}
	})
}
