package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/mldsa"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// bubbleTime is the time of a bubble, which begins with the year 2000, as of the epoch.
func bubbleTime() time.Time {
	return time.Now().Add(time.Unix(epoch, 0).Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// A witnessed is a ledger with witnesses, in a bubble.
type witnessed struct {
	*world
	all       []*witnesstest.Witness
	quorum    int
	policy    []byte
	witnesses *witness.Witnesses
	wrong     atomic.Int64 // seconds by which the ledger's clock is

	signatures atomic.Int64 // of the ledger's key since the last start
	asked      bool         // it ran before, and asked its witnesses
}

func (w *witnessed) now() time.Time {
	return bubbleTime().Add(time.Duration(w.wrong.Load()) * time.Second)
}

// inWitnessed runs a test with a ledger that asks for a quorum of as many of three.
func inWitnessed(t *testing.T, quorum int, test func(t *testing.T, w *witnessed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &witnessed{world: &world{fs: vfs.NewMem(), sign: home.sign}, quorum: quorum}
		for _, name := range []string{"w1.example", "w2.example", "w3.example"} {
			c, err := witnesstest.New(name, home.Key, bubbleTime)
			if err != nil {
				t.Fatal(err)
			}
			w.all = append(w.all, c)
		}
		w.start(t)
		defer w.end(t)
		test(t, w)
	})
}

// start makes the ledger if there is none, and opens it by the bubble's clock.
func (w *witnessed) start(t *testing.T) {
	t.Helper()
	w.clock = new(clock)
	w.clock.unix.Store(bubbleTime().Unix())
	if _, err := w.fs.Stat(dir); err != nil {
		if err := w.create(home.sign); err != nil {
			t.Fatal(err)
		}
	}
	w.open(t)
}

func (w *witnessed) open(t *testing.T) {
	t.Helper()
	text := "log " + home.String() + "\n"
	net := make(witnesstest.Network)
	for i, c := range w.all {
		text += fmt.Sprintf("witness w%d %s http://%s\n", i+1, c.Key, c.Key.Name())
		net[c.Key.Name()] = c
	}
	w.policy = fmt.Appendf(nil, "%sgroup most %d w1 w2 w3\nquorum most\n", text, w.quorum)
	p, err := verify.ParsePolicy(w.policy)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(w.storeConfig())
	if err != nil {
		t.Fatal(err)
	}
	g, err := store.OpenGuard(w.guardConfig())
	if err != nil {
		t.Fatal(err)
	}
	w.witnesses, err = witness.New(witness.Config{
		Ledger: home.Key, Policy: p, Transport: net, Clock: w.now,
		Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(s.Tile, old, size) },
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(ledger.Config{
		Store: s, Guard: g, Cosigner: w.config.Cosigner, Witnesses: w.witnesses, Witnessed: w.asked, Clock: w.now, Policy: w.policy,
		Sign: func(m []byte) ([]byte, error) { w.signatures.Add(1); return home.sign(m) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store, w.guard, w.log, w.asked = s, g, l, true
}

// end ends the ledger, if it runs, and returns why the log had stopped.
func (w *witnessed) end(t *testing.T) error {
	t.Helper()
	if w.witnesses == nil {
		return nil
	}
	why := w.log.Close()
	w.witnesses.Close()
	w.witnesses = nil
	if err := errors.Join(w.guard.Close(), w.store.Close()); err != nil {
		t.Fatal(err)
	}
	return why
}

// guarded returns the size that the guard has on disk.
func (w *witnessed) guarded(t *testing.T) (size uint64) {
	t.Helper()
	for _, name := range []string{"checkpoint.0", "checkpoint.1"} {
		f, err := w.fs.Open(w.fs.PathJoin(dir+"-guard", name))
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := io.ReadAll(f)
		c, err2 := tlog.ParseSignedCheckpoint(b)
		if err := errors.Join(err, err2, f.Close()); err != nil {
			t.Error(err)
		}
		size = max(size, c.Size)
	}
	return size
}

// public demands that the published checkpoint has that size and as many cosignatures
// as at least make the quorum, and that its last entry has a receipt by the policy.
func (w *witnessed) public(t *testing.T, size uint64, cosignatures int) {
	t.Helper()
	v := w.log.View()
	if c := v.Checkpoint(); c.Size != size || len(c.Note.Signatures)-1 != cosignatures {
		t.Fatalf("published is size %d with %d cosignatures, want %d with %d", c.Size, len(c.Note.Signatures)-1, size, cosignatures)
	}
	p, err := verify.ParsePolicy(w.policy)
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.Receipt(size - 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify.Inclusion(p, home.Key, b); err != nil {
		t.Fatal(err)
	}
}

func (w *witnessed) away(away bool, which ...int) {
	for _, i := range which {
		w.all[i].SetAway(away)
	}
}

func TestARecordIsPublicWhenTheQuorumHasCosigned(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.public(t, 1, 3)
		w.away(true, 0)
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		w.public(t, 2, 2)
	})
}

func TestWithoutAQuorumReadsGoOnAndNothingIsLost(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.away(true, 0, 1)
		before := w.log.View()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := w.log.Append(ctx, unchecked(t, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("without a quorum: %v", err)
		}
		if v := w.log.View(); v != before {
			t.Fatalf("size %d was published without a quorum", v.Size())
		}
		w.public(t, 1, 3)
		if n := w.store.Head().Checkpoint.Size; n != 2 || w.guarded(t) != 2 {
			t.Fatalf("stored is size %d, guarded %d", n, w.guarded(t))
		}
		w.away(false, 0)
		time.Sleep(time.Minute)
		w.public(t, 2, 2)
		reg, err := w.log.Append(t.Context(), unchecked(t, 1))
		if err != nil || reg.New || reg.Index != 1 {
			t.Fatalf("again: %+v, %v", reg, err)
		}
	})
}

func TestWhatWaitedForWitnessesIsPublishedByTheNextStart(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.away(true, 0, 1, 2)
		failed := make(chan error, 1)
		go func() {
			_, err := w.log.Append(context.Background(), unchecked(t, 1))
			failed <- err
		}()
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatalf("a log that waits for witnesses did not close well: %v", err)
		}
		if err := <-failed; !errors.Is(err, ledger.ErrClosed) {
			t.Fatalf("who waited was told %v", err)
		}
		w.open(t)
		synctest.Wait()
		w.public(t, 1, 3) // as it was, with all its cosignatures
		w.away(false, 0, 1, 2)
		time.Sleep(time.Minute)
		w.public(t, 2, 3)
	})
}

