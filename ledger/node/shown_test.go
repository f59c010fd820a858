package node_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
)

// neverLess demands until it is stopped that a node shows no less than before.
func (s *server) neverLess() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for most := uint64(0); ; {
			size := uint64(0)
			if v := s.View(); v != nil {
				size = v.Size()
			}
			if size < most {
				s.w.Errorf("%s has shown %d entries, and shows %d", s.owner, most, size)
				return
			}
			most = size
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// badDisk is one of which what fails says which names, while it does.
func badDisk(fails func(op errorfs.Op) bool) (disk vfs.FS, bad *atomic.Bool) {
	bad = new(atomic.Bool)
	return errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if bad.Load() && fails(op) {
			return errors.New("the disk is broken")
		}
		return nil
	})), bad
}

// A guard that cannot be read ends leading, and is needed for nothing that is shown.
func TestALeaderWhoseGuardBreaksShowsWhatItShowed(t *testing.T) {
	in(t, func(w *world) {
		disk, bad := badDisk(func(op errorfs.Op) bool { return strings.HasPrefix(op.Path, "guard/checkpoint.") })
		first := w.nodeOf("http://one.example", disk)
		defer first.neverLess()()
		w.leader()
		second := w.node()
		w.append(first, 3)
		settle()
		before := w.copies()
		w.append(first, 4)
		settle()
		w.shows(first, 7)
		bad.Store(true)
		if err := w.try(first, w.fake.Contract(nil)); err == nil {
			t.Error("it registers")
		}
		for first.Log() != nil {
			time.Sleep(time.Millisecond)
		}
		w.shows(first, 7)
		second.stop()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		w.shows(first, 7)
		if first.Log() != nil {
			t.Error("it leads without its guard")
		}
		// The store knows what there was.
		w.put(before)
		settle()
		if err := first.Ready(); !errors.Is(err, node.ErrRestored) {
			t.Errorf("a bucket that was put back is believed: %v", err)
		}
		bad.Store(false)
	})
}

// A store that fails ends the node, which shows what it has while whoever has it shuts down. What
// of the store waits then does so for ever, which no bubble takes.
func TestANodeWhoseStoreFailedShowsWhatItShowed(t *testing.T) {
	disk, bad := badDisk(func(op errorfs.Op) bool {
		return strings.HasPrefix(op.Path, "store/") && strings.HasSuffix(op.Path, ".log") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite
	})
	w := newWorld(t)
	w.begin(objects.Open)
	s := w.made("http://one.example", disk)
	s.skew.Store(int64(time.Until(time.Unix(ledgertest.Begin, 0).Add(time.Hour))))
	s.run()
	defer s.neverLess()()
	for s.Log() == nil {
		<-time.After(poll / 10)
	}
	w.append(s, 7)
	bad.Store(true)
	if err := w.try(s, w.fake.Contract(nil)); err == nil {
		t.Error("it registers")
	}
	<-s.ended
	if s.err == nil || s.store.Err() == nil {
		t.Fatalf("the node goes on: %v", s.err)
	}
	if s.Leads() {
		t.Error("it leads")
	}
	w.shows(s, 7)
	_ = errors.Join(s.Close(), s.store.Close()) // it failed
}
