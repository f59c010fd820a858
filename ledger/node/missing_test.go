package node_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
)

func (w *world) loses(name string) {
	w.Helper()
	if err := w.bucket.Delete(w.Context(), name); err != nil {
		w.Fatal(err)
	}
}

// public demands that readers of the bucket find a tree of that size.
func (w *world) public(size uint64) {
	w.Helper()
	b, _, err := w.bucket.Get(w.Context(), objects.CheckpointName, 1<<20)
	if err != nil {
		w.Error(err)
		return
	}
	c, err := tlog.ParseSignedCheckpoint(b)
	if err != nil || c.Size != size || c.Origin != ledgertest.Home.Key.Name() {
		w.Errorf("%+v is public, %v, and not %d entries", c.Checkpoint, err, size)
	}
}

func TestALeaderPutsBackWhatReadersFind(t *testing.T) {
	in(t, func(w *world) {
		first, _ := w.two(3)
		was, _, err := w.bucket.Get(w.Context(), objects.CheckpointName, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		w.loses(objects.CheckpointName)
		time.Sleep(after)
		synctest.Wait()
		w.public(3)
		if b, _, _ := w.bucket.Get(w.Context(), objects.CheckpointName, 1<<20); string(b) != string(was) {
			t.Errorf("there is %q, there was %q", b, was)
		}
		first.said("put it there again")
		for _, s := range w.nodes {
			if err := s.Ready(); err != nil {
				t.Errorf("%s is not ready: %v", s.owner, err)
			}
		}
		w.append(first, 1)
		w.public(4)
	})
}

// What is gone is put back by the next that leads, if it knows what it was.
func TestWhoTakesTheLogPutsBackWhatReadersFind(t *testing.T) {
	for _, stops := range []bool{true, false} {
		in(t, func(w *world) {
			first, second := w.two(3)
			if stops {
				first.stop()
			} else {
				first.kill()
			}
			w.loses(objects.CheckpointName)
			if s, _ := w.other(first); s != second {
				t.Fatal("nobody else is there")
			}
			settle()
			w.public(3)
			w.append(second, 1)
			w.public(4)
			w.shows(second, 4)
			if strings.Contains(second.log.String(), "PUT BACK") {
				t.Error("it takes it for a bucket that was put back:\n" + second.log.String())
			}
		})
	}
}

func TestANodeSaysOnceThatReadersFindNothing(t *testing.T) {
	in(t, func(w *world) {
		first, second := w.two(3)
		// One that was away for longer than a batch does not know what was public.
		second.line.cut.Store(true)
		w.append(first, 3)
		first.kill()
		w.loses(objects.CheckpointName)
		second.line.cut.Store(false)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if second.Log() != nil || second.Ready() == nil || errors.Is(second.Ready(), node.ErrRestored) {
			t.Errorf("it leads, or is ready, or takes it for a bucket that was put back: %v", second.Ready())
		}
		for _, what := range []string{"checkpoint is gone from the bucket", "has not what was"} {
			if n := strings.Count(second.log.String(), what); n != 1 {
				t.Errorf("it said %d times %q:\n%s", n, what, second.log)
			}
		}
		w.holds(second, 3)
		first.line.cut.Store(false) // who has it
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		w.public(6)
		leads, _ := w.leader()
		w.append(leads, 1)
		settle()
		w.shows(second, 7)
		if err := second.Ready(); err != nil {
			t.Error(err)
		}
	})
}

// Nor does it read all that the head has at each look, be it new or behind.
func TestANodeThatMayNotGoOnReadsNoWholeHead(t *testing.T) {
	in(t, func(w *world) {
		first := w.node()
		w.leader()
		w.append(first, 3)
		behind := w.node()
		settle()
		behind.line.cut.Store(true)
		w.append(first, 3)
		first.kill()
		w.loses(objects.CheckpointName)
		fresh := w.node()
		var reads, public atomic.Int64
		count := func(op, name string) error {
			switch {
			case op == "get" && name == objects.HeadName:
				reads.Add(1)
			case op == "get" && name == objects.CheckpointName:
				public.Add(1)
			}
			return nil
		}
		for _, s := range []*server{behind, fresh} {
			s.line.on(count)
			s.line.cut.Store(false)
		}
		time.Sleep(10 * time.Minute)
		if n := reads.Load(); n != 0 || public.Load() == 0 {
			t.Errorf("in ten minutes the whole head was read %d times, what is public %d", n, public.Load())
		}
		for _, s := range []*server{behind, fresh} {
			s.saidTimes("has not what was", 1)
		}
		first.line.cut.Store(false)
		time.Sleep(5 * time.Minute)
		leads, _ := w.leader()
		w.append(leads, 1)
		settle()
		for _, s := range w.nodes {
			w.shows(s, 7)
		}
	})
}

// holds demands that a node shows so many entries.
func (w *world) holds(s *server, size uint64) {
	w.Helper()
	if v := s.View(); v == nil || v.Size() != size {
		w.Errorf("%s shows %v, and not %d entries", s.owner, v, size)
	}
}

func TestANodeThatHasEntriesIsNotReadyWhereTheHeadIsGone(t *testing.T) {
	in(t, func(w *world) {
		one, two := w.node(), w.node()
		first, _ := w.leader()
		w.append(first, 3)
		settle()
		all := w.copies()
		w.put(nil)
		time.Sleep(after)
		synctest.Wait()
		for _, s := range []*server{one, two} {
			if s.Log() != nil || s.Ready() == nil {
				t.Errorf("%s leads, or is ready", s.owner)
			}
			s.said("THE BUCKET HAS NO LOG ANY MORE")
			if strings.Contains(s.log.String(), "chirographd migrate") || strings.Contains(s.log.String(), "checkpoint is gone") || strings.Contains(s.log.String(), "another node leads") {
				t.Error("it gives a wrong word:\n" + s.log.String())
			}
		}
		w.put(all)
		time.Sleep(5 * after)
		synctest.Wait()
		for _, s := range []*server{one, two} {
			s.said("is read again")
			if err := s.Ready(); err != nil {
				t.Errorf("%s is not ready: %v", s.owner, err)
			}
		}
		leads, _ := w.leader()
		w.append(leads, 1)
		w.public(4)
	})
}

// One that is smaller than what the node has shown is not gone.
func TestWhatALeaderDidNotReplaceWasNotGone(t *testing.T) {
	in(t, func(w *world) {
		disk := vfs.NewCrashableMem()
		first := w.nodeOf("http://one.example", disk)
		w.leader()
		w.append(first, 2)
		var left atomic.Pointer[vfs.MemFS]
		first.line.on(func(op, name string) error {
			if op == "swap" && name == objects.CheckpointName {
				left.CompareAndSwap(nil, disk.CrashClone(vfs.CrashCloneCfg{}))
				return errCut
			}
			return nil
		})
		go func() { _ = w.try(first, w.fake.Contract(nil)) }()
		settle()
		first.kill()
		again := w.nodeOf("http://again.example", left.Load())
		w.other(first)
		settle()
		w.public(3)
		again.saidTimes("gone from the bucket", 0)
	})
}

// However much the bucket has failed before.
func TestAHeadThatIsGoneIsSeenAfterOtherTrouble(t *testing.T) {
	in(t, func(w *world) {
		_, s := w.two(3)
		all := w.copies()
		words := strings.Fields("one two three four five six seven eight nine ten eleven twelve")
		var said atomic.Int64
		s.line.on(func(op, _ string) error {
			if op != "peek" || said.Load() == int64(len(words)) {
				return nil
			}
			return errors.New(words[said.Add(1)-1])
		})
		w.put(nil)
		for said.Load() < int64(len(words)) {
			time.Sleep(poll)
		}
		time.Sleep(2 * poll)
		synctest.Wait()
		if err := s.Ready(); err == nil || !strings.Contains(err.Error(), "no log of this ledger") {
			t.Errorf("it is ready: %v", err)
		}
		time.Sleep(5 * after)
		if s.Log() != nil {
			t.Error("it leads")
		}
		s.saidTimes("THE BUCKET HAS NO LOG ANY MORE", 1)
		w.put(all)
		w.leader()
	})
}

// It needs no witness: what was public was cosigned.
func TestWhatAQuorumCosignedIsPutBackWithoutIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, seer := witnessedWorld(t)
		defer w.end()
		first, second := w.two(3)
		time.Sleep(2 * after) // the head has no batch any more
		synctest.Wait()
		first.kill()
		w.loses(objects.CheckpointName)
		seer.SetAway(true)
		w.other(first)
		settle()
		w.public(3)
		second.saidTimes("has lost what was public", 0)
		if !second.View().Begun() {
			t.Error("it shows what no quorum has cosigned")
		}
		seer.SetAway(false)
		time.Sleep(time.Minute)
		w.append(second, 1)
		w.public(4)
	})
}

// Whether readers have found the batch of the head, nobody knows when both are gone: what was
// before it is never put back.
func TestReadersNeverFindLessThanWhatIsGone(t *testing.T) {
	in(t, func(w *world) {
		first, second := w.two(3)
		second.line.cut.Store(true)
		w.append(first, 1)
		w.public(4)
		first.kill()
		w.loses(objects.CheckpointName)
		before := len(w.bucket.History(objects.CheckpointName))
		second.line.cut.Store(false)
		if s, _ := w.other(first); s != second {
			t.Fatal("nobody else is there")
		}
		settle()
		w.public(4)
		w.shows(second, 4)
		for _, v := range w.bucket.History(objects.CheckpointName)[before:] {
			if c, err := tlog.ParseSignedCheckpoint(v.Bytes); err != nil || c.Size < 4 {
				t.Errorf("%d entries were public after 4: %v", c.Size, err)
			}
		}
	})
}
