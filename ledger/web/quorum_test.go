package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/witness"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
	"github.com/chirograph/chirograph/verify"
)

// withWitness has a ledger ask one witness.
func withWitness(t *testing.T, clock func() time.Time) (*witnesstest.Witness, func(cfg *ledger.Config)) {
	t.Helper()
	w, err := witnesstest.New("w.example", home.Key, clock)
	if err != nil {
		t.Fatal(err)
	}
	return w, func(cfg *ledger.Config) {
		cfg.Policy = fmt.Appendf(nil, "log %s\nwitness w %s http://w.example\nquorum w\n", home.Key, w.Key)
		p, err := verify.ParsePolicy(cfg.Policy)
		if err != nil {
			t.Fatal(err)
		}
		s := cfg.Store
		cfg.Witnesses, err = witness.New(witness.Config{
			Ledger: home.Key, Policy: p, Transport: witnesstest.Network{"w.example": w}, Clock: clock,
			Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(s.Tile, old, size) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cfg.Witnesses.Close)
	}
}

func TestWithoutAQuorumTheLedgerReadsOnAndSaysThatItIsNotReady(t *testing.T) {
	clock := func() time.Time { return time.Unix(epoch, 0) }
	away, change := withWitness(t, clock)
	away.SetAway(true)
	w := newWorld(t, change, "ledger", vfs.NewMem())
	get := func(path string) *http.Response {
		answer := httptest.NewRecorder()
		w.h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Result()
	}
	defer away.SetAway(false) // so that the log ends soon
	for w.log.Waiting() == 0 {
		runtime.Gosched()
	}
	wantProblem(t, get("/readyz"), http.StatusServiceUnavailable, "", "witnesses have not cosigned")
	if resp := get("/readyz"); resp.Header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
	}
	// The tree of a new ledger is public with its quorum, as every other.
	for _, path := range []string{"/checkpoint", "/consistency/0"} {
		if resp := get(path); resp.Header.Get("Retry-After") != "10" {
			t.Errorf("%s: Retry-After is %q", path, resp.Header.Get("Retry-After"))
		}
		wantProblem(t, get(path), http.StatusServiceUnavailable, "", "witnesses have not cosigned its tree yet")
	}
	for _, path := range []string{"/healthz", "/policy", "/"} {
		if resp := get(path); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	// A submitter who does not wait is told that it may be registered all the same.
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("left"))
	answer := httptest.NewRecorder()
	post := httptest.NewRequest(http.MethodPost, "/records", strings.NewReader(string(revocation(newSigner("one.example")).Bytes()))).WithContext(ctx)
	post.Header.Set("Content-Type", plainText)
	w.h.ServeHTTP(answer, post)
	wantProblem(t, answer.Result(), http.StatusServiceUnavailable, "", "ask for it by its id")
}

// A start is ready when the quorum has confirmed the tree, and no longer when it stays away.
func TestALedgerIsReadyWhenItsWitnessesHaveConfirmedIt(t *testing.T) {
	inWitnessed(t, func(t *testing.T, w *world, asked *witnesstest.Witness) {
		for _, path := range []string{"/readyz", "/checkpoint"} {
			if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
		asked.SetAway(true)
		go w.post(contract(1).Bytes())
		time.Sleep(readyPatience * time.Second)
		if resp := w.get("GET", "/readyz"); resp.StatusCode != http.StatusOK {
			t.Errorf("within its patience: %s", resp.Status)
		}
		time.Sleep(2 * time.Second)
		wantProblem(t, w.get("GET", "/readyz"), http.StatusServiceUnavailable, "", "witnesses have not cosigned")
		if resp := w.get("GET", "/checkpoint"); resp.StatusCode != http.StatusOK {
			t.Errorf("what was public: %s", resp.Status)
		}
		asked.SetAway(false)
		time.Sleep(time.Minute)
	})
}

func TestSubmittersWhoWaitLeaveRoomForReaders(t *testing.T) {
	h, err := New(Config{Key: home.Key, View: func() *ledger.View { return nil }, Clock: time.Now, Checks: 1, Policy: policy})
	if err != nil || h.submitters.limit != DefaultPlaces {
		t.Fatalf("%d places, %v, want %d", h.submitters.limit, err, DefaultPlaces)
	}
	w := newWorld(t, nil, "ledger", vfs.NewMem())
	w.h.submitters = newShare(1)
	post := func() *http.Response {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/records", strings.NewReader(string(revocation(newSigner("two.example")).Bytes())))
		r.Header.Set("Content-Type", plainText)
		w.h.ServeHTTP(answer, r)
		return answer.Result()
	}
	leave := fill(t, w.h.submitters)
	wantProblemOf(t, notTaken, post(), http.StatusServiceUnavailable, "", "as many records at hand as it can take")
	leave()
	if resp := post(); resp.StatusCode != http.StatusCreated || w.h.submitters.taken() != 0 {
		t.Errorf("with a place: %s, and %d are taken after", resp.Status, w.h.submitters.taken())
	}
}

// A ledger whose store lost what its witnesses made public shows nothing of what it has, and
// denies nothing of it.
func TestWhatNoQuorumIsKnownToHaveSeenIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		asked, change := withWitness(t, func() time.Time { return time.Unix(epoch, 0).Add(time.Since(begun)) })
		asked.SetAway(true)
		r := contract(0)
		w := newWorld(t, func(cfg *ledger.Config) {
			b := cfg.Store.NewBatch()
			must(b.Append(epoch, r))
			c := must(b.Checkpoint())
			line := home.Signature(must(home.sign(c.Text())))
			if err := b.Commit(tlog.SignedCheckpoint{Checkpoint: c, Note: note.Note{Text: c.Text(), Signatures: []note.Signature{line}}}); err != nil {
				t.Fatal(err)
			}
			change(cfg)
			cfg.Witnessed = true
		}, "ledger", vfs.NewMem())
		synctest.Wait()
		const why = "witnesses have not cosigned its tree yet"
		id := r.ID().String()
		paths := []string{"/", "/checkpoint", "/consistency/0", "/consistency/1", "/tile/0/000.p/1", "/tile/entries/000.p/1",
			"/records/" + id, "/records/" + id + "/receipt", "/contracts/" + id, "/keys/" + maker.Public().String()}
		for _, path := range paths {
			wantProblem(t, w.get("GET", path), http.StatusServiceUnavailable, "", why)
		}
		for _, path := range []string{"/healthz", "/policy"} {
			if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
		wantProblem(t, w.get("GET", "/readyz"), http.StatusServiceUnavailable, "", why)
		wantProblemOf(t, notPublic, w.post(r.Bytes()), http.StatusServiceUnavailable, "", "taken, not public yet")
		faulty := func(r *record.Record) []byte {
			return maker.Signature(make([]byte, 64)).Append(append(r.Text().Bytes(), '\n'))
		}
		wantProblemOf(t, notPublic, w.post(faulty(r)), http.StatusServiceUnavailable, "", "taken, not public yet")
		wantProblemOf(t, notTaken, w.post(faulty(contract(1))), http.StatusServiceUnavailable, "", why)
		if strings.Contains(w.lines.String(), "request failed") {
			t.Errorf("log: %s", w.lines)
		}
		asked.SetAway(false)
		time.Sleep(time.Minute)
		for _, path := range paths {
			if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, resp.Status)
			}
		}
		wantReceiptOf(t, w.post(r.Bytes()))
	})
}
