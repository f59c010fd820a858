package witness

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

func TestACheckpointComesBackWithTheQuorumInTheOrderOfThePolicy(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b, c := w.honest("w1", note.MLDSA44), w.honest("w2", note.Cosignature), w.honest("w3", note.Cosignature)
		a.delay = time.Second
		w.want(3)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1", "w2", "w3")
		for _, h := range []*honest{a, b, c} {
			h.wasAsked(t, "7 to 7: 409", "0 to 7: 200")
		}
		w.cosign(ws, 12, "w1", "w2", "w3")
		for _, h := range []*honest{a, b, c} {
			h.wasAsked(t, "7 to 12: 200")
		}
		w.logged()
	})
}

// What is known of a witness saves requests, and what is not known costs one at most.
func TestAWitnessIsAskedFromWhatItCosignedLast(t *testing.T) {
	for _, c := range []struct {
		name string
		had  int // -1 for nothing
		want []string
	}{
		{"it has the very checkpoint", 7, []string{"7 to 7: 200", "7 to 9: 200", "9 to 9: 200"}},
		{"it is behind", 3, []string{"7 to 7: 409", "3 to 7: 200", "7 to 9: 200", "9 to 9: 200"}},
		{"it has the empty tree", 0, []string{"7 to 7: 409", "0 to 7: 200", "7 to 9: 200", "9 to 9: 200"}},
		{"it has nothing", -1, []string{"7 to 7: 409", "0 to 7: 200", "7 to 9: 200", "9 to 9: 200"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				h := w.honest("w1", note.Cosignature)
				if c.had >= 0 {
					h.took(w.log.checkpoint(c.had))
				}
				w.want(1)
				ws := w.open()
				defer ws.Close()
				for _, size := range []int{7, 9, 9} {
					w.cosign(ws, size, "w1")
				}
				h.wasAsked(t, c.want...)
				w.logged()
			})
		})
	}
}

func TestTheEmptyTreeIsCosigned(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature)
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 0, "w1")
		w.cosign(ws, 1, "w1")
		h.wasAsked(t, "0 to 0: 200", "0 to 1: 200")
	})
}

// A witness may be brought checkpoints by others, between two of ours.
func TestSomebodyElseMayBringAWitnessWhatIsPublic(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h, slow := w.honest("w1", note.Cosignature), w.honest("w2", note.Cosignature)
		slow.delay = time.Second
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 3, "w1")
		h.wasAsked(t, "3 to 3: 409", "0 to 3: 200")
		time.Sleep(5 * time.Second)
		w.cosign(ws, 5, "w1") // the slow one is being asked for 5 …
		slow.took(w.log.checkpoint(6))
		w.cosign(ws, 6, "w1") // … and has 6, which is asked for by now, when it answers
		time.Sleep(3 * time.Second)
		slow.wasAsked(t, "3 to 3: 409", "0 to 3: 200", "3 to 5: 409", "6 to 6: 200")
		w.hasLines(<-ws.Late(), 6, "w1", "w2")
		w.logged()
	})
}

func TestSubmittersWaitForNobodyWhereNoQuorumIsAskedFor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.honest("w1", note.Cosignature), w.honest("w2", note.MLDSA44)
		a.delay, b.delay = 2*time.Second, time.Second
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7)
		if w.passed() != 0 {
			t.Errorf("it took %s", w.passed())
		}
		time.Sleep(3 * time.Second) // two requests
		w.hasLines(<-ws.Late(), 7, "w2")
		time.Sleep(3 * time.Second)
		w.hasLines(<-ws.Late(), 7, "w1", "w2")
	})
}

// Nobody has to listen: what is late is the newest, once.
func TestOfWhatIsLateTheNewestWins(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		w.honest("w2", note.Cosignature).delay = time.Second
		w.honest("w3", note.Cosignature).delay = 2 * time.Second
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 4, "w1")
		time.Sleep(10 * time.Second)
		w.cosign(ws, 5, "w1")
		time.Sleep(10 * time.Second)
		w.hasLines(<-ws.Late(), 5, "w1", "w2", "w3")
		select {
		case c := <-ws.Late():
			t.Errorf("another came, of size %d", c.Size)
		default:
		}
	})
}

func TestToAskAgainIsToAskEveryWitnessAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature)
		w.want(1)
		ws := w.open()
		defer ws.Close()
		first := w.cosign(ws, 7, "w1")
		time.Sleep(time.Hour)
		second := w.cosign(ws, 7, "w1")
		for i, c := range []tlog.SignedCheckpoint{first, second} {
			at, err := h.keys[0].VerifyCosignature(c.Note.Text, c.Note.Signatures[1].Bytes)
			if want := w.start.Unix() + int64(i)*3600; err != nil || at != want {
				t.Errorf("cosigned at %d, %v; want %d", at, err, want)
			}
		}
	})
}

