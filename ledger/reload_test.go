package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

// join adds a witness to the world, which no policy has yet.
func (w *witnessed) join(t *testing.T, name string) {
	t.Helper()
	c, err := witnesstest.New(name, home.Key, bubbleTime)
	if err != nil {
		t.Fatal(err)
	}
	w.all = append(w.all, c)
}

// policyOf returns the policy of some of the witnesses, by their places from 1, of whom so
// many make the quorum; "none" for 0.
func (w *witnessed) policyOf(quorum int, which ...int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "log %s\n", home)
	names := ""
	for _, i := range which {
		c := w.all[i-1]
		fmt.Fprintf(&b, "witness w%d %s http://%s\n", i, c.Key, c.Key.Name())
		names += fmt.Sprintf(" w%d", i)
	}
	if quorum == 0 {
		return []byte(b.String() + "quorum none\n")
	}
	return fmt.Appendf(nil, "%sgroup most %d%s\nquorum most\n", b.String(), quorum, names)
}

// terms returns those of a policy. Keep demands that nothing is public by it yet.
func (w *witnessed) terms(t *testing.T, policy []byte, keep func() error) ledger.Terms {
	t.Helper()
	p, err := verify.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	net := make(witnesstest.Network)
	for _, c := range w.all {
		net[c.Key.Name()] = c
	}
	s := w.store
	next, err := witness.New(witness.Config{
		Ledger: home.Key, Policy: p, Transport: net, Clock: w.now,
		Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(s.Tile, old, size) },
	})
	if err != nil {
		t.Fatal(err)
	}
	before := w.log.View()
	return ledger.Terms{Policy: policy, Witnesses: next, Keep: func() error {
		if before.Policy() != w.log.View().Policy() {
			t.Error("it is public by another policy before that is kept")
		}
		return keep()
	}}
}

func (w *witnessed) reloadKeeping(t *testing.T, policy []byte, keep func() error) ([]witness.Claim, error) {
	t.Helper()
	terms := w.terms(t, policy, keep)
	unheard, err := w.log.Reload(t.Context(), terms)
	if err != nil {
		terms.Witnesses.Close()
		return unheard, err
	}
	w.witnesses, w.policy = terms.Witnesses, policy
	return unheard, nil
}

func kept() error { return nil }

func (w *witnessed) reload(t *testing.T, quorum int, which ...int) ([]witness.Claim, error) {
	t.Helper()
	return w.reloadKeeping(t, w.policyOf(quorum, which...), kept)
}

// unchanged demands that a reload fails and nothing is another: it asks whom it asked, and
// registers.
func (w *witnessed) unchanged(t *testing.T, want error, policy []byte) {
	t.Helper()
	before, reports := w.log.View(), len(w.log.Reports())
	if _, err := w.reloadKeeping(t, policy, func() error { t.Error("it was kept"); return nil }); !errors.Is(err, want) {
		t.Fatalf("the reload: %v, want %v", err, want)
	}
	if got := w.log.View(); got.Policy() != before.Policy() || len(w.log.Reports()) != reports {
		t.Errorf("after a reload that failed the policy is\n%s", got.Policy().Bytes())
	}
	n := w.store.Head().Checkpoint.Size
	w.append(t, unchecked(t, 1000+n))
	synctest.Wait()
	w.public(t, n+1, len(w.log.Reports()))
}

// receipt returns that of an entry, which verifies by a policy.
func (w *witnessed) receipt(t *testing.T, index uint64, policy []byte) []byte {
	t.Helper()
	b, err := w.log.View().Receipt(index)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, b, policy)
	return b
}

