package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A gate is a way to sign that waits to be let through, so that a batch is under way
// for as long as a test wants.
type gate struct {
	closed bool
	pass   chan error // nil to sign
	sizes  []uint64   // of the trees that were signed
}

func (g *gate) sign(message []byte) ([]byte, error) {
	if g.closed {
		if err := <-g.pass; err != nil {
			return nil, err
		}
	}
	c, err := tlog.ParseCheckpoint(message)
	if err != nil {
		return nil, err
	}
	g.sizes = append(g.sizes, c.Size)
	return home.sign(message)
}

// gated runs a test with a ledger of these bounds whose gate is closed, in a bubble
// where waiting can be seen.
func gated(t *testing.T, maxBatch, maxQueue int, test func(t *testing.T, w *world, g *gate)) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{pass: make(chan error)}
		w := &world{fs: vfs.NewMem(), clock: new(clock), sign: g.sign, config: ledger.Config{MaxBatch: maxBatch, MaxQueue: maxQueue}}
		w.clock.unix.Store(epoch)
		if err := w.create(home.sign); err != nil {
			t.Fatal(err)
		}
		w.mustOpen(t)
		g.closed, g.sizes = true, nil
		test(t, w, g)
		w.close(t)
	})
}

// An outcome is what an Append in the background comes to.
type outcome struct{ p atomic.Pointer[result] }

type result struct {
	ledger.Registration
	err  error
	done bool
}

// get returns what there is by now.
func (o *outcome) get() result {
	if r := o.p.Load(); r != nil {
		return *r
	}
	return result{}
}

// submit appends in the background.
func (w *world) submit(ctx context.Context, r *record.Record) *outcome {
	o := new(outcome)
	go func() {
		reg, err := w.log.Append(ctx, r)
		o.p.Store(&result{reg, err, true})
	}()
	return o
}

func TestABatchTakesAllThatGatheredWhileTheLastOneWasWritten(t *testing.T) {
	gated(t, 0, 0, func(t *testing.T, w *world, g *gate) {
		first := w.submit(t.Context(), unchecked(t, 0))
		synctest.Wait()
		var rest []*outcome
		for n := uint64(1); n <= 50; n++ {
			rest = append(rest, w.submit(t.Context(), unchecked(t, n)))
		}
		synctest.Wait()
		if first.get().done || rest[0].get().done {
			t.Fatal("answered before the checkpoint was signed")
		}
		g.pass <- nil
		synctest.Wait()
		if !first.get().done || first.get().err != nil || rest[0].get().done {
			t.Fatalf("the first batch: %+v", first.get())
		}
		g.pass <- nil
		synctest.Wait()
		for i, o := range rest {
			o := o.get()
			if !o.done || o.err != nil || !o.New {
				t.Fatalf("record %d: %+v", i, o)
			}
		}
		if fmt.Sprint(g.sizes) != "[1 51]" {
			t.Fatalf("signed the sizes %v, not [1 51]", g.sizes)
		}
		checkLog(t, w.log.View())
	})
}

func TestABatchHasNoMoreThanItsBound(t *testing.T) {
	gated(t, 3, 0, func(t *testing.T, w *world, g *gate) {
		for n := range uint64(8) {
			w.submit(t.Context(), unchecked(t, n))
			synctest.Wait()
		}
		for range 4 {
			g.pass <- nil
			synctest.Wait()
		}
		if fmt.Sprint(g.sizes) != "[1 4 7 8]" {
			t.Fatalf("signed the sizes %v, not [1 4 7 8]", g.sizes)
		}
	})
}

func TestABatchHasNoMoreBytesThanItsBound(t *testing.T) {
	const bound = 4 << 20
	gated(t, 0, 0, func(t *testing.T, w *world, g *gate) {
		var documents []record.Document
		for i := range 60 {
			documents = append(documents, record.Document{Hash: sha256.Sum256(nil), Size: 1, Media: "text/plain", Kind: "attachment",
				Name: fmt.Sprintf("%s-%d.txt", strings.Repeat("x", 100), i)})
		}
		large := func(n uint64) *record.Record { return signed(t, draft(t, n, documents...), alice, bob) }
		size := len(large(0).Bytes())
		if size < 10_000 {
			t.Fatalf("a large record has %d bytes", size)
		}
		want := uint64((bound + size - 1) / size) // the one that reaches the bound is the last
		w.submit(t.Context(), large(0))
		synctest.Wait()
		for n := uint64(1); n <= want+1; n++ {
			w.submit(t.Context(), large(n))
		}
		synctest.Wait()
		for range 3 {
			g.pass <- nil
			synctest.Wait()
		}
		if fmt.Sprint(g.sizes) != fmt.Sprint([]uint64{1, 1 + want, 2 + want}) {
			t.Fatalf("signed the sizes %v, not 1, %d, %d", g.sizes, 1+want, 2+want)
		}
	})
}