func TestWhatAWitnessIsSentIsInTheGuard(t *testing.T) {
	inWitnessed(t, 3, func(t *testing.T, w *witnessed) {
		var sent []uint64
		w.all[0].Before(func(c tlog.SignedCheckpoint) {
			sent = append(sent, c.Size)
			if n := w.guarded(t); n < c.Size {
				t.Errorf("a witness was sent size %d, the guard has %d", c.Size, n)
			}
		})
		for i := range uint64(4) {
			w.append(t, unchecked(t, i))
		}
		synctest.Wait()
		if len(sent) < 4 {
			t.Fatalf("the witness was sent %v", sent)
		}
	})
}

func TestWhatNeverLeftIsNotPublishedByAStartWithWitnesses(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.world.mustOpen(t) // without witnesses
		w.world.close(t)
		w.asked = false
		// A batch whose process ended before the guard had it.
		s, err := store.Open(w.storeConfig())
		if err != nil {
			t.Fatal(err)
		}
		b := s.NewBatch()
		if _, err := b.Append(bubbleTime().Unix(), unchecked(t, 1)); err != nil {
			t.Fatal(err)
		}
		c, err := b.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Commit(sealed(t, c)), s.Close()); err != nil {
			t.Fatal(err)
		}
		w.away(true, 0, 1, 2)
		w.open(t)
		synctest.Wait()
		if n := w.log.View().Size(); n != 1 {
			t.Errorf("published is size %d, which nobody has seen", n)
		}
		w.away(false, 0, 1, 2)
		time.Sleep(time.Minute)
		w.public(t, 2, 3)
	})
}

