package objects_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/objects/objectstest"
)

// deaf returns a bucket of which each second write is carried out and not answered.
func deaf(m *objectstest.Memory) *bad {
	n := 0
	return &bad{Bucket: m, put: func(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
		now, err := put(ctx, m, name, v, b)
		if n++; n%2 == 1 {
			return "", errors.New("no answer")
		}
		return now, err
	}}
}

func anything(tlog.Checkpoint) error { return nil }

func TestALogComesAndGoesOnceWhateverIsAnswered(t *testing.T) {
	ctx := t.Context()
	r := &objects.Register{Bucket: deaf(objectstest.NewMemory()), Key: ledgertest.Home.Key, Random: bytes.NewReader(bytes.Repeat([]byte("random"), 1000))}
	empty := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Root: tlog.EmptyRoot()}
	enter, leave, other := objects.Nonce{1}, objects.Nonce{2}, objects.Nonce{3}
	for range 2 { // the second is the first once more
		if err := r.Enter(ctx, enter, objects.Nonce{}, empty, 0, objects.Open, anything); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Enter(ctx, other, objects.Nonce{}, empty, 0, objects.Open, anything); !errors.Is(err, objects.ErrExists) {
		t.Fatalf("a second log: %v", err)
	}
	h, v, err := r.Quiet(ctx)
	if err != nil || h.Nonce != enter || h.Epoch != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
	if err := r.Leave(ctx, leave, h, v); err != nil {
		t.Fatal(err)
	}
	if err := r.Leave(ctx, other, h, v); !errors.Is(err, objects.ErrFenced) {
		t.Fatalf("a second that leaves: %v", err)
	}
	if _, err := r.Freeze(ctx); err == nil {
		t.Fatal("a log that left was frozen")
	}
	for _, n := range []objects.Nonce{enter, other} { // the first once more, and one that was to be the first
		if err := r.Enter(ctx, n, objects.Nonce{}, empty, 0, objects.Open, anything); !errors.Is(err, objects.ErrLeft) {
			t.Fatalf("a log that left comes again: %v", err)
		}
	}
	differs := errors.New("another history")
	if err := r.Enter(ctx, other, leave, empty, 0, objects.Open, func(tlog.Checkpoint) error { return differs }); !errors.Is(err, objects.ErrDiffers) || !errors.Is(err, differs) {
		t.Fatalf("another log came: %v", err)
	}
	if err := r.Enter(ctx, other, leave, empty, 0, objects.Open, anything); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Freeze(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if h, _, err := r.Quiet(ctx); err != nil || h.State != objects.Frozen || h.Epoch != 4 {
		t.Fatalf("%+v, %v", h, err)
	}
}

// That a log is another ledger's is an answer, which nobody asks for twice.
func TestTheLogOfAnotherLedgerIsNotAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, begun := t.Context(), time.Now()
		r := &objects.Register{Bucket: objectstest.NewMemory(), Key: ledgertest.NewSigner("other.example", note.Ed25519).Key, Random: bytes.NewReader(bytes.Repeat([]byte("random"), 1000))}
		must(t, r.Begin(ctx, tlog.Checkpoint{Origin: r.Key.Name(), Root: tlog.EmptyRoot()}, 0, objects.Open))
		r.Key = ledgertest.Home.Key
		_, _, quiet := r.Quiet(ctx)
		_, _, unled := r.Unled(ctx, objects.Nonce{}, time.Second)
		_, freeze := r.Freeze(ctx)
		for _, err := range []error{quiet, unled, freeze} {
			if !errors.Is(err, objects.ErrOther) {
				t.Error(err)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("it was asked for %s", took)
		}
	})
}

// A head that was to be replaced is not made anew.
func TestALogThatWasToFollowAHeadDoesNotComeWhereThereIsNone(t *testing.T) {
	r := &objects.Register{Bucket: objectstest.NewMemory(), Key: ledgertest.Home.Key, Random: bytes.NewReader(nil)}
	tree := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Root: tlog.EmptyRoot()}
	if err := r.Enter(t.Context(), objects.Nonce{1}, objects.Nonce{2}, tree, 0, objects.Open, anything); !errors.Is(err, objects.ErrAbsent) {
		t.Error(err)
	}
}

func TestAHeadThatIsNotPublicIsNeitherFrozenNorLeft(t *testing.T) {
	ctx, m := t.Context(), objectstest.NewMemory()
	r := &objects.Register{Bucket: m, Key: ledgertest.Home.Key, Random: bytes.NewReader(bytes.Repeat([]byte("random"), 1000))}
	tree := tlog.Checkpoint{Origin: ledgertest.Home.Key.Name(), Size: 1, Root: tlog.EmptyRoot()}
	if err := r.Begin(ctx, tree, 0, objects.Open); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Quiet(ctx); !errors.Is(err, objects.ErrUnsettled) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Freeze(ctx); err == nil {
		t.Error("it was frozen")
	}
	if h, _, err := r.Read(t.Context()); err != nil || h.State != objects.Open {
		t.Error(h.State, err)
	}
}

// What a swap of the head was told is no reason to try with it for ever.
func TestAWrongVersionOfAWriteIsFoundByReading(t *testing.T) {
	m := objectstest.NewMemory()
	b := &bad{Bucket: m, put: func(ctx context.Context, name string, v objects.Version, body []byte) (objects.Version, error) {
		now, err := put(ctx, m, name, v, body)
		if name == objects.HeadName {
			now += "0"
		}
		return now, err
	}}
	n, err := newWorld(m, 1).node(nil, nil)
	must(t, err)
	n.register.Bucket = b
	must(t, n.register.Begin(t.Context(), empty, 0, objects.Open))
	must(t, n.lead())
	for _, r := range pool()[:3] {
		must(t, n.append(r))
	}
	must(t, n.close())
}

func TestALeaderIsFencedByAFreezeAndRegistersNothingMore(t *testing.T) {
	_, n, other := two(t)
	must(t, n.lead())
	for _, r := range pool()[:3] {
		must(t, n.append(r))
	}
	tree, err := other.register.Freeze(t.Context())
	if err != nil || tree != n.store.Head().Checkpoint.Checkpoint || tree.Size != 3 {
		t.Fatalf("%+v, %v", tree, err)
	}
	if err := n.append(pool()[3]); !errors.Is(err, objects.ErrFenced) {
		t.Fatalf("after the freeze: %v", err)
	}
	h, v, err := n.register.Read(t.Context())
	if err != nil || h.State != objects.Frozen || h.Checkpoint != tree {
		t.Fatalf("%+v, %v", h, err)
	}
	again, err := n.register.Take(t.Context(), n.store, h, v, "http://one.example", time.Now)
	if err != nil || !again.Frozen() {
		t.Fatalf("it leads again, and does not know that the log is frozen: %v", err)
	}
	again.Close()
}
