package node_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
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
	ctx, cancel := context.WithTimeout(s.w.Context(), after)
	defer cancel()
	err := s.Run(ctx)
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

// namesake returns the key of a ledger that has the name of the others' and is another.
func namesake(t *testing.T) (note.Key, ed25519.PrivateKey) {
	t.Helper()
	secret := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewKey(ledgertest.Home.Key.Name(), note.Ed25519, public)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

// What init makes twice by one name, are two ledgers.
func TestANodeDoesNotLeadALedgerOfItsNameWhoseKeyIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		other := w.register(w.bucket)
		other.Key, _ = namesake(t)
		empty := tlog.Checkpoint{Origin: other.Key.Name(), Root: tlog.EmptyRoot()}
		if err := other.Begin(w.Context(), empty, 0, objects.Open); err != nil {
			t.Fatal(err)
		}
		s := w.made("http://one.example", vfs.NewMem())
		s.runsInto(node.ErrNoLog, objects.ErrOther)
		if len(w.signed) > 0 {
			t.Error("it signed something")
		}
		// Nor does what migrate and freeze work with.
		mine := w.register(w.bucket)
		if _, err := mine.Freeze(w.Context()); !errors.Is(err, objects.ErrOther) {
			t.Error("it was frozen:", err)
		}
		any := func(tlog.Checkpoint) error { return nil }
		if err := mine.Enter(w.Context(), objects.Nonce{1}, objects.Nonce{}, empty, 0, objects.Open, any); !errors.Is(err, objects.ErrOther) {
			t.Error("another came into its place:", err)
		}
	})
}

// The head has nothing to tell that this is another's.
func TestANodeDoesNotLeadWhereAnotherKeySignedWhatIsPublic(t *testing.T) {
	in(t, func(w *world) {
		empty := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Root: tlog.EmptyRoot()}
		key, secret := namesake(t)
		n := note.Note{Text: empty.Text(), Signatures: []note.Signature{key.Signature(ed25519.Sign(secret, empty.Text()))}}
		if _, err := w.bucket.Create(w.Context(), objects.CheckpointName, n.Bytes()); err != nil {
			t.Fatal(err)
		}
		s := w.node()
		time.Sleep(10 * after)
		synctest.Wait()
		if s.Log() != nil || s.Ready() == nil {
			t.Error("it leads, or is ready:", s.Ready())
		}
		if strings.Contains(s.log.String(), "takes it") {
			t.Error("it said that it takes the log:\n" + s.log.String())
		}
		s.said("has no signature of the ledger")
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