func TestLateCosignaturesAreAddedAndStay(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.away(true, 2)
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.public(t, 1, 2)
		w.away(false, 2)
		time.Sleep(2 * time.Minute)
		w.public(t, 1, 3)
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.away(true, 0, 1, 2)
		w.open(t)
		w.public(t, 1, 3)
	})
}

func TestCosignaturesOfAnIdleLedgerAreRenewed(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		p, err := verify.ParsePolicy(w.policy)
		if err != nil {
			t.Fatal(err)
		}
		seen := func() int64 {
			c, err := p.Checkpoint(w.log.View().Checkpoint())
			if err != nil {
				t.Fatal(err)
			}
			at, err := p.SeenBy(c)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		first := seen()
		time.Sleep(3*time.Hour + time.Minute)
		if age := bubbleTime().Unix() - seen(); age > 3700 || seen() == first {
			t.Errorf("the cosignatures are %d seconds old", age)
		}
		w.away(true, 0, 1)
		at := seen()
		time.Sleep(3 * time.Hour)
		w.public(t, 1, 3)
		if seen() != at {
			t.Errorf("without a quorum the time went from %d to %d", at, seen())
		}
		w.away(false, 0, 1)
		w.append(t, unchecked(t, 1))
	})
}

func TestAClockBehindWhatWitnessesHaveSeenRegistersNothing(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		time.Sleep(5 * time.Hour) // in which the cosignatures are renewed
		w.wrong.Store(-2 * 3600)
		_, err := w.log.Append(t.Context(), unchecked(t, 1))
		var clock *ledger.ClockError
		if !errors.As(err, &clock) {
			t.Fatalf("two hours behind: %v", err)
		}
		if n := w.store.Head().Checkpoint.Size; n != 1 {
			t.Fatalf("size %d is stored, of a time at which a quorum had seen no more than 1", n)
		}
		w.wrong.Store(0)
		w.append(t, unchecked(t, 1))
	})
}

func TestAClockThatNoWitnessSharesRegistersNothing(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.wrong.Store(100 * 24 * 3600)
		if _, err := w.log.Append(t.Context(), unchecked(t, 1)); !errors.Is(err, ledger.ErrNoQuorum) {
			t.Fatalf("a hundred days ahead: %v", err)
		}
		if n := w.store.Head().Checkpoint.Size; n != 1 {
			t.Fatalf("size %d is stored, which no witness would ever cosign in time", n)
		}
		w.wrong.Store(0)
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		w.public(t, 2, 3)
	})
}

func TestThatSomethingWaitsForAQuorumIsKnown(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		if at := w.log.Waiting(); at != 0 {
			t.Errorf("nothing waits, since %d", at)
		}
		w.away(true, 0, 1, 2)
		begun := w.now().Unix()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := w.log.Append(ctx, unchecked(t, 1)); err == nil {
			t.Fatal("registered")
		}
		if at := w.log.Waiting(); at != begun {
			t.Errorf("waits since %d, want %d", at, begun)
		}
	})
}

// copyAll copies what the ledger has on disk, its guard too.
func (w *witnessed) copyAll(t *testing.T) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	copyDir(t, w.fs, fs, dir)
	copyDir(t, w.fs, fs, dir+"-guard")
	return fs
}

func TestTheSecondOfTwoServersWithOneKeyAndGuardIsStoppedByWitnesses(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		second := &witnessed{world: &world{fs: w.copyAll(t), sign: home.sign}, all: w.all, quorum: w.quorum}
		w.open(t)
		second.start(t)
		defer second.end(t)
		synctest.Wait()
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		before := second.log.View()
		_, err := second.log.Append(t.Context(), unchecked(t, 2))
		var conflict *witness.Conflict
		if !errors.Is(err, ledger.ErrStopped) || !errors.As(err, &conflict) || conflict.Seen == nil {
			t.Errorf("the second registered: %v", err)
		}
		if got := second.log.View(); got.Checkpoint().Checkpoint != before.Checkpoint().Checkpoint {
			t.Errorf("the second published size %d", got.Size())
		}
		if err := second.end(t); !errors.As(err, &conflict) {
			t.Errorf("the second ended with %v", err)
		}
		w.append(t, unchecked(t, 3))
		synctest.Wait()
		w.public(t, 3, 3)
	})
}

