package witness

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
)

// The incident to be kept from: a witness that is slower than checkpoints are made.
func TestASlowWitnessPilesNothingUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.log = newLog(1000, 1000, "")
		w.honest("w1", note.Cosignature)
		slow := w.honest("w2", note.Cosignature)
		slow.delay = requestTime - time.Second
		w.want(1)
		ws := w.open()
		defer ws.Close()
		for size := 1; size <= 1000; size++ {
			w.cosign(ws, size, "w1")
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		slow.mu.Lock()
		defer slow.mu.Unlock()
		if slow.most != 1 || len(slow.asked) > 4 {
			t.Errorf("%d requests at a time, %q in all", slow.most, slow.asked)
		}
		if last := slow.asked[len(slow.asked)-1]; !strings.HasSuffix(last, " to 1000: 200") {
			t.Errorf("the last was %s", last)
		}
		w.hasLines(<-ws.Late(), 1000, "w1", "w2")
		w.logged()
	})
}

func seconds(times []time.Duration) string {
	var b strings.Builder
	for _, t := range times {
		fmt.Fprintf(&b, " %v", t.Seconds())
	}
	return strings.TrimSpace(b.String())
}

func TestPausesDoubleToHalfAMinute(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		h := watch(says(500, ""))
		w.add("w2", newSigner("w2.example", note.Cosignature).Key, h)
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		time.Sleep(130 * time.Second)
		if got, want := seconds(h.requests()), "0 1 3 7 15 31 61 91 121"; got != want {
			t.Errorf("requests came at %s, want %s", got, want)
		}
		w.cosign(ws, 8, "w1") // 9 s after the last: at once
		time.Sleep(500 * time.Millisecond)
		w.cosign(ws, 9, "w1") // half a second after it: when it is a whole one
		time.Sleep(40 * time.Second)
		if got, want := seconds(h.requests()), "130 131 161"; got != want {
			t.Errorf("requests came at %s, want %s", got, want)
		}
	})
}

func TestAWitnessThatRecoversIsAskedAsBefore(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		b := w.honest("w2", note.Cosignature)
		var mu sync.Mutex
		down := true
		h := watch(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			d := down
			mu.Unlock()
			if d {
				says(502, "")(rw, r)
			} else {
				b.ServeHTTP(rw, r)
			}
		})
		w.serve("w2.example", http.StripPrefix("/witness", h))
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		time.Sleep(10 * time.Second)
		mu.Lock()
		down = false
		mu.Unlock()
		time.Sleep(10 * time.Second)
		w.hasLines(<-ws.Late(), 7, "w1", "w2")
		mu.Lock()
		down = true
		mu.Unlock()
		h.requests()
		w.cosign(ws, 8, "w1")
		time.Sleep(2 * time.Second)
		if got, want := seconds(h.requests()), "20 21"; got != want {
			t.Errorf("requests came at %s, want %s", got, want)
		}
		w.logged([]string{"level=WARN", "502"}, []string{"level=INFO", "cosigns again"}, []string{"level=WARN", "502"})
	})
}

// A witness that asks for time gets it, up to a minute, and from a newer checkpoint
// too.
func TestRetryAfterIsHonouredWithinBounds(t *testing.T) {
	for _, c := range []struct{ status, header, want string }{
		{"429", "20", "0 20 40 60"},
		{"503", "20", "0 20 40 60"},
		{"503", "60", "0 60"},
		{"503", "61", "0 60"},
		{"503", "99999", "0 60"},
		{"503", "99999999999999999999", "0 1 3 7 10 26 56"},
		{"503", "0", "0 1 3 7 10 26 56"},
		{"503", "-1", "0 1 3 7 10 26 56"},
		{"503", "soon", "0 1 3 7 10 26 56"},
		{"503", "", "0 1 3 7 10 26 56"},
		{"500", "20", "0 1 3 7 10 26 56"},
	} {
		t.Run(c.status+" "+c.header, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.honest("w1", note.Cosignature)
				h := watch(func(rw http.ResponseWriter, r *http.Request) {
					rw.Header().Set("Retry-After", c.header)
					status := 0
					fmt.Sscan(c.status, &status)
					rw.WriteHeader(status)
				})
				w.add("w2", newSigner("w2.example", note.Cosignature).Key, h)
				w.want(1)
				ws := w.open()
				defer ws.Close()
				w.cosign(ws, 7, "w1")
				time.Sleep(10 * time.Second)
				w.cosign(ws, 8, "w1")
				time.Sleep(55 * time.Second)
				if got := seconds(h.requests()); got != c.want {
					t.Errorf("requests came at %s, want %s", got, c.want)
				}
			})
		})
	}
}

func TestWhatNobodyListensForIsTriedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := &honest{keys: []signer{newSigner("w1.example", note.Cosignature)}, ledger: w.log.Key}
		w.add("w1", h.keys[0].Key, nil)
		w.want(1)
		ws := w.open()
		defer ws.Close()
		go func() {
			time.Sleep(time.Hour)
			w.serve("w1.example", http.StripPrefix("/witness", h))
		}()
		w.cosign(ws, 7, "w1")
		if over := w.passed() - time.Hour; over < 0 || over > maxPause {
			t.Errorf("cosigned %s after the witness came back", over)
		}
		w.logged([]string{"level=WARN", "nobody listens"}, []string{"cosigns again"})
	})
}

// A connection that the witness closes while it is idle is no failure, also when a
// request is on its way by then.
func TestARequestSurvivesTheEndOfAnIdleConnection(t *testing.T) {
	t.Run("a new process", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			h := w.honest("w1", note.Cosignature)
			w.want(1)
			ws := w.open()
			defer ws.Close()
			w.cosign(ws, 7, "w1")
			w.stop[0]()
			w.serve("w1.example", http.StripPrefix("/witness", h))
			w.cosign(ws, 8, "w1")
			if w.passed() != 0 {
				t.Errorf("it took %s", w.passed())
			}
			w.logged()
		})
	})
	t.Run("on its way", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			h := &honest{keys: []signer{newSigner("w1.example", note.Cosignature)}, ledger: w.log.Key}
			n := 0
			w.add("w1", h.keys[0].Key, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if n++; n == 3 {
					io.Copy(io.Discard, r.Body)
					panic(http.ErrAbortHandler)
				}
				h.ServeHTTP(rw, r)
			}))
			w.want(1)
			ws := w.open()
			defer ws.Close()
			w.cosign(ws, 7, "w1")
			w.cosign(ws, 8, "w1")
			if w.passed() != 0 || n != 4 {
				t.Errorf("it took %s and %d requests", w.passed(), n)
			}
			w.logged()
		})
	})
}

func TestWhatAnOlderCheckpointStillGetsIsGivenUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature)
		slow := w.honest("w2", note.Cosignature)
		slow.delay = 5 * time.Second
		w.want(1)
		ws := w.open()
		defer ws.Close()
		w.cosign(ws, 7, "w1")
		time.Sleep(6 * time.Second)
		w.cosign(ws, 8, "w1") // the slow one is about to cosign 7
		time.Sleep(5 * time.Second)
		select {
		case c := <-ws.Late():
			t.Errorf("late came the checkpoint of size %d", c.Size)
		default:
		}
		w.hasLines(<-ws.Late(), 8, "w1", "w2")
		slow.wasAsked(t, "7 to 7: 409", "0 to 7: 200", "7 to 8: 200")
	})
}
