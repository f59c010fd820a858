package witness

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
)

// waits demands that a checkpoint gets no answer for a while.
func (w *world) waits(ws *Witnesses, size int, d time.Duration) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), d)
	defer cancel()
	if _, err := ws.Cosign(ctx, w.log.checkpoint(size), now()); err != context.DeadlineExceeded {
		w.Fatalf("size %d: error is %v, want %v", size, err, context.DeadlineExceeded)
	}
}

// doubted demands a doubt that these witnesses make; none for "".
func (w *world) doubted(ws *Witnesses, names string) {
	w.Helper()
	synctest.Wait()
	var got []string
	if d := ws.Doubt(); d != nil {
		if d.Seen != nil {
			w.Errorf("a doubt with a proof: %s", d)
		}
		for _, x := range d.Claims {
			got = append(got, x.Witness.Name)
		}
	}
	if strings.Join(got, " ") != names {
		w.Errorf("the doubt is of %q, want %q", got, names)
	}
}

// liar replaces a witness by one that says at will that it has a larger tree and does
// not show it.
func (w *world) liar(i int, name string) (lie func(bool)) {
	truth := &honest{keys: []signer{newSigner(name+".example", note.Cosignature)}, ledger: w.log.Key, dark: true}
	word := &honest{ledger: w.log.Key, dark: true}
	word.took(w.log.checkpoint(19))
	var lies atomic.Bool
	w.stop[i]()
	w.serve(name+".example", http.StripPrefix("/witness", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if lies.Load() {
			word.ServeHTTP(rw, r)
			return
		}
		truth.ServeHTTP(rw, r)
	})))
	return func(b bool) { synctest.Wait(); lies.Store(b) }
}

// After a quorum has confirmed the ledger, words end nothing: they pass.
func TestAWordThatComesLaterIsADoubtThatPasses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		lie := w.liar(0, "w1")
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		w.doubted(ws, "")
		lie(true)
		w.waits(ws, 8, time.Hour)
		w.doubted(ws, "w1")
		// Nobody waits any more, and it is asked on.
		lie(false)
		time.Sleep(time.Minute)
		w.doubted(ws, "")
		select {
		case c := <-ws.Late():
			if c.Size != 7 {
				t.Errorf("size %d, which nobody waits for, came late", c.Size)
			}
		default:
		}
		w.cosign(ws, 8, "w1")
		w.cosign(ws, 9, "w1")
		select {
		case <-ws.Conflicted():
			t.Error(ws.Conflict())
		default:
		}
		w.logged(
			[]string{"level=ERROR", "nothing is signed until these witnesses cosign again", "w1 (size 19)"},
			[]string{"level=ERROR", "witness=w1", "does not show it"},
			[]string{"level=INFO", "no witness whose word weighs"},
			[]string{"level=INFO", "cosigns again"},
		)
	})
}

// Two of four are a quorum, and so are the two others: whoever was faster, both halves
// cannot be right, and no checkpoint comes back until one half has thought better of it.
func TestClaimsOfAQuorumCountAlsoWhenAnotherWasFaster(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		fork := newLog(20, 5, "fork")
		w.honest("w1", note.Cosignature)
		w.honest("w2", note.Cosignature)
		var others []*honest
		for i, name := range []string{"w3", "w4"} { // their claims come in different rounds
			h := w.honest(name, note.Cosignature).took(fork.checkpoint(8 + i))
			h.dark, h.delay = true, time.Duration(1+3*i)*time.Second
			others = append(others, h)
		}
		w.want(2)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 6, "w1", "w2")
		time.Sleep(2 * time.Second)
		w.cosign(ws, 7, "w1", "w2")
		time.Sleep(time.Minute)
		w.doubted(ws, "w3 w4")
		w.waits(ws, 8, time.Hour)
		w.doubted(ws, "w3 w4")
		others[0].took(w.log.checkpoint(5))
		if _, err := ws.Cosign(t.Context(), w.log.checkpoint(8), now()); err != nil {
			t.Error(err)
		}
		w.doubted(ws, "")
	})
}

// Words and a proof: the proof ends it, at once.
func TestAProofEndsADoubt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature)
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		h.mu.Lock()
		h.dark = true
		h.mu.Unlock()
		h.took(newLog(20, 5, "fork").checkpoint(9))
		w.waits(ws, 8, time.Hour)
		w.doubted(ws, "w1")
		h.mu.Lock()
		h.dark = false
		h.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case <-ws.Conflicted():
		default:
			t.Fatal("a proof ended nothing, because nobody waited")
		}
		if c := ws.Conflict(); c == nil || c.Seen == nil || c.Seen.Size != 9 {
			t.Errorf("conflict is %v", c)
		}
		w.doubted(ws, "")
		w.alarmed(ws, 8, "w1")
	})
}

// A proof that comes after Cosign has returned is known at once.
func TestALateProofIsKnownAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		w.honest("w2", note.Cosignature)
		w.honest("w3", note.Cosignature).took(w.log.checkpoint(9)).delay = time.Second
		w.want(2)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1", "w2")
		<-ws.Conflicted()
		if c := ws.Conflict(); w.passed() != time.Second || c == nil || c.Seen == nil {
			t.Errorf("after %s: %v", w.passed(), c)
		}
	})
}
