// Package witnesstest is a witness for tests: the server's side of
// c2sp.org/tlog-witness, as small as it can be and still be honest.
package witnesstest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

// A Witness cosigns for one ledger what goes on from what it cosigned last. It serves
// the paths of both prefixes of the specification.
type Witness struct {
	Key    note.Key // of type Cosignature
	Ledger note.Key
	Clock  func() time.Time

	secret ed25519.PrivateKey

	mu    sync.Mutex
	away  bool
	claim uint64
	asked func(tlog.SignedCheckpoint)
	last  *tlog.SignedCheckpoint // nil before the first
	line  []byte                 // with which it cosigned that
}

// New returns a witness of that name, whose key is made of it.
func New(name string, ledger note.Key, clock func() time.Time) (*Witness, error) {
	seed := sha256.Sum256([]byte("witness " + name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	key, err := note.NewKey(name, note.Cosignature, public)
	return &Witness{Key: key, Ledger: ledger, Clock: clock, secret: secret}, err
}

// SetAway has the witness answer 503 to everything, or no longer.
func (w *Witness) SetAway(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}

// Before has f called with each checkpoint that is sent, before it is answered.
func (w *Witness) Before(f func(tlog.SignedCheckpoint)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = f
}

// Forget has the witness know nothing of the ledger any more, as one that lost its
// state.
func (w *Witness) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.line = nil, nil
}

// Copy returns a witness with the same key and clock that remembers what this one does.
// Nobody is told of what it is sent.
func (w *Witness) Copy() *Witness {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &Witness{Key: w.Key, Ledger: w.Ledger, Clock: w.Clock, secret: w.secret, away: w.away, claim: w.claim, last: w.last, line: w.line}
}

// Claim has the witness say that it has a tree of that size, and not show it; no longer
// for 0.
func (w *Witness) Claim(size uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claim = size
}

// Take has the witness have a checkpoint that somebody else brought it.
func (w *Witness) Take(c tlog.SignedCheckpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.line = &c, w.Cosign(c.Checkpoint, w.Clock())
}

// Size returns how large the tree is that it cosigned last.
func (w *Witness) Size() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		return 0
	}
	return w.last.Size
}

func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	origin := sha256.Sum256([]byte(w.Ledger.Name()))
	switch {
	case w.away:
		http.Error(rw, "away", http.StatusServiceUnavailable)
	case r.Method == http.MethodPost && r.URL.Path == "/add-checkpoint":
		w.add(rw, r)
	case r.Method == http.MethodGet && r.URL.Path == "/"+hex.EncodeToString(origin[:])+"/checkpoint" && w.last != nil && w.claim == 0:
		rw.Write(append(w.last.Bytes(), w.line...))
	default:
		http.NotFound(rw, r)
	}
}

func (w *Witness) add(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 10<<10))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	x, err := tlog.ParseConsistency(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	if w.asked != nil {
		w.asked(x.Checkpoint)
	}
	size, root := uint64(0), tlog.EmptyRoot()
	if w.last != nil {
		size, root = w.last.Size, w.last.Root
	}
	if w.claim > 0 {
		size = w.claim
	}
	switch status := Judge(w.Ledger, size, root, x); status {
	case http.StatusOK:
		w.last, w.line = &x.Checkpoint, w.Cosign(x.Checkpoint.Checkpoint, w.Clock())
		rw.Write(w.line)
	case http.StatusConflict:
		rw.Header().Set("Content-Type", "text/x.tlog.size")
		rw.WriteHeader(status)
		fmt.Fprintf(rw, "%d\n", size)
	default:
		http.Error(rw, http.StatusText(status), status)
	}
}

// Cosign returns the line with which the witness cosigns a checkpoint at a time,
// whatever it has seen: an honest one would ask.
func (w *Witness) Cosign(c tlog.Checkpoint, at time.Time) []byte {
	text, t := c.Text(), at.Unix()
	sig := note.CosignatureBytes(t, ed25519.Sign(w.secret, note.CosignatureMessage(text, t)))
	return w.Key.Signature(sig).Append(nil)
}

// A Network is a transport that reaches witnesses by the names of their keys.
type Network map[string]*Witness

// RoundTrip has the witness that is the request's host answer at once.
func (n Network) RoundTrip(r *http.Request) (*http.Response, error) {
	w, ok := n[r.URL.Host]
	if !ok {
		return nil, fmt.Errorf("there is no witness %s", r.URL.Host)
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return answer.Result(), nil
}
