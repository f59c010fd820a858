package peers

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// ofEach runs a test with each witness.
func ofEach(t *testing.T, test func(t *testing.T, kind string)) {
	for kind := range witnesses {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

func TestWitnessesCosignTheLedgerAsItGrows(t *testing.T) {
	ofEach(t, func(t *testing.T, kind string) {
		l := startLedger(t)
		w := witnesses[kind](t, "witness.example/"+strings.Fields(kind)[0], l)
		w.cosign(t, l.addCheckpoint(t, 0)) // of the empty tree
		old := uint64(0)
		for _, n := range []int{1, 1, 2, 252, 1, 44} {
			l.register(t, n)
			body := l.addCheckpoint(t, old)
			w.cosign(t, body)
			old = uint64(l.registered)
			if got := l.checkpoint(t).Size; got != old {
				t.Fatalf("the ledger has %d entries after %d", got, old)
			}
			w.cosign(t, l.addCheckpoint(t, old)) // the same tree again, for a fresh time
		}
		w.kill()
		w.again(t)
		l.register(t, 1)
		if code, answer, size := w.ask(t, l.addCheckpoint(t, 0)); code != http.StatusConflict || size != fmt.Sprintf("%d\n", old) {
			t.Errorf("after a crash the witness says %d %q", code, answer)
		}
		w.cosign(t, l.addCheckpoint(t, old))
	})
}

// What comes first, omniwitness takes from any size: that it cosigns does not show
// that it looked at the proof.
func TestAWitnessThatHasSeenNothing(t *testing.T) {
	ofEach(t, func(t *testing.T, kind string) {
		l := startLedger(t)
		w := witnesses[kind](t, "witness.example", l)
		l.register(t, 3)
		origin := sha256.Sum256([]byte(l.key.Name()))
		resp, err := patient.Get(fmt.Sprintf("%s/%x/checkpoint", w.url, origin))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("of what it has not seen it shows %s", resp.Status)
		}
		body := l.addCheckpoint(t, 2)
		if kind != "litewitness" {
			w.cosign(t, body)
			return
		}
		if code, answer, size := w.ask(t, body); code != http.StatusConflict || size != "0\n" {
			t.Errorf("it says %d %q", code, answer)
		}
		w.cosign(t, l.addCheckpoint(t, 0))
	})
}

// A refusal is what a witness that has seen size 3 of l answers to the body of an
// add-checkpoint.
type refusal struct {
	body func(t *testing.T, l, fork *ledger) []byte
	code int
	size string // what a conflict names

	omniwitness int // its status, where it is not the one of the specification
}

// growing is the refusal of which the fork is longer than before.
const growing = "of another history that goes on"

var refusals = map[string]refusal{
	"from a size before": {
		body: func(t *testing.T, l, _ *ledger) []byte { return l.addCheckpoint(t, 1) },
		code: http.StatusConflict, size: "3\n",
	},
	"from no size": {
		body: func(t *testing.T, l, _ *ledger) []byte { return l.addCheckpoint(t, 0) },
		code: http.StatusConflict, size: "3\n",
	},
	"from a size to come": {
		body: func(t *testing.T, l, _ *ledger) []byte { return l.addCheckpoint(t, 4) },
		code: http.StatusConflict, size: "3\n",
	},
	"with another hash": {
		body: func(t *testing.T, l, _ *ledger) []byte {
			c, err := tlog.ParseConsistency(l.addCheckpoint(t, 3))
			if err != nil {
				t.Fatal(err)
			}
			c.Hashes[0][0] ^= 1
			return c.Bytes()
		},
		code: http.StatusUnprocessableEntity,
	},
	"with a hash too few": {
		body: func(t *testing.T, l, _ *ledger) []byte {
			c, err := tlog.ParseConsistency(l.addCheckpoint(t, 3))
			if err != nil {
				t.Fatal(err)
			}
			c.Hashes = c.Hashes[1:]
			return c.Bytes()
		},
		code: http.StatusUnprocessableEntity,
	},
	growing: {
		body: func(t *testing.T, _, fork *ledger) []byte {
			fork.register(t, 1)
			return fork.addCheckpoint(t, 3)
		},
		code: http.StatusUnprocessableEntity,
	},
	"of another history of the same size": {
		body: func(t *testing.T, _, fork *ledger) []byte { return fork.addCheckpoint(t, 3) },
		code: http.StatusUnprocessableEntity,
	},
	"from a size beyond": {
		body: func(t *testing.T, l, _ *ledger) []byte {
			return bytes.Replace(l.addCheckpoint(t, 3), []byte("old 3\n"), []byte("old 999\n"), 1)
		},
		code: http.StatusBadRequest,
	},
	"signed by another": {
		body: func(t *testing.T, _, _ *ledger) []byte {
			other := startLedger(t)
			other.register(t, 1)
			return other.addCheckpoint(t, 0)
		},
		code: http.StatusForbidden, omniwitness: http.StatusInternalServerError,
	},
	"of an unknown log": {
		body: func(t *testing.T, _, _ *ledger) []byte {
			other := newLedger(t, "other.example")
			other.serve(t)
			return other.addCheckpoint(t, 0)
		},
		code: http.StatusNotFound, omniwitness: http.StatusInternalServerError,
	},
	"with lines for 20 KiB": { // the specification names no limit and no status
		body: func(t *testing.T, l, _ *ledger) []byte {
			line := key(t, "other.example", note.Ed25519).Signature(make([]byte, 160)).Append(nil)
			return append(l.addCheckpoint(t, 3), bytes.Repeat(line, 20<<10/len(line)+1)...)
		},
		code: http.StatusInternalServerError, omniwitness: http.StatusBadRequest,
	},
}

// What witnesses answer is what package witness of the ledger has to understand.
func TestWitnessesRefuseWhatTheyCannotHaveSeen(t *testing.T) {
	ofEach(t, func(t *testing.T, kind string) {
		l := newLedger(t, origin)
		fork := l.copied(t)
		l.serve(t)
		w := witnesses[kind](t, "witness.example", l)
		l.register(t, 3)
		w.cosign(t, l.addCheckpoint(t, 0))
		l.register(t, 2)
		fork.registered = 100 // others than those of l
		fork.serve(t)
		fork.register(t, 3)
		for name, r := range refusals {
			if name != growing {
				r.judge(t, kind, name, w, l, fork)
			}
		}
		refusals[growing].judge(t, kind, growing, w, l, fork)
		w.cosign(t, l.addCheckpoint(t, 3)) // nothing of it changed what it has seen
	})
}

func (r refusal) judge(t *testing.T, kind, name string, w *cosigner, l, fork *ledger) {
	t.Helper()
	want := r.code
	if r.omniwitness != 0 && strings.HasPrefix(kind, "omniwitness") {
		want = r.omniwitness
	}
	if code, answer, size := w.ask(t, r.body(t, l, fork)); code != want || size != r.size {
		t.Errorf("a checkpoint %s: %d %q, want %d %q", name, code, answer, want, r.size)
	}
}
