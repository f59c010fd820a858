package witness

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// alarmed returns the conflict by which the next call fails, and fails the test unless
// it names these witnesses.
func (w *world) alarmed(ws *Witnesses, size int, names ...string) *Conflict {
	w.Helper()
	_, err := ws.Cosign(w.Context(), w.log.checkpoint(size), now())
	var c *Conflict
	if !errors.As(err, &c) {
		w.Fatalf("error is %v, want a conflict", err)
	}
	var got []string
	for _, x := range c.Claims {
		got = append(got, x.Witness.Name)
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		w.Errorf("conflict is with %q, want %q", got, names)
	}
	w.hasLines(c.Asked, int(c.Asked.Size))
	return c
}

// Law 2: what the ledger's own key signed elsewhere stops it, whoever has it and
// whatever the others say.
func TestOneWitnessProvesASecondHistory(t *testing.T) {
	fork := newLog(20, 5, "fork")
	ours := newLog(20, 20, "")
	for _, c := range []struct {
		name string
		has  tlog.SignedCheckpoint
		want string
	}{
		{"a larger tree", ours.checkpoint(9), "of a larger tree than ledger.example, which has size 7"},
		{"a larger fork", fork.checkpoint(9), "of a larger tree than ledger.example, which has size 7"},
		{"a fork of the same size", fork.checkpoint(7), "of another tree than ledger.example, which has size 7"},
		{"a smaller fork", fork.checkpoint(6), "of another tree than ledger.example, which has size 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, v1 bool) {
				inWorld(t, func(t *testing.T, w *world) {
					for _, name := range []string{"w1", "w2"} {
						w.honest(name, note.Cosignature).delay = time.Second
					}
					h := w.honest("w3", note.Cosignature).took(c.has)
					h.v1 = v1
					w.want(2)
					ws := w.open()
					defer ws.Close()
					x := w.alarmed(ws, 7, "w3")
					if w.passed() != 0 {
						t.Errorf("it took %s", w.passed())
					}
					if x.Seen == nil || x.Seen.Checkpoint != c.has.Checkpoint || checkSigned(*x.Seen, w.log.Key) != nil || x.Asked.Size != 7 {
						t.Errorf("conflict is %+v", x)
					}
					if !strings.HasPrefix(x.Error(), "witness w3 shows a checkpoint that the ledger signed, of size ") || !strings.Contains(x.Error(), c.want) {
						t.Errorf("error is %s, want %s", x, c.want)
					}
					time.Sleep(time.Hour)
					if again := w.alarmed(ws, 8, "w3"); again != x {
						t.Errorf("a conflict turned into %s", again)
					}
					w.logged() // the caller is told, and says so once
				})
			})
		})
	}
}

// That the others were faster changes nothing: the next checkpoint does not leave.
func TestAProofThatComesLateStopsTheNextCheckpoint(t *testing.T) {
	for name, quorum := range map[string]int{"2 of 3": 2, "none": 0} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.honest("w1", note.Cosignature)
				w.honest("w2", note.Cosignature)
				h := w.honest("w3", note.Cosignature).took(w.log.checkpoint(9))
				h.delay = time.Second
				by := []string{"w1", "w2"}
				if quorum > 0 {
					w.want(quorum)
				} else {
					by = nil
				}
				ws := w.open()
				defer ws.Close()
				w.cosign(ws, 7, by...)
				time.Sleep(time.Minute)
				if c := w.alarmed(ws, 8, "w3"); c.Seen == nil || c.Asked.Size != 7 {
					t.Errorf("conflict is %+v", c)
				}
				time.Sleep(time.Minute)
				h.wasAsked(t, "7 to 7: 409") // and not again
			})
		})
	}
}

