package ledger_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// A doubted is a storage that another may have a part in.
type doubted struct {
	*store.Store
	asked atomic.Int64
	err   atomic.Pointer[error] // of Confirm
}

func (s *doubted) Commit(b *store.Batch, sign func() (tlog.SignedCheckpoint, error)) error {
	c, err := sign()
	if err != nil {
		return errors.Join(err, b.Close())
	}
	return b.Commit(c)
}

func (s *doubted) Confirm(context.Context) error {
	s.asked.Add(1)
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}

// newDoubted returns a ledger over such a storage.
func newDoubted(t *testing.T) (*world, *doubted) {
	t.Helper()
	w := newWorld(t, vfs.NewMem())
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	s := &doubted{Store: w.store}
	var err error
	w.log, err = ledger.Open(ledger.Config{
		Store: w.store, Storage: s, Guard: w.guard, Clock: w.clock.now, Policy: policy,
		Sign: func(message []byte) ([]byte, error) { return w.sign(message) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

// doubts sets whether nobody answers.
func (s *doubted) doubts(err error) {
	if s.err.Store(&err); err == nil {
		s.err.Store(nil)
	}
}

func TestARefusalIsToldWhenTheStorageHasConfirmedIt(t *testing.T) {
	w, s := newDoubted(t)
	defer w.close(t)
	w.append(t, contract(t, 0))
	_, err := record.Open(contract(t, 1).Bytes(), neverVerifies)
	var fault *record.SignatureError
	if !errors.As(err, &fault) {
		t.Fatal(err)
	}
	words := map[string]func() error{
		"a record that is not signed enough": func() error {
			_, err := w.log.Append(t.Context(), signed(t, draft(t, 1), alice))
			return err
		},
		"a faulty line": func() error { return w.log.Refuse(t.Context(), fault) },
	}
	for name, ask := range words {
		var refusal *rules.Refusal
		before := s.asked.Load()
		s.doubts(context.DeadlineExceeded)
		if err := ask(); !errors.Is(err, ledger.ErrUnconfirmed) || errors.As(err, &refusal) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, and nobody answers: %v", name, err)
		}
		s.doubts(nil)
		if err := ask(); !errors.As(err, &refusal) {
			t.Errorf("%s: %v", name, err)
		}
		if asked := s.asked.Load() - before; asked != 2 {
			t.Errorf("%s: the storage was asked %d times", name, asked)
		}
	}
	// What is registered rests on nothing that could be another's.
	s.doubts(errors.New("nobody answers"))
	before := s.asked.Load()
	if _, err := record.Open(contract(t, 0).Bytes(), neverVerifies); !errors.As(err, &fault) {
		t.Fatal(err)
	}
	var refusal *rules.Refusal
	if err := w.log.Refuse(t.Context(), fault); !errors.As(err, &refusal) || refusal.Rule != rules.Once {
		t.Error(err)
	}
	if reg, err := w.log.Append(t.Context(), contract(t, 0)); err != nil || reg.New {
		t.Errorf("%+v, %v", reg, err)
	}
	w.append(t, contract(t, 1))
	if s.asked.Load() != before {
		t.Errorf("the storage was asked %d times", s.asked.Load()-before)
	}
}

// A flood of what is refused is a question for each batch, and none where the batch is
// committed for others.
func TestTheRefusalsOfABatchShareOneConfirmation(t *testing.T) {
	w, s := newDoubted(t)
	defer w.close(t)
	together := func(records ...*record.Record) (errs []error) {
		t.Helper()
		var first sync.Once
		begun, goOn := make(chan struct{}), make(chan struct{})
		w.sign = func(m []byte) ([]byte, error) {
			first.Do(func() { close(begun); <-goOn })
			return home.sign(m)
		}
		list := make([]*ledger.Pending, len(records))
		for i, r := range records {
			var err error
			if list[i], _, err = w.log.Submit(r); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				<-begun
			}
		}
		close(goOn)
		for _, p := range list {
			_, err := p.Wait(t.Context())
			errs = append(errs, err)
		}
		return errs
	}
	refused := make([]*record.Record, 20)
	for i := range refused {
		refused[i] = signed(t, draft(t, uint64(100+i)), alice)
	}
	demand := func(errs []error, asked int64) {
		t.Helper()
		for _, err := range errs {
			var refusal *rules.Refusal
			if !errors.As(err, &refusal) || refusal.Rule != rules.Quorum {
				t.Errorf("it was answered %v", err)
			}
		}
		if s.asked.Load() != asked {
			t.Errorf("the storage was asked %d times, not %d", s.asked.Load(), asked)
		}
	}
	demand(together(append([]*record.Record{contract(t, 0)}, refused...)...)[1:], 1)
	errs := together(append([]*record.Record{contract(t, 1), contract(t, 2)}, refused...)...)
	if err := errors.Join(errs[:2]...); err != nil {
		t.Fatal(err)
	}
	demand(errs[2:], 1)
}

func TestNoFateIsKnownThatTheStorageDoesNotConfirm(t *testing.T) {
	w, s := newDoubted(t)
	defer w.close(t)
	c := contract(t, 0)
	demand := func(want ledger.Fate) {
		t.Helper()
		if fate, err := w.log.Fate(t.Context(), c.ID(), c.Bytes()); fate != want || err != nil {
			t.Errorf("it is %v, %v, not %v", fate, err, want)
		}
	}
	demand(ledger.Absent)
	s.doubts(errors.New("nobody answers"))
	demand(ledger.Unsure)
	w.append(t, c)
	demand(ledger.Stored)
	s.doubts(nil)
	demand(ledger.Stored)
}