func holds(t *testing.T, receipt, policy []byte) {
	t.Helper()
	p, err := verify.ParsePolicy(policy)
	if err == nil {
		err = verify.Inclusion(p, home.Key, receipt)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestWitnessesComeAndGoWhileTheLogRuns(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.join(t, "w4.example")
		w.all[3].Before(func(c tlog.SignedCheckpoint) {
			if n := w.guarded(t); n < c.Size {
				t.Errorf("a witness that comes was sent size %d, the guard has %d", c.Size, n)
			}
		})
		first := w.policy
		old := w.receipt(t, 0, first)
		for i, to := range []struct {
			quorum int
			which  []int
		}{
			{3, []int{1, 2, 3, 4}}, {4, []int{1, 2, 3, 4}}, {2, []int{2, 3, 4}}, {1, []int{1}}, {2, []int{3, 2}}, {0, []int{4}}, {2, []int{1, 2, 3}},
		} {
			var asked [4]uint64
			for n, c := range w.all {
				asked[n] = c.Size()
			}
			if unheard, err := w.reload(t, to.quorum, to.which...); err != nil || len(unheard) > 0 {
				t.Fatalf("%v: %v, %v", to, unheard, err)
			}
			// At once, and without a record: what is public has a receipt by the new policy.
			w.receipt(t, uint64(i), w.policy)
			synctest.Wait()
			w.public(t, uint64(i+1), len(to.which))
			if got := w.log.View().Policy().Bytes(); !bytes.Equal(got, w.policy) {
				t.Errorf("%v: the policy is\n%s", to, got)
			}
			w.append(t, unchecked(t, uint64(i+1)))
			synctest.Wait()
			w.public(t, uint64(i+2), len(to.which))
			in := make(map[int]bool)
			for k, n := range to.which {
				in[n] = true
				if r := w.log.Reports(); len(r) != len(to.which) || r[k].Witness != fmt.Sprintf("w%d", n) || r[k].Cosigned == 0 {
					t.Errorf("%v: reports %+v", to, r)
				}
			}
			for n, c := range w.all {
				if _, ok := w.log.Past().Cosigned(c.Key); ok != in[n+1] {
					t.Errorf("%v: w%d cosigned what was public: %v", to, n+1, ok)
				}
				if !in[n+1] && c.Size() != asked[n] {
					t.Errorf("%v: w%d is asked no more, and has size %d", to, n+1, c.Size())
				}
			}
		}
		holds(t, old, first)
	})
}

func TestWithoutTheNewQuorumNothingChanges(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.join(t, "w4.example")
		w.away(true, 3)
		for _, policy := range [][]byte{w.policyOf(4, 1, 2, 3, 4), w.policyOf(1, 4)} {
			w.unchanged(t, ledger.ErrNoQuorum, policy)
		}
		// A quorum that can do without it is there at once.
		begun := time.Now()
		if _, err := w.reload(t, 3, 1, 2, 3, 4); err != nil || time.Since(begun) > 0 {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		w.append(t, unchecked(t, 1))
		w.away(false, 3)
		time.Sleep(time.Minute)
		w.public(t, 4, 4)
	})
}

func TestATreeInFlightIsPublicByTheNewQuorum(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.join(t, "w4.example")
		w.away(true, 0, 1)
		registered := make(chan error, 1)
		go func() {
			_, err := w.log.Append(context.Background(), unchecked(t, 1))
			registered <- err
		}()
		synctest.Wait()
		before := w.log.View()
		// In vain: it waits on, for those of before.
		if _, err := w.reload(t, 2, 1, 2, 4); !errors.Is(err, ledger.ErrNoQuorum) {
			t.Fatal(err)
		}
		if w.log.View() != before || w.log.Waiting() == 0 {
			t.Error("without either quorum something is public, or nothing waits")
		}
		if _, err := w.reload(t, 2, 3, 4); err != nil {
			t.Fatal(err)
		}
		if err := <-registered; err != nil {
			t.Fatal(err)
		}
		w.public(t, 2, 2)
		// And the other way: what waits after a reload in vain is public when those of before are back.
		w.away(true, 3)
		go func() {
			_, err := w.log.Append(context.Background(), unchecked(t, 2))
			registered <- err
		}()
		synctest.Wait()
		if _, err := w.reload(t, 1, 1, 4); !errors.Is(err, ledger.ErrNoQuorum) {
			t.Fatal(err)
		}
		w.away(false, 3)
		if err := <-registered; err != nil {
			t.Fatal(err)
		}
		w.public(t, 3, 2)
	})
}

// A doubt holds back what is taken until those who make it cosign, or are asked no more.
func TestATreeInDoubtIsPublicByTheNewQuorum(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		w.all[0].Claim(99)
		w.all[1].Claim(99)
		registered := make(chan error, 1)
		go func() {
			_, err := w.log.Append(context.Background(), unchecked(t, 1))
			registered <- err
		}()
		time.Sleep(time.Minute)
		if w.log.Doubt() == nil {
			t.Fatal("no doubt")
		}
		if _, err := w.reloadKeeping(t, w.policyOf(3, 1, 2, 3), func() error { return errors.New("kept") }); err == nil || w.log.Doubt() == nil {
			t.Fatalf("%v, in doubt: %v", err, w.log.Doubt())
		}
		unheard, err := w.reload(t, 1, 3)
		if err != nil || len(unheard) != 2 {
			t.Fatal(unheard, err)
		}
		if err := <-registered; err != nil {
			t.Fatal(err)
		}
		w.public(t, 2, 1)
	})
}