// What a witness cannot show counts by the policy alone.
func TestClaimsWithoutProofCountByThePolicy(t *testing.T) {
	for _, c := range []struct {
		name   string
		quorum int    // 0 for none
		claim  string // a letter for each witness: what it does
		want   string // witnesses of the conflict; "wait" for ever
	}{
		{"one of one", 1, "c", "w1"},
		{"one of two that are needed", 2, "ch", "w1"},
		{"one of three that are needed", 3, "hhc", "w3"},
		{"one of three of which two are needed", 2, "hhc", ""},
		{"two of three of which two are needed", 2, "chc", "w1 w3"},
		{"one of three of which one is needed", 1, "hch", "w2"},
		{"two of five of which three are needed", 3, "cchhh", ""},
		{"three of five of which three are needed", 3, "cchhc", "w1 w2 w5"},
		{"two of five, and a dead one, of which three are needed", 3, "cdhhc", "wait"},
		{"two of four of which two are needed", 2, "hhcc", "w3 w4"},
		{"all of none", 0, "ccc", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, v1 bool) {
				inWorld(t, func(t *testing.T, w *world) {
					fork := newLog(20, 5, "fork")
					for i, does := range c.claim {
						h := w.honest([]string{"w1", "w2", "w3", "w4", "w5"}[i], note.Cosignature)
						h.v1 = v1
						switch does {
						case 'h':
							h.delay = time.Second
						case 'd':
							h.delay = time.Hour
						case 'c': // each its own way
							h.took([]tlog.SignedCheckpoint{fork.checkpoint(7), w.log.checkpoint(9), fork.checkpoint(6)}[i%3])
							h.dark = true
						}
					}
					if c.quorum > 0 {
						w.want(c.quorum)
					}
					ws := w.open()
					defer ws.Close()
					switch c.want {
					case "":
					case "wait":
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						if _, err := ws.Cosign(ctx, w.log.checkpoint(7), now()); err != context.DeadlineExceeded {
							t.Errorf("error is %v", err)
						}
						return
					default:
						x := w.alarmed(ws, 7, strings.Fields(c.want)...)
						if x.Seen != nil || !strings.HasPrefix(x.Error(), "witnesses that the quorum needs, or who make one, say that they have a") || !strings.Contains(x.Error(), " tree than ledger.example, which has size 7") {
							t.Errorf("conflict is %s", x)
						}
						if w.passed() != 0 {
							t.Errorf("it took %s", w.passed())
						}
						return
					}
					for size := 7; size < 12; size++ {
						if _, err := ws.Cosign(t.Context(), w.log.checkpoint(size), now()); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Minute)
					}
				})
			})
		})
	}
}

// The ledger's own line gives nobody's word more weight, nor less.
func TestTheLedgersOwnLineIsNoWitnessOfAConflict(t *testing.T) {
	for _, c := range []struct {
		name  string
		text  func(w *world)
		alarm bool
	}{
		{"its own and any other", func(w *world) {
			w.policy.Groups = []verify.Group{{Name: "any", K: 1, Members: []string{"w1", "w2"}}, {Name: "q", K: 2, Members: []string{"ledger", "any"}}}
			w.policy.Quorum = "q"
		}, true},
		{"its own and both others", func(w *world) { w.want(3) }, true},
		{"its own alone", func(w *world) { w.policy.Quorum = "ledger" }, false},
		{"its own or any other", func(w *world) { w.want(1) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				second := newSigner(home, note.MLDSA44)
				w.policy.Witnesses = []verify.Witness{{Name: "ledger", Key: second.Key}}
				w.honest("w1", note.Cosignature).took(w.log.checkpoint(9)).dark = true
				w.honest("w2", note.Cosignature).delay = time.Second
				c.text(w)
				ws := w.open()
				defer ws.Close()
				for _, size := range []int{7, 8} {
					text := w.log.checkpoint(size).Note.Text
					_, err := ws.Cosign(t.Context(), w.log.checkpoint(size, second.cosign(text, now())), now())
					var x *Conflict
					if errors.As(err, &x) != c.alarm || !c.alarm && err != nil {
						t.Errorf("error is %v", err)
					}
					time.Sleep(5 * time.Second)
				}
			})
		})
	}
}

// Only what the ledger's key signed, and is not ours, is a proof.
func TestWhatAWitnessShowsIsNoProofUnlessTheLedgerSignedIt(t *testing.T) {
	fork := newLog(20, 5, "fork")
	serve := func(b []byte) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { rw.Write(b) }
	}
	bytes := func(c tlog.SignedCheckpoint) []byte { return c.Bytes() }
	mallory := newSigner("ledger.example", note.Cosignature)
	for _, c := range []struct {
		name string
		show http.HandlerFunc
		want string
	}{
		{"nothing", says(404, ""), "does not show it: the witness shows no checkpoint of this ledger"},
		{"an error", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) }, "does not show it: answers with the status 500"},
		{"a redirect", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/x", http.StatusFound) }, "does not show it: redirects (302)"},
		{"garbage", serve([]byte("what?\n")), "does not show it: signed checkpoint: note has no empty line after its text"},
		{"a huge body", forever(200, strings.Repeat("x", 4096)), "the answer has more than the 16384 bytes that are allowed"},
		{"a slow drip", forever(200, "x"), "does not show it: no answer in time"},
		{"another's checkpoint", serve(bytes(tlog.SignedCheckpoint{Checkpoint: fork.checkpoint(9).Checkpoint, Note: note.Note{Text: fork.checkpoint(9).Note.Text, Signatures: []note.Signature{
			mallory.cosign(fork.checkpoint(9).Note.Text, 1)}}})), "does not show it: the checkpoint of size 9 is not signed by the key of ledger.example"},
		{"a forged signature", serve(bytes(tlog.SignedCheckpoint{Checkpoint: fork.checkpoint(9).Checkpoint, Note: note.Note{Text: fork.checkpoint(9).Note.Text, Signatures: fork.checkpoint(8).Note.Signatures}})),
			"does not show it: the line of ledger.example under the checkpoint of size 9 does not verify"},
		{"ours", serve(bytes(fork.checkpoint(5))), "of size 9999, and shows one that is ours"},
		{"our newest", serve(bytes(newLog(20, 20, "").checkpoint(7))), "of size 9999, and shows one that is ours"},
		{"our first", serve(bytes(fork.checkpoint(0))), "of size 9999, and shows one that is ours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.honest("w1", note.Cosignature)
				w.add("w2", newSigner("w2.example", note.Cosignature).Key, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodGet {
						c.show(rw, r)
						return
					}
					says(409, "9999\n")(rw, r)
				}))
				w.honest("w3", note.Cosignature)
				w.want(2)
				ws := w.open()
				defer ws.Close()
				w.cosign(ws, 7, "w1", "w3")
				time.Sleep(time.Minute)
				w.cosign(ws, 8, "w1", "w3")
				w.logged([]string{"level=ERROR", "witness=w2", "size=7", c.want})
			})
		})
	}
}

