package web

import (
	"errors"
	"time"

	"github.com/chirograph/chirograph/ledger"
)

// place takes a place for a record, and waits for one as long as the stream has others;
// where others at its address do, for as long as those may wait to be public.
func (s *stream) place(o *own) error {
	err := o.take(s.q.from, 1, ledger.ErrBusy)
	var late <-chan time.Time
	for err != nil {
		changed := o.change()
		own := o.holding.Load() > 0
		if err = o.take(s.q.from, 1, ledger.ErrBusy); err == nil {
			break
		}
		if !own && (s.impatient || !errors.Is(err, errCrowd)) {
			return err
		}
		if !own && late == nil {
			timer := time.NewTimer(publishWait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-changed:
		case <-late:
			s.impatient = true
			return err
		case <-s.q.Context().Done():
			return s.q.Context().Err()
		}
	}
	s.impatient = false
	o.holding.Add(1)
	return nil
}

// turn waits for a turn at the gate, also where its address has as many requests there as
// it may: as long as records may wait to be public, once, and not again before there was one.
func (s *stream) turn() error {
	gate := s.h.gate
	err := gate.enter(s.q.Context(), s.q.from)
	var late <-chan time.Time
	for err != nil {
		changed := gate.places.change()
		if err = gate.enter(s.q.Context(), s.q.from); err == nil {
			break
		}
		if !errors.Is(err, errCrowd) || s.crowded.Load() {
			return err
		}
		if late == nil {
			timer := time.NewTimer(publishWait)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-changed:
		case <-late:
			s.crowded.Store(true)
			return err
		case <-s.q.Context().Done():
			return s.q.Context().Err()
		}
	}
	s.crowded.Store(false)
	return nil
}