// A ledger that has not been confirmed since its start is, by the witnesses that come.
func TestAStartThatWaitsForItsWitnessesGoesOnWithOthers(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		synctest.Wait()
		if err := w.end(t); err != nil {
			t.Fatal(err)
		}
		w.away(true, 0, 1)
		w.open(t)
		synctest.Wait()
		if w.log.Confirmed() {
			t.Fatal("confirmed by one of two")
		}
		if _, err := w.reload(t, 1, 3); err != nil || !w.log.Confirmed() {
			t.Fatal(w.log.Confirmed(), err)
		}
		w.append(t, unchecked(t, 1))
	})
}

// Whoever reads meanwhile has one policy a View, and its receipts hold by it.
func TestReadersAndWritersGoOnThroughReloads(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.join(t, "w4.example")
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			for n := uint64(1); ctx.Err() == nil; n++ {
				if _, err := w.log.Append(context.Background(), unchecked(t, n)); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
			}
		})
		group.Go(func() {
			for ctx.Err() == nil {
				v := w.log.View()
				b, err := v.Receipt(0)
				if err != nil {
					t.Error(err)
					return
				}
				holds(t, b, v.Policy().Bytes())
				_, _, _, _ = w.log.Reports(), w.log.Doubt(), w.log.Seen(), w.log.Confirmed()
				_, _ = w.log.Past().Cosigned(w.all[0].Key)
				time.Sleep(time.Second)
			}
		})
		for i := range 20 {
			time.Sleep(time.Second)
			if _, err := w.reload(t, 2+i%2, [][]int{{1, 2, 3, 4}, {2, 3, 4}, {1, 2, 3}}[i%3]...); err != nil {
				t.Error(err)
			}
		}
		cancel()
		group.Wait()
	})
}

// Two at once are one after the other, and the last that was kept is what is asked by.
func TestTwoReloadsAtOnceAreOneAfterTheOther(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		var mu sync.Mutex
		var last *witness.Witnesses
		var group sync.WaitGroup
		for _, policy := range [][]byte{w.policyOf(1, 1), w.policyOf(1, 2)} {
			terms := w.terms(t, policy, kept)
			terms.Keep = func() error { mu.Lock(); defer mu.Unlock(); last, w.policy = terms.Witnesses, policy; return nil }
			group.Go(func() {
				if _, err := w.log.Reload(t.Context(), terms); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.witnesses = last
		if got := w.log.View().Policy().Bytes(); !bytes.Equal(got, w.policy) {
			t.Errorf("kept is\n%sand the policy is\n%s", w.policy, got)
		}
		w.append(t, unchecked(t, 1))
		synctest.Wait()
		w.public(t, 2, 1)
	})
}

func TestAReloadEndsWithItsCallerAndWithTheLog(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		w.append(t, unchecked(t, 0))
		w.join(t, "w4.example")
		w.away(true, 3)
		terms := w.terms(t, w.policyOf(1, 4), kept)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := w.log.Reload(ctx, terms); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whoever went was told %v", err)
		}
		terms.Witnesses.Close()
		w.append(t, unchecked(t, 1))
		terms = w.terms(t, w.policyOf(1, 4), kept)
		answered := make(chan error, 1)
		go func() {
			_, err := w.log.Reload(context.Background(), terms)
			answered <- err
		}()
		synctest.Wait()
		begun := time.Now()
		if err := w.log.Close(); err != nil || time.Since(begun) > 6*time.Second {
			t.Errorf("it ended after %s with %v", time.Since(begun), err)
		}
		if err := <-answered; !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("a reload while it ends: %v", err)
		}
		if _, err := w.log.Reload(t.Context(), terms); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("a reload after its end: %v", err)
		}
		terms.Witnesses.Close()
	})
}

func TestAPolicyOfAnotherLedgerIsNotTaken(t *testing.T) {
	inWitnessed(t, 2, func(t *testing.T, w *witnessed) {
		before := w.log.View().Policy()
		other := newSigner("other.example", 0)
		for text, want := range map[string]string{
			"log " + other.String() + "\nquorum none\n": "the ledger " + home.String() + " is no log of it",
			"quorum\n": "policy: ",
		} {
			if _, err := w.log.Reload(t.Context(), ledger.Terms{Policy: []byte(text)}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
		}
		if w.log.View().Policy() != before {
			t.Error("the policy is another")
		}
	})
}