func TestAFullQueueSaysSoAtOnce(t *testing.T) {
	gated(t, 0, 2, func(t *testing.T, w *world, g *gate) {
		var taken []*outcome
		for n := range uint64(3) { // one under way, two that wait
			taken = append(taken, w.submit(t.Context(), unchecked(t, n)))
			synctest.Wait()
		}
		if _, err := w.log.Append(t.Context(), unchecked(t, 3)); !errors.Is(err, ledger.ErrBusy) {
			t.Fatalf("a full queue says %v", err)
		}
		g.pass <- nil
		g.pass <- nil
		synctest.Wait()
		for i, o := range taken {
			o := o.get()
			if !o.done || o.err != nil {
				t.Errorf("record %d: %+v", i, o)
			}
		}
		o := w.submit(t.Context(), unchecked(t, 3))
		g.pass <- nil
		synctest.Wait()
		if !o.get().done || o.get().err != nil {
			t.Errorf("with room again: %+v", o.get())
		}
	})
}

func TestWhoLeavesTakesNobodyAlong(t *testing.T) {
	gated(t, 0, 0, func(t *testing.T, w *world, g *gate) {
		first := w.submit(t.Context(), unchecked(t, 0))
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		leaves := w.submit(ctx, unchecked(t, 1))
		timely, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		late := w.submit(timely, unchecked(t, 2))
		stays := w.submit(t.Context(), unchecked(t, 3))
		synctest.Wait()
		cancel()
		synctest.Wait()
		if !leaves.get().done || !errors.Is(leaves.get().err, context.Canceled) || stays.get().done || late.get().done {
			t.Fatalf("who left: %+v; who stays: %+v, %+v", leaves.get(), stays.get(), late.get())
		}
		<-timely.Done()
		synctest.Wait()
		if !late.get().done || !errors.Is(late.get().err, context.DeadlineExceeded) || stays.get().done {
			t.Fatalf("whose time is over: %+v; who stays: %+v", late.get(), stays.get())
		}
		g.pass <- nil
		g.pass <- nil
		synctest.Wait()
		if first.get().err != nil || stays.get().err != nil || !stays.get().done || !stays.get().New {
			t.Fatalf("who stays: %+v, %+v", first.get(), stays.get())
		}
		// Only the waiting ended.
		for n := uint64(1); n < 4; n++ {
			if reg, err := w.log.Append(t.Context(), unchecked(t, n)); err != nil || reg.New {
				t.Errorf("record %d: %+v, %v", n, reg, err)
			}
		}
		if _, err := w.log.Append(ctx, unchecked(t, 4)); !errors.Is(err, context.Canceled) {
			t.Errorf("who left before: %v", err)
		}
		if size := w.log.View().Size(); size != 4 {
			t.Errorf("the log has %d entries, not 4", size)
		}
	})
}