func TestAClaimThatCannotBeCheckedIsNoProof(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		h := &honest{ledger: w.log.Key}
		h.took(newLog(20, 5, "fork").checkpoint(6))
		w.add("w2", newSigner("w2.example", note.Cosignature).Key, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				h.ServeHTTP(rw, r)
				return
			}
			says(409, "9999\n")(rw, r)
		}))
		w.honest("w3", note.Cosignature)
		w.want(2)
		cfg := w.config()
		cfg.Prove = func(old, size uint64) ([]tlog.Hash, error) {
			if old == 6 {
				return nil, errors.New("the disk is gone")
			}
			return w.log.prove(old, size)
		}
		ws := must(New(cfg))
		defer ws.Close()
		w.cosign(ws, 7, "w1", "w3")
		w.logged([]string{"level=ERROR", "does not show it: proof from size 6 to 7: the disk is gone"})
	})
}

// What was asked for while a witness was showing it is ours.
func TestWhatWasAskedForInTheMeantimeIsNoConflict(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		w.add("w2", newSigner("w2.example", note.Cosignature).Key, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				time.Sleep(2 * time.Second)
				rw.Write(w.log.checkpoint(8).Bytes())
				return
			}
			io.Copy(io.Discard, r.Body)
			says(409, "8\n")(rw, r)
		}))
		w.honest("w3", note.Cosignature)
		w.want(2)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1", "w3")
		time.Sleep(time.Second)
		w.cosign(ws, 8, "w1", "w3")
		time.Sleep(time.Minute)
		w.cosign(ws, 9, "w1", "w3")
	})
}

// A claim stands until its witness cosigns.
func TestWhoCosignsClaimsNoLonger(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.honest("w1", note.Cosignature).took(w.log.checkpoint(15))
		h.dark = true
		w.honest("w2", note.Cosignature)
		w.honest("w3", note.Cosignature)
		w.want(2)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w2", "w3")
		synctest.Wait()
		h.took(w.log.checkpoint(6)) // its operator put it right
		time.Sleep(time.Minute)
		w.hasLines(<-ws.Late(), 7, "w1", "w2", "w3")
		x := &honest{keys: []signer{newSigner("w2.example", note.Cosignature)}, ledger: w.log.Key, dark: true}
		x.took(w.log.checkpoint(15))
		w.stop[1]()
		w.serve("w2.example", http.StripPrefix("/witness", x))
		w.cosign(ws, 8, "w1", "w3")
		time.Sleep(time.Minute)
		w.cosign(ws, 9, "w1", "w3")
		w.logged([]string{"level=ERROR", "witness=w1", "size 15"}, []string{"witness=w1", "cosigns again"}, []string{"level=ERROR", "witness=w2", "size 15"})
	})
}

func TestSeenReturnsWhatTheWitnessShows(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.MLDSA44)
		w.want(1)
		url := w.policy.Witnesses[0].URL
		if _, err := Seen(t.Context(), w.transport, url, w.log.Key); err != ErrUnseen {
			t.Errorf("error is %v, want %v", err, ErrUnseen)
		}
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		c, err := Seen(t.Context(), w.transport, url, w.log.Key)
		if err != nil {
			t.Fatal(err)
		}
		w.hasLines(c, 7, "w1")
		if _, err := Seen(t.Context(), w.transport, url, newSigner(home+"2", note.Ed25519).Key); err != ErrUnseen {
			t.Errorf("error is %v, want %v", err, ErrUnseen)
		}
		if _, err := Seen(t.Context(), w.transport, url, newSignerOf(home, "another key", note.Ed25519).Key); err == nil || !strings.HasPrefix(err.Error(), "the checkpoint of size 7 is not signed by the key of ledger.example, SHA256:") {
			t.Errorf("error is %v", err)
		}
		if _, err := Seen(t.Context(), nil, "w1.example", w.log.Key); err == nil || err.Error() != `the URL "w1.example" is not http or https, a host and perhaps a path` {
			t.Errorf("error is %v", err)
		}
	})
}