func TestALedgerBehindItsWitnessesStops(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		old := &witnessed{world: &world{fs: w.copyAll(t), sign: home.sign}, all: w.all, quorum: w.quorum}
		w.open(t)
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		old.start(t)
		defer old.end(t)
		<-old.log.Done()
		if err := old.end(t); err == nil || !strings.Contains(err.Error(), "of size 2") || !strings.Contains(err.Error(), "has size 1") {
			t.Errorf("a snapshot of the whole machine: %v", err)
		}
		w.open(t)
	})
}

// postQuantum returns the ledger's second key.
func postQuantum(t *testing.T) *ledger.Cosigner {
	t.Helper()
	seed := sha256.Sum256([]byte("second key"))
	secret, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewMLDSA44Key(home.Name(), secret.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Cosigner{Key: key, Sign: func(m []byte) ([]byte, error) { return secret.SignDeterministic(m, nil) }}
}

func TestASecondKeySignsEveryCheckpoint(t *testing.T) {
	w := &world{fs: vfs.NewMem(), clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	w.config.Cosigner = postQuantum(t)
	if err := w.create(home.sign); err != nil {
		t.Fatal(err)
	}
	w.mustOpen(t)
	both, err := verify.ParsePolicy(fmt.Appendf(nil, "log %s\nwitness ledger %s\nquorum ledger\n", home, w.config.Cosigner.Key))
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(3) {
		c, err := both.Checkpoint(w.log.View().Checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		if at, err := both.SeenBy(c); err != nil || at != 0 || len(c.Cosignatures) != 1 || c.Cosignatures[0].Time != epoch+int64(i) {
			t.Errorf("checkpoint of size %d: seen by %d, %v, cosigned %+v", c.Size, at, err, c.Cosignatures)
		}
		w.clock.unix.Add(1)
		w.append(t, contract(t, i))
	}
	receipt, err := w.log.View().Receipt(2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.Receipt(both, receipt); err != nil {
		t.Error(err)
	}
	w.close(t)
	other := *w.config.Cosigner
	other.Sign = func([]byte) ([]byte, error) { return make([]byte, 2420), nil }
	w.config.Cosigner = &other
	if err := w.open(); err == nil || !strings.Contains(err.Error(), "does not verify") {
		t.Errorf("opened with a secret that is not the key's: %v", err)
	}
}

// What is remembered is what was public, and who cosigned that: since the start, with what
// was public then.
func TestThePastOfALogIsWhatItPublished(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		want := func(what string, cosigned ...bool) {
			t.Helper()
			synctest.Wait()
			past := w.log.Past().Checkpoints()
			if public := w.log.View().Checkpoint(); len(past) == 0 || string(past[0].Bytes()) != string(public.Bytes()) {
				t.Fatalf("%s: it remembers %v, public is %v", what, past, public)
			}
			for i, c := range w.all {
				at, ok := w.log.Past().Cosigned(c.Key)
				if now := bubbleTime().Unix(); ok != cosigned[i] || ok && (at > now || at < now-60) {
					t.Errorf("%s: witness %d cosigned at %d, %v; it is %d", what, i+1, at, ok, now)
				}
			}
		}
		w.away(true, 2)
		w.append(t, revocation(t, 1))
		want("two of three", true, true, false)
		w.away(false, 2)
		time.Sleep(5 * time.Minute) // it is asked again after a while
		w.append(t, revocation(t, 2))
		want("three of three", true, true, true)
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.away(true, 0, 1, 2)
		w.start(t)
		want("after a start", true, true, true)
		if n := len(w.log.Past().Checkpoints()); n != 1 {
			t.Errorf("it remembers %d checkpoints of before", n-1)
		}
	})
}