// One process may have several keys, and is asked once.
func TestKeysAtOneURLAreOneWitness(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := &honest{keys: []signer{newSigner("w1.example", note.MLDSA44), newSigner("w1.example", note.Cosignature)}, ledger: w.log.Key}
		w.add("old", h.keys[1].Key, h)
		w.add("new", h.keys[0].Key, nil)
		w.policy.Witnesses[1].URL = strings.TrimSuffix(w.policy.Witnesses[1].URL, "/")
		w.want(2)
		ws := w.open()
		defer ws.Close()
		c := w.cosign(ws, 7, "w1", "w1")
		if got := []uint32{c.Note.Signatures[1].ID, c.Note.Signatures[2].ID}; got[0] != h.keys[1].ID() || got[1] != h.keys[0].ID() {
			t.Errorf("key ids are %08x, want those of old and new", got)
		}
		h.wasAsked(t, "7 to 7: 409", "0 to 7: 200")
		h.keys = h.keys[:1]
		go func() {
			time.Sleep(time.Minute)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.keys = append(h.keys, newSigner("w1.example", note.Cosignature))
		}()
		w.cosign(ws, 8, "w1", "w1")
		if w.passed() < time.Minute {
			t.Errorf("cosigned after %s, when there was one key", w.passed())
		}
		w.logged([]string{"level=WARN", "witness=old", "size=8", "no cosignature of w1.example"}, []string{"cosigns again"})
	})
}

// The ledger's second key is in the policy as a witness, and nobody asks it.
func TestTheLedgersOwnLineCountsFromTheBeginning(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		second := newSigner(home, note.MLDSA44)
		w.policy.Witnesses = []verify.Witness{{Name: "ledger", Key: second.Key}}
		w.honest("w1", note.Cosignature)
		w.want(2)
		ws := w.open()
		defer ws.Close()
		text := w.log.checkpoint(7).Note.Text
		foreign := newSigner("stranger.example", note.Cosignature).cosign(text, now())
		c, err := ws.Cosign(t.Context(), w.log.checkpoint(7, second.cosign(text, now()), foreign), now())
		if err != nil {
			t.Fatal(err)
		}
		w.hasLines(c, 7, "ledger", "w1")

		_, err = ws.Cosign(t.Context(), w.log.checkpoint(8), now())
		if want := "the quorum most is out of reach: the checkpoint of size 8 lacks a line of the ledger's own"; err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
		_, err = ws.Cosign(t.Context(), w.log.checkpoint(8, second.cosign(text, now())), now())
		if want := "own line of the checkpoint of size 8: cosignature of ledger.example does not verify"; err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}

		w.policy.Groups[0].K = 1 // its own word is enough
		ws2 := w.open()
		defer ws2.Close()
		w.transport.CloseIdleConnections()
		c, err = ws2.Cosign(t.Context(), w.log.checkpoint(7, second.cosign(text, now())), now())
		if err != nil {
			t.Fatal(err)
		}
		w.hasLines(c, 7, "ledger")
	})
}

func TestNewNamesWhatIsWrongWithThePolicy(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		key := newSigner("w1.example", note.Cosignature).Key
		for url, want := range map[string]string{
			"":                           "policy: the witness w1 has no URL, so that nobody can ask it",
			"http://\x00":                "policy: witness w1: the URL cannot be read",
			"http://me:secret@w.example": "policy: witness w1: the URL of w.example has a user or a password, and policies are public",
			"ftp://w.example":            `policy: witness w1: the URL "ftp://w.example" is not http or https, a host and perhaps a path`,
			"https:///x":                 `policy: witness w1: the URL "https:///x" is not http or https, a host and perhaps a path`,
			"https://w.example/?x":       `policy: witness w1: the URL "https://w.example/?x" is not http or https, a host and perhaps a path`,
			"https://w.example/#":        `policy: witness w1: the URL "https://w.example/#" is not http or https, a host and perhaps a path`,
		} {
			w.policy.Witnesses = []verify.Witness{{Name: "w1", Key: key, URL: url}}
			if _, err := New(w.config()); err == nil || err.Error() != want {
				t.Errorf("error is %v, want %s", err, want)
			}
		}
		cfg := w.config()
		cfg.Policy = &verify.Policy{Quorum: verify.NoQuorum}
		if _, err := New(cfg); err == nil || !strings.HasSuffix(err.Error(), "is no log of it") {
			t.Errorf("error is %v", err)
		}
	})
}

