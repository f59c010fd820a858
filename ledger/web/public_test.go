package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// inWitnessed runs a test with a ledger that one witness has confirmed, in a bubble.
func inWitnessed(t *testing.T, test func(t *testing.T, w *world, asked *witnesstest.Witness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		clock := func() time.Time { return time.Unix(epoch, 0).Add(time.Since(begun)) }
		asked, change := withWitness(t, clock)
		w := newWorld(t, change, "ledger", vfs.NewMem())
		tick := time.NewTicker(time.Second)
		over := make(chan struct{})
		defer close(over)
		go func() { // its clock is the bubble's
			for {
				select {
				case <-tick.C:
					w.unix.Store(clock().Unix())
				case <-over:
					return
				}
			}
		}()
		w.add(contract(0))
		test(t, w, asked)
	})
}

func TestWhatIsTakenIsNotSaidToBeMissing(t *testing.T) {
	inWitnessed(t, func(t *testing.T, w *world, asked *witnesstest.Witness) {
		r, unknown := contract(1), contract(2)
		path := "/records/" + r.ID().String()
		paths := []string{path, path + "/receipt", "/contracts/" + r.ID().String(), "/contracts/" + r.ID().String() + "?after=1"}
		const waits = "taken, not public yet: it waits for the ledger's witnesses"
		asked.SetAway(true)
		begun := time.Now()
		wantProblemOf(t, "urn:chirograph:not-public-yet", w.post(r.Bytes()), 503, "", waits)
		if d := time.Since(begun); d != publishWait {
			t.Errorf("it waited %s", d)
		}
		for _, path := range paths {
			for _, method := range []string{"GET", "HEAD"} {
				resp := w.get(method, path)
				if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "10" || resp.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: %s %v", method, path, resp.Status, resp.Header)
				}
			}
			b := read(t, w.get("GET", path))
			wantProblemOf(t, notPublic, w.get("GET", path), 503, "", waits)
			for _, leak := range []string{r.ID().String(), "manufacturer", "index", "contract", "terms"} {
				if strings.Contains(string(b), leak) {
					t.Errorf("%s says %q: %s", path, leak, b)
				}
			}
		}
		// Nothing else of it is there, nor is what nobody sent.
		if c := w.checkLog(); len(c) != 1 {
			t.Errorf("%d entries are served", len(c))
		}
		for _, path := range []string{"/tile/0/000.p/2", "/tile/entries/000.p/2", "/consistency/2"} {
			wantProblem(t, w.get("GET", path), 404, "", "")
		}
		if b := read(t, w.get("GET", "/keys/"+maker.Public().String())); strings.Contains(string(b), r.ID().String()) {
			t.Errorf("the page of a key has it: %s", b)
		}
		for _, path := range []string{"/records/", "/contracts/"} {
			wantProblem(t, w.get("GET", path+unknown.ID().String()), 404, "", "is registered among the first 1")
		}
		// What stands in line behind it is not taken yet, and nobody says that it is.
		wantProblemOf(t, "urn:chirograph:not-taken", w.post(contract(3).Bytes()), 503, "", "not taken yet, send it again later: ")
		wantProblem(t, w.get("GET", "/records/"+contract(3).ID().String()), 404, "", "is registered among the first 1")
		// It is sent again, and waits as before, until it is public.
		asked.SetAway(false)
		wantReceiptOf(t, w.post(r.Bytes()))
		for _, path := range paths {
			if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
	})
}

func wantReceiptOf(t *testing.T, resp *http.Response) {
	t.Helper()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		t.Fatalf("status %d: %s", resp.StatusCode, read(t, resp))
	}
}

func TestWhoWaitsWhenTheLedgerEndsIsToldThatItIsTaken(t *testing.T) {
	inWitnessed(t, func(t *testing.T, w *world, asked *witnesstest.Witness) {
		r := contract(1)
		asked.SetAway(true)
		answer := make(chan *http.Response, 1)
		go func() { answer <- w.post(r.Bytes()) }()
		synctest.Wait()
		if err := w.log.Close(); err != nil {
			t.Fatal(err)
		}
		wantProblemOf(t, notPublic, <-answer, 503, "", "taken, not public yet")
		wantProblemOf(t, notPublic, w.get("GET", "/records/"+r.ID().String()), 503, "", "taken, not public yet")
		wantProblemOf(t, notTaken, w.post(contract(2).Bytes()), 503, "", "not taken, send it again later: the ledger is stopping")
	})
}

func TestInDoubtReadsGoOnAndSubmittersAreToldWhy(t *testing.T) {
	inWitnessed(t, func(t *testing.T, w *world, asked *witnesstest.Witness) {
		asked.Claim(99)
		taken := contract(1)
		wantProblemOf(t, notPublic, w.post(taken.Bytes()), 503, "", "taken, not public yet")
		begun := time.Now()
		const why = "witnesses of the ledger say, without a proof, that they have seen another history of it"
		wantProblemOf(t, notTaken, w.post(contract(2).Bytes()), 503, "", why)
		wantProblem(t, w.get("GET", "/readyz"), 503, "", why)
		if d := time.Since(begun); d > 0 {
			t.Errorf("that took %s", d)
		}
		for _, path := range []string{"/checkpoint", "/healthz", "/policy", "/", "/records/" + contract(0).ID().String(), "/contracts/" + contract(0).ID().String()} {
			if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
		if resp := w.post(contract(0).Bytes()); resp.StatusCode != http.StatusOK {
			t.Errorf("what is registered: %s", resp.Status)
		}
		asked.Claim(0)
		time.Sleep(time.Minute)
		if resp := w.get("GET", "/readyz"); resp.StatusCode != http.StatusOK {
			t.Errorf("when the doubt has passed: %s", resp.Status)
		}
		wantReceiptOf(t, w.post(taken.Bytes()))
		if n := len(w.checkLog()); n != 2 {
			t.Errorf("%d entries", n)
		}
	})
}

// Those who wait take the places that are theirs, half of all for a lone address, and no more.
func TestManyWhoWaitAreBoundedAndAllAreAnswered(t *testing.T) {
	inWitnessed(t, func(t *testing.T, w *world, asked *witnesstest.Witness) {
		const places = 8
		w.h.submitters = newShare(2 * places)
		asked.SetAway(true)
		count := make(chan int, 3*places)
		for i := range 3 * places {
			go func() { count <- w.post(contract(uint64(10 + i)).Bytes()).StatusCode }()
		}
		synctest.Wait()
		if n := w.h.submitters.taken(); n != places {
			t.Errorf("%d wait, there are %d places", n, places)
		}
		if resp := w.get("GET", "/checkpoint"); resp.StatusCode != http.StatusOK {
			t.Errorf("a reader: %s", resp.Status)
		}
		got := make(map[int]int)
		for range 3 * places {
			got[<-count]++
		}
		if got[http.StatusServiceUnavailable] != places || got[http.StatusTooManyRequests] != 2*places {
			t.Errorf("answers by status: %v, want %d of 503 and %d of 429", got, places, 2*places)
		}
		if n := w.h.submitters.taken(); n != 0 {
			t.Errorf("%d still have a place", n)
		}
		asked.SetAway(false)
		time.Sleep(time.Minute)
		if n := len(w.checkLog()); n != 1+places {
			t.Errorf("%d entries, want %d", n, 1+places)
		}
	})
}
