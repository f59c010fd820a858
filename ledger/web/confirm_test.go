package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A doubted is a storage that another may have a part in.
type doubted struct {
	*store.Store
	confirm atomic.Pointer[func() error]
}

func (s *doubted) Commit(b *store.Batch, sign func() (tlog.SignedCheckpoint, error)) error {
	c, err := sign()
	if err != nil {
		return errors.Join(err, b.Close())
	}
	return b.Commit(c)
}

func (s *doubted) Confirm(context.Context) error { return (*s.confirm.Load())() }

func newDoubted(t *testing.T, confirm func() error) (*world, *doubted) {
	s := new(doubted)
	s.confirm.Store(&confirm)
	return newWorld(t, func(cfg *ledger.Config) {
		s.Store = cfg.Store
		cfg.Storage = s
	}, "ledger", vfs.NewMem()), s
}

// forged returns a record whose text was changed after it was signed.
func forged(n uint64) []byte {
	return bytes.Replace(contract(n).Bytes(), []byte("terms.txt"), []byte("terms.doc"), 1)
}

// Of a ledger that does not know whether another has registered what it lacks, no record is
// refused, and none is called not taken.
func TestWhatNothingConfirmsIsNoFinalWord(t *testing.T) {
	w, s := newDoubted(t, func() error { return errors.New("the reason is not for the caller") })
	const ask = "does not confirm what the ledger would say; a record that was sent may be registered all the same: ask for it by its id"
	few, bent := sealed(draft(1, nil), maker), forged(2)
	for _, b := range [][]byte{few.Bytes(), bent} {
		wantProblem(t, w.post(b), 503, "", ask)
	}
	for _, l := range w.all(t, one, "", few.Bytes(), bent) {
		if wantLine(t, l, 503, "", ask); l.Type != "about:blank" {
			t.Errorf("%+v", l)
		}
	}
	leave := fill(t, w.h.submitters)
	wantProblem(t, w.post(contract(3).Bytes()), 503, "", "as many records at hand as it can take; a record that was sent may be registered all the same")
	sure := func() error { return nil }
	s.confirm.Store(&sure)
	wantProblemOf(t, notTaken, w.post(contract(3).Bytes()), 503, "", "not taken, send it again later")
	leave()
	wantProblem(t, w.post(few.Bytes()), 422, string(rules.Quorum), "")
	wantProblem(t, w.post(bent), 422, string(rules.Signed), "")
	if lines := w.lines.String(); lines != "" {
		t.Errorf("log: %s", lines)
	}
}

// Who waits for a confirmation keeps nobody from having signatures checked.
func TestNobodyWaitsForAConfirmationAtTheGate(t *testing.T) {
	asked, goOn := make(chan struct{}, 16), make(chan struct{})
	w, _ := newDoubted(t, func() error {
		asked <- struct{}{}
		<-goOn
		return nil
	})
	var wait sync.WaitGroup
	const many = 5 // more than check signatures at once
	for i := range many {
		wait.Go(func() { wantProblem(t, w.post(forged(uint64(10+i))), 422, string(rules.Signed), "") })
	}
	streamed := make(chan []line, 1)
	go func() { streamed <- w.all(t, one, "", forged(20)) }()
	for range many + 1 {
		<-asked
	}
	c := contract(1)
	if resp := w.post(c.Bytes()); resp.StatusCode != http.StatusCreated {
		t.Errorf("status %d", resp.StatusCode)
	}
	close(goOn)
	wait.Wait()
	for _, l := range <-streamed {
		wantLine(t, l, 422, string(rules.Signed), "")
	}
	if _, ok, err := w.log.View().Index(c.ID()); err != nil || !ok {
		t.Errorf("it is not there: %v", err)
	}
}

// What a stream has in flight shares a confirmation, and what is valid behind it does not wait.
func TestARecordOfAStreamDoesNotWaitForTheConfirmationOfThoseBeforeIt(t *testing.T) {
	const many, look = 400, time.Minute
	for name, room := range map[string]func() error{"faulty lines": nil, "no room": func() error { return &RoomError{"store", 1, 2} }} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := newDoubted(t, func() error { time.Sleep(look); return nil })
				w.h.cfg.Room = room
				list := make([][]byte, many)
				for i := range list {
					list[i] = forged(uint64(10 + i))
				}
				c := contract(1)
				begun := time.Now()
				s := w.stream(t, one, "")
				go func() {
					s.send(append(list, c.Bytes())...)
					s.end()
				}()
				synctest.Wait() // the first is being confirmed
				if _, ok, err := w.log.View().Index(c.ID()); err != nil || ok != (room == nil) {
					t.Errorf("the valid one is there: %t, %v", ok, err)
				}
				lines := s.rest()
				if took := time.Since(begun); len(lines) != many+1 || took > 2*look {
					t.Errorf("%d answers after %s, in which %d confirmations are", len(lines), took, took/look)
				}
				for _, l := range lines[:many] {
					if room == nil {
						wantLine(t, l, 422, string(rules.Signed), "")
					} else if wantLine(t, l, 503, "", ""); l.Type != notTaken {
						t.Errorf("%+v", l)
					}
				}
			})
		})
	}
}
