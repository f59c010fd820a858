package witness

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// A watched handler counts what is asked.
type watched struct {
	http.Handler
	mu      sync.Mutex
	times   []time.Duration // of each request, since the start
	start   time.Time
	now     int
	most    int // requests at a time
	monitor int
}

func watch(h http.HandlerFunc) *watched { return &watched{Handler: h, start: time.Now()} }

func (x *watched) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	if r.Method == http.MethodGet {
		x.monitor++
	} else {
		x.times = append(x.times, time.Since(x.start))
	}
	x.now++
	x.most = max(x.most, x.now)
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		x.now--
		x.mu.Unlock()
	}()
	x.Handler.ServeHTTP(rw, r)
}

// requests returns when the requests came, and forgets them.
func (x *watched) requests() []time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	times := x.times
	x.times = nil
	return times
}

// says answers every request for a cosignature with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.NotFound(rw, r)
			return
		}
		io.Copy(io.Discard, r.Body)
		rw.WriteHeader(status)
		io.WriteString(rw, body)
	}
}

// same says that the witness has the size that it is asked from.
func same(rw http.ResponseWriter, r *http.Request) {
	p, err := tlog.ParseConsistency(must(io.ReadAll(r.Body)))
	if err != nil {
		http.NotFound(rw, r)
		return
	}
	says(http.StatusConflict, fmt.Sprintf("%d\n", p.Old))(rw, r)
}

// signs answers with lines that are made from the text of the checkpoint.
func signs(lines func(text []byte) []note.Signature) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		p, err := tlog.ParseConsistency(must(io.ReadAll(r.Body)))
		if err != nil {
			http.NotFound(rw, r)
			return
		}
		for _, s := range lines(p.Checkpoint.Note.Text) {
			rw.Write(s.Append(nil))
		}
	}
}

// forever sends b, and again each second.
func forever(status int, b string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(status)
		for {
			if _, err := io.WriteString(rw, b); err != nil {
				return
			}
			rw.(http.Flusher).Flush()
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return
			}
		}
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// What a hostile witness can do, costs the others nothing, and us one time-out and one
// line in the log.
func TestAHostileWitnessCostsATimeOutAndALine(t *testing.T) {
	evil := newSigner("w3.example", note.Cosignature)
	other := newSignerOf("w3.example", "another key", note.Cosignature)
	log := newLog(20, 20, "")
	alternating := func() http.HandlerFunc {
		n := 0
		return func(rw http.ResponseWriter, r *http.Request) {
			n++
			says(http.StatusConflict, fmt.Sprintf("%d\n", 1+n%2))(rw, r)
		}
	}
	line := func(s note.Signature) []note.Signature { return []note.Signature{s} }
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want []string // parts of the line that is logged
	}{
		{"garbage", says(200, "\xff\x00 what?"), []string{"the answer is not signature lines: note has the control character 0x00"}},
		{"nothing", says(200, ""), []string{"the answer is not signature lines: note has no signature line"}},
		{"a page", says(200, "<html>\n\n</html>\n"), []string{"the answer is not signature lines: "}},
		{"an empty line before its own", signs(func(text []byte) []note.Signature {
			return []note.Signature{{Name: "x", Bytes: []byte{1}}, {Name: "\n\n— y", Bytes: []byte{1}}}
		}), []string{"the answer is not signature lines: it has an empty line"}},
		{"a huge body", says(200, strings.Repeat("x", 10<<20)), []string{"the answer has more than the 16384 bytes that are allowed"}},
		{"a huge body that never ends", forever(200, strings.Repeat("x", 4096)), []string{"the answer has more than the 16384 bytes that are allowed"}},
		{"a slow drip", forever(200, "x"), []string{"no answer in time"}},
		{"a slow drip of a refusal", forever(409, "1"), []string{"no answer in time"}},
		{"hanging", hang, []string{"no answer in time"}},
		{"hanging up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, []string{"EOF"}},
		{"no HTTP", func(rw http.ResponseWriter, _ *http.Request) {
			conn, _, _ := http.NewResponseController(rw).Hijack()
			fmt.Fprintf(conn, "HELLO %s\r\n", strings.Repeat("x", 1000))
			conn.Close()
		}, []string{"malformed HTTP status code"}},
		{"another key's line under its name", signs(func(text []byte) []note.Signature { return line(other.cosign(text, now())) }),
			[]string{"the answer has no cosignature of w3.example"}},
		{"another key's line under its name and key id", signs(func(text []byte) []note.Signature {
			return line(evil.Signature(other.cosign(text, now()).Bytes))
		}), []string{"cosignature of w3.example does not verify"}},
		{"a line that verifies and one that does not", signs(func(text []byte) []note.Signature {
			return []note.Signature{evil.cosign(text, now()), evil.Signature(other.cosign(text, now()).Bytes)}
		}), []string{"cosignature of w3.example does not verify"}},
		{"a cosignature of another checkpoint", signs(func([]byte) []note.Signature {
			return line(evil.cosign(log.checkpoint(6).Note.Text, now()))
		}), []string{"cosignature of w3.example does not verify"}},
		{"an old cosignature", signs(func(text []byte) []note.Signature { return line(evil.cosign(text, now()-3600)) }),
			[]string{"cosignature of w3.example has the time 946681200, it has to be from "}},
		{"a cosignature of the time 0", signs(func(text []byte) []note.Signature { return line(evil.cosign(text, 0)) }),
			[]string{"cosignature of w3.example has the time 0, it has to be from "}},
		{"a cosignature of tomorrow", signs(func(text []byte) []note.Signature { return line(evil.cosign(text, now()+86400)) }),
			[]string{"cosignature of w3.example has the time 946771200, it has to be from "}},
		{"its signature as if it were a log", signs(func(text []byte) []note.Signature { return line(evil.Signature(evil.sign(text))) }),
			[]string{"cosignature of w3.example "}},
		{"a size in the future", says(409, "9999999\n"), []string{"level=ERROR", "it has another tree, of size 9999999, and does not show it: the witness shows no checkpoint of this ledger"}},
		{"the greatest size", says(409, "9223372036854775807\n"), []string{"level=ERROR", "size 9223372036854775807, and does not show it"}},
		{"the same size", same, []string{"level=ERROR", "it has another tree, of size 7, and does not show it"}},
		{"no size", says(409, ""), []string{"level=ERROR", "it has another tree, of size 7, and does not show it"}},
		{"a refusal of a proof", says(422, ""), []string{"level=ERROR", "refused a proof that holds (422): it has another tree, of size 7, and does not show it"}},
		{"sizes that alternate", alternating(), []string{"named a size 3 times (409), the last is 2, and cosigned none"}},
		{"always the size 3", says(409, "3\n"), []string{"refused size 3 (409) and named the same"}},
		{"no knowledge of the ledger", says(404, ""), []string{"chirographd log-config"}},
		{"no knowledge of the key", says(403, ""), []string{"chirographd log-config"}},
		{"no understanding", says(400, strings.Repeat("why?", 10_000)), []string{"does not understand the request (400)"}},
		{"trouble", says(500, ""), []string{"answers with the status 500"}},
		{"a success that is none", says(204, ""), []string{"answers with the status 204"}},
		{"a redirect", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://w1.example/witness/add-checkpoint", http.StatusTemporaryRedirect)
		}, []string{"redirects (307), which is not followed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a := w.honest("w1", note.Cosignature)
				w.honest("w2", note.MLDSA44)
				h := watch(c.h)
				w.add("w3", evil.Key, h)
				w.want(2)
				ws := w.open()
				defer ws.Close()
				w.cosign(ws, 7, "w1", "w2")
				if w.passed() != 0 {
					t.Errorf("the others waited %s", w.passed())
				}
				time.Sleep(requestTime + time.Millisecond)
				synctest.Wait()
				want := [][]string{append([]string{"msg=\"witness does not cosign\" witness=w3 url=http://w3.example/witness size=7"}, c.want...)}
				w.logged(want...)
				if line := w.lines.all()[0]; len(line) > 600 {
					t.Errorf("the line has %d bytes", len(line))
				}
				for size := 8; size < 20; size++ {
					time.Sleep(time.Minute)
					before := w.passed()
					w.cosign(ws, size, "w1", "w2")
					if w.passed() != before {
						t.Errorf("the others waited %s", w.passed()-before)
					}
				}
				w.logged(want...)
				if h.most > 1 {
					t.Errorf("%d requests were in flight", h.most)
				}
				// A round a minute, and pauses of half a minute: at most four attempts.
				if n := len(h.requests()); n == 0 || n > 13*4*(maxRefusals+1) {
					t.Errorf("%d requests were made", n)
				}
				a.mu.Lock()
				defer a.mu.Unlock()
				if len(a.asked) != 2+12 {
					t.Errorf("another witness was asked %q", a.asked)
				}
				select {
				case c := <-ws.Late():
					t.Errorf("late came the checkpoint of size %d", c.Size)
				default:
				}
			})
		})
	}
}

