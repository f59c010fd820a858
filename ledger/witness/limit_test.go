package witness

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// What goes to a witness has room for the longest proof beside it.
func TestARequestHasItsLimit(t *testing.T) {
	const limit = MaxRequest - maxProof
	for over := range 2 {
		inWorld(t, func(t *testing.T, w *world) {
			w.log = newLog(1000, 1000, "")
			ws := w.open()
			defer ws.Close()
			// Lines grow by four bytes, so the digits of the size do the rest.
			for _, size := range []int{1, 10, 100, 1000} {
				c := w.log.checkpoint(size, note.Signature{Name: home, Bytes: []byte{1, 2}})
				rest := limit + over - len(c.Bytes())
				if rest%4 != 0 {
					continue
				}
				c.Note.Signatures[1].Bytes = make([]byte, 2+rest/4*3)
				if n := len(c.Bytes()); n != limit+over {
					t.Fatalf("the checkpoint has %d bytes", n)
				}
				_, err := ws.Cosign(t.Context(), c, now())
				if over == 0 && err != nil || over == 1 && (err == nil || err.Error() != "checkpoint with the ledger's own lines has 7381 bytes, at most 7380 go to a witness") {
					t.Errorf("%d over: %v", over, err)
				}
				return
			}
			t.Error("no size fits")
		})
	}
}

// The time of a cosignature has to be within Window of the newest entry's and of ours.
func TestTheTimeOfACosignatureHasItsLimits(t *testing.T) {
	for _, c := range []struct {
		name     string
		entry    int64 // since the start
		cosigned int64
		ok       bool
	}{
		{"as old as may be", -1000, -1300, true},
		{"a second older", -1000, -1301, false},
		{"as far ahead as may be", -1000, 300, true},
		{"a second further", -1000, 301, false},
		{"an entry of the future", 100, -200, true},
		{"before it", 100, -201, false},
		{"no time at all", -946_684_800, -946_684_800, false}, // the start is at the beginning of 2000
		{"the first second", -946_684_800, -946_684_799, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				s := newSigner("w1.example", note.Cosignature)
				w.add("w1", s.Key, signs(func(text []byte) []note.Signature {
					return []note.Signature{s.cosign(text, w.start.Unix()+c.cosigned)}
				}))
				w.want(1)
				ws := w.open()
				defer ws.Close()
				answered := make(chan bool, 1)
				go func() {
					_, err := ws.Cosign(t.Context(), w.log.checkpoint(7), now()+c.entry)
					answered <- err == nil
				}()
				synctest.Wait()
				select {
				case <-answered:
					if !c.ok {
						t.Error("it counts")
					}
				default:
					if c.ok {
						t.Error("it does not count")
					}
				}
			})
		})
	}
}

// An answer may have maxAnswer bytes, and not one more.
func TestAnAnswerHasItsLimit(t *testing.T) {
	for _, over := range []int{0, 1} {
		inWorld(t, func(t *testing.T, w *world) {
			s := newSigner("w1.example", note.Cosignature)
			w.add("w1", s.Key, func() http.HandlerFunc {
				return func(rw http.ResponseWriter, r *http.Request) {
					p := must(tlog.ParseConsistency(must(io.ReadAll(r.Body))))
					b := s.cosign(p.Checkpoint.Note.Text, now()).Append(nil)
					for name := 1; len(b) < maxAnswer+over; name = 1 {
						rest := maxAnswer + over - len(b)
						if rest > 400 {
							rest = 200
						}
						for ; name < rest; name++ { // the name fills up what base64 leaves
							x := note.Signature{Name: strings.Repeat("x", name), Bytes: make([]byte, 60)}.Append(nil)
							if len(x) == rest {
								b = append(b, x...)
								break
							}
						}
					}
					rw.Write(b)
				}
			}())
			w.want(1)
			ws := w.open()
			defer ws.Close()
			if over == 0 {
				w.cosign(ws, 7, "w1")
				w.logged()
				return
			}
			go ws.Cosign(t.Context(), w.log.checkpoint(7), now())
			w.logged([]string{"the answer has more than the 16384 bytes that are allowed"})
		})
	}
}