func TestOneIDInFlightManyTimesIsRegisteredOnce(t *testing.T) {
	gated(t, 0, 0, func(t *testing.T, w *world, g *gate) {
		blocker := w.submit(t.Context(), unchecked(t, 1000))
		synctest.Wait()
		var same []*outcome
		for i := range 8 {
			who := alice
			if i%2 == 1 {
				who = carol // another valid signature, the same id
			}
			same = append(same, w.submit(t.Context(), signed(t, draft(t, 7), who, bob)))
		}
		synctest.Wait()
		g.pass <- nil
		synctest.Wait()
		// Half of them come while the others are being signed.
		for range 8 {
			same = append(same, w.submit(t.Context(), contract(t, 7)))
		}
		synctest.Wait()
		for i, o := range same {
			o := o.get()
			if o.done {
				t.Fatalf("submission %d was answered before it was published: %+v", i, o)
			}
		}
		w.clock.unix.Add(50)
		g.pass <- nil
		synctest.Wait()
		news := 0
		for i, o := range same {
			o := o.get()
			if !o.done || o.err != nil || o.Index != 1 || o.Registered != epoch || o.View.Size() < 2 {
				t.Errorf("submission %d: %+v", i, o)
			}
			if o.New {
				news++
			}
		}
		if news != 1 || blocker.get().err != nil {
			t.Errorf("%d of them are new, not 1", news)
		}
		checkLog(t, w.log.View())
		checkReceipt(t, w.log.View(), 1)
	})
}

func TestARefusalThatRestsOnTheSameBatchWaitsForIt(t *testing.T) {
	gated(t, 0, 0, func(t *testing.T, w *world, g *gate) {
		blocker := w.submit(t.Context(), unchecked(t, 1000))
		synctest.Wait()
		revocation := w.submit(t.Context(), revoke(t, alice, 0))
		synctest.Wait()
		refused := w.submit(t.Context(), contract(t, 0))
		other := w.submit(t.Context(), signed(t, draft(t, 1), carol, bob))
		synctest.Wait()
		g.pass <- nil
		synctest.Wait()
		if refused.get().done || !blocker.get().done {
			t.Fatalf("refused with an entry that nobody can see: %+v", refused.get())
		}
		g.pass <- nil
		synctest.Wait()
		var refusal *rules.Refusal
		if !errors.As(refused.get().err, &refusal) || refusal.Rule != rules.Revoked {
			t.Errorf("refused: %+v", refused.get())
		}
		if revocation.get().err != nil || other.get().err != nil || w.log.View().Size() != 3 {
			t.Errorf("revocation %+v, other %+v", revocation.get(), other.get())
		}
	})
}

func TestCloseAnswersAllThatWasTaken(t *testing.T) {
	gated(t, 2, 0, func(t *testing.T, w *world, g *gate) {
		var taken []*outcome
		for n := range uint64(6) {
			taken = append(taken, w.submit(t.Context(), unchecked(t, n)))
			synctest.Wait()
		}
		closed := make(chan error, 1)
		go func() { closed <- w.log.Close() }()
		synctest.Wait()
		if _, err := w.log.Append(t.Context(), unchecked(t, 6)); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("a log that closes says %v", err)
		}
		select {
		case err := <-closed:
			t.Fatalf("closed with records waiting: %v", err)
		default:
		}
		for range 4 {
			g.pass <- nil
			synctest.Wait()
		}
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		for i, o := range taken {
			o := o.get()
			if !o.done || o.err != nil || !o.New {
				t.Errorf("record %d: %+v", i, o)
			}
		}
		<-w.log.Done()
		if err := w.log.Err(); err != nil {
			t.Errorf("closed, and not well: %v", err)
		}
		checkLog(t, w.log.View())
	})
}

func TestACheckpointThatIsNotSignedRegistersNothing(t *testing.T) {
	gated(t, 0, 0, func(t *testing.T, w *world, g *gate) {
		errKey := errors.New("the key is not at home")
		failed := w.submit(t.Context(), unchecked(t, 0))
		g.pass <- errKey
		synctest.Wait()
		if !failed.get().done || !errors.Is(failed.get().err, errKey) || w.log.View().Size() != 0 {
			t.Fatalf("without a signature: %+v", failed.get())
		}
		w.sign = alice.sign
		failed = w.submit(t.Context(), unchecked(t, 1))
		synctest.Wait()
		if !failed.get().done || failed.get().err == nil || w.log.View().Size() != 0 {
			t.Fatalf("with another's signature: %+v", failed.get())
		}
		w.sign = g.sign
		again := w.submit(t.Context(), unchecked(t, 0))
		g.pass <- nil
		synctest.Wait()
		if !again.get().done || again.get().err != nil || again.get().Index != 0 {
			t.Fatalf("and then: %+v", again.get())
		}
		if err := w.log.Err(); err != nil {
			t.Errorf("the log goes on, and says %v", err)
		}
		checkLog(t, w.log.View())
	})
}