func TestOfSeveralCosignaturesTheNewestThatFitsIsKept(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		s, x := newSigner("w1.example", note.Cosignature), newSigner("x.example", note.Cosignature)
		w.add("w1", s.Key, signs(func(text []byte) []note.Signature {
			return []note.Signature{x.cosign(text, 1), s.cosign(text, now()-2), s.cosign(text, now()), s.cosign(text, now()-1), s.cosign(text, now()+301), x.Signature([]byte{1})}
		}))
		w.want(1)
		ws := w.open()
		defer ws.Close()
		c := w.cosign(ws, 7, "w1")
		if at, err := s.VerifyCosignature(c.Note.Text, c.Note.Signatures[1].Bytes); err != nil || at != now() {
			t.Errorf("time is %d, %v; want %d", at, err, now())
		}
		w.logged()
	})
}

// One line of the ledger's key that verifies is the proof. Another of the same key that
// does not, which a thief or anybody writes beside it, takes nothing away.
func TestGarbageBesideTheLedgersLineHidesNoProof(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.honest("w1", note.Cosignature).delay = time.Second
		w.honest("w2", note.Cosignature).delay = time.Second
		seen := w.log.checkpoint(19)
		seen.Note.Signatures = append([]note.Signature{w.log.Signature(make([]byte, 64))}, seen.Note.Signatures...)
		w.add("w3", newSigner("w3.example", note.Cosignature).Key, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				rw.Write(seen.Bytes())
				return
			}
			says(409, "19\n")(rw, r)
		}))
		w.want(2)
		ws := w.open()
		defer ws.Close()
		x := w.alarmed(ws, 7, "w3")
		if x.Seen == nil || x.Seen.Size != 19 || checkSigned(*x.Seen, w.log.Key) != nil {
			t.Errorf("conflict is %+v", x)
		}
	})
}