func TestOnlyTheNextCheckpointOfTheLedgerIsAskedFor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature)
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		h.wasAsked(t, "7 to 7: 409", "0 to 7: 200")
		fork := newLog(20, 5, "fork")
		other := w.log.checkpoint(9)
		other.Note.Text = w.log.checkpoint(8).Note.Text
		other.Note.Signatures = w.log.checkpoint(8).Note.Signatures
		unsigned := w.log.checkpoint(9)
		unsigned.Note.Signatures = nil
		broken := w.log.checkpoint(9)
		broken.Note.Signatures = w.log.checkpoint(8).Note.Signatures
		elsewhere := w.log.checkpoint(9)
		elsewhere.Origin = "elsewhere.example"
		for want, c := range map[string]tlog.SignedCheckpoint{
			"checkpoint of size 6 after one of size 7":                      w.log.checkpoint(6),
			"checkpoint of size 7 with root ":                               fork.checkpoint(7),
			"the note of the checkpoint of size 9 has another text":         other,
			"the checkpoint of size 9 is not signed by the key of ledger":   unsigned,
			"the line of ledger.example under the checkpoint of size 9 doe": broken,
			`checkpoint is of "elsewhere.example", the ledger is ledger.ex`: elsewhere,
		} {
			if _, err := ws.Cosign(t.Context(), c, now()); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error is %v, want %s", err, want)
			}
		}
		h.wasAsked(t)
		w.cosign(ws, 8, "w1")
	})
}

func TestTheEndOfTheContextEndsTheRound(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature)
		h.delay = 5 * time.Second
		w.want(1)
		ws := w.open()
		defer ws.Close()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ws.Cosign(ended, w.log.checkpoint(7), now()); err != context.Canceled {
			t.Errorf("error is %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := ws.Cosign(ctx, w.log.checkpoint(7), now()); err != context.DeadlineExceeded {
			t.Errorf("error is %v", err)
		}
		if w.passed() != time.Second {
			t.Errorf("it took %s", w.passed())
		}
		time.Sleep(time.Hour)
		h.wasAsked(t, "7 to 7: 409") // the request that was in flight, and none after it
		h.delay = 0
		w.cosign(ws, 7, "w1")
		h.wasAsked(t, "0 to 7: 200")
	})
}

func TestANewerCheckpointTakesThePlaceOfTheOneThatWaits(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature).delay = time.Second
		w.want(1)
		ws := w.open()
		defer ws.Close()
		ended := make(chan error)
		go func() {
			_, err := ws.Cosign(t.Context(), w.log.checkpoint(7), now())
			ended <- err
		}()
		synctest.Wait()
		go func() { ended <- nil; w.cosign(ws, 8, "w1"); ended <- nil }()
		<-ended
		if err := <-ended; err != errOutdated {
			t.Errorf("error is %v", err)
		}
		<-ended
	})
}

func TestCloseEndsAllThatWaits(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature).delay = 5 * time.Second
		w.add("w2", newSigner("w2.example", note.Cosignature).Key, nil) // pauses
		w.want(1)
		ws := w.open()
		ended := make(chan error, 1)
		go func() {
			_, err := ws.Cosign(t.Context(), w.log.checkpoint(7), now())
			ended <- err
		}()
		synctest.Wait()
		ws.Close()
		if err := <-ended; err != ErrClosed || w.passed() != 0 {
			t.Errorf("error is %v after %s", err, w.passed())
		}
		if _, err := ws.Cosign(t.Context(), w.log.checkpoint(7), now()); !errors.Is(err, ErrClosed) {
			t.Errorf("error is %v", err)
		}
		ws.Close()
	})
}

// An older proof than the ledger's own code gives would be sent to nobody.
func TestAProofThatDoesNotHoldIsNotSent(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature)
		w.want(1)
		cfg := w.config()
		var wrong func(old, size uint64) ([]tlog.Hash, error)
		cfg.Prove = func(old, size uint64) ([]tlog.Hash, error) { return wrong(old, size) }
		ws := must(New(cfg))
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		h.wasAsked(t, "7 to 7: 409", "0 to 7: 200")
		for i, c := range []struct {
			prove func(old, size uint64) ([]tlog.Hash, error)
			want  string
		}{
			{newLog(20, 5, "fork").prove, "the tree of size 8 does not begin with the one of size 7 that the witness cosigned"},
			{func(_, _ uint64) ([]tlog.Hash, error) { return nil, errors.New("the disk is gone") }, "proof from size 7 to 9: the disk is gone"},
			{func(_, _ uint64) ([]tlog.Hash, error) { return make([]tlog.Hash, 64), nil }, "proof from size 7 to 10 has 64 hashes, at most 63 are allowed"},
		} {
			wrong = c.prove
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if _, err := ws.Cosign(ctx, w.log.checkpoint(8+i), now()); err != context.DeadlineExceeded {
				t.Errorf("error is %v", err)
			}
			cancel()
			h.wasAsked(t)
			all := w.lines.all()
			if last := all[len(all)-1]; i == 0 && (!strings.Contains(last, c.want) || !strings.Contains(last, "level=ERROR")) {
				t.Errorf("logged %s, want %s", last, c.want)
			}
		}
		wrong = w.log.prove
		time.Sleep(time.Minute)
		w.cosign(ws, 11, "w1")
	})
}
