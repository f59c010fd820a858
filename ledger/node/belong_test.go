package node_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
)

// runsInto runs a node that ends at once by itself, with these errors, and closes it.
func (s *server) runsInto(want ...error) {
	s.w.Helper()
	begun := time.Now()
	err := s.Run(s.w.Context())
	for _, e := range want {
		if !errors.Is(err, e) {
			s.w.Errorf("it ended with %v, not %v", err, e)
		}
	}
	if took := time.Since(begun); took != 0 {
		s.w.Errorf("it took %s", took)
	}
	if err := errors.Join(s.Close(), s.store.Close()); err != nil {
		s.w.Error(err)
	}
}

func TestANewNodeEndsWithABucketThatHasNoLogForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.made("http://one.example", vfs.NewMem()).runsInto(node.ErrNoLog, objects.ErrAbsent)
		other := w.register(w.bucket)
		other.Key = ledgertest.NewSigner("other.example", note.Ed25519).Key
		empty := tlog.Checkpoint{Origin: other.Key.Name(), Root: tlog.EmptyRoot()}
		if err := other.Begin(w.Context(), empty, 0, objects.Open); err != nil {
			t.Fatal(err)
		}
		w.made("http://one.example", vfs.NewMem()).runsInto(node.ErrNoLog, objects.ErrOther)
	})
}

func TestANewNodeWaitsForABucketThatDoesNotAnswer(t *testing.T) {
	in(t, func(w *world) {
		s := w.made("http://one.example", vfs.NewMem())
		s.line.cut.Store(true)
		s.run()
		time.Sleep(after)
		s.line.cut.Store(false)
		first, _ := w.leader()
		w.append(first, 1)
	})
}

// What a node has, it goes on to show.
func TestANodeThatHasEntriesShowsThemWithoutABucket(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewMem()
		w.nodeOf("http://one.example", disk)
		first, _ := w.leader()
		w.append(first, 2)
		first.stop()
		w.put(nil)
		again := w.nodeOf("http://one.example", disk)
		settle()
		select {
		case <-again.ended:
			t.Error("it ended:", again.err)
		default:
		}
		w.shows(again, 2)
	})
}
