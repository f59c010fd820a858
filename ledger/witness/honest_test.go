package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/witness/witnesstest"
)

// An honest witness follows c2sp.org/tlog-witness: as it is now, or v1.0.0.
type honest struct {
	keys   []signer
	ledger note.Key
	v1     bool          // answers another root of one size with 409
	dark   bool          // has no monitoring endpoint
	delay  time.Duration // before it answers

	mu       sync.Mutex
	has      *tlog.SignedCheckpoint // nil before the first
	cosigned []note.Signature
	asked    []string // "old to size: status" of each request
	inFlight int
	most     int // requests in flight at a time
}

// took lets the witness have a checkpoint that somebody else brought it.
func (h *honest) took(c tlog.SignedCheckpoint) *honest {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.has = &c
	return h
}

func (h *honest) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	origin := sha256.Sum256([]byte(h.ledger.Name()))
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/add-checkpoint":
		h.addCheckpoint(rw, r)
	case r.Method == http.MethodGet && r.URL.Path == "/"+hex.EncodeToString(origin[:])+"/checkpoint" && !h.dark:
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.has == nil {
			http.NotFound(rw, r)
			return
		}
		c := *h.has
		c.Note.Signatures = append(slices.Clone(c.Note.Signatures), h.cosigned...)
		rw.Write(c.Bytes())
	default:
		http.NotFound(rw, r)
	}
}

func (h *honest) addCheckpoint(rw http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.inFlight++
	h.most = max(h.most, h.inFlight)
	h.mu.Unlock()
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, MaxRequest))
	select {
	case <-time.After(h.delay):
	case <-r.Context().Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inFlight--
	p, parseErr := tlog.ParseConsistency(body)
	if err != nil || parseErr != nil {
		http.Error(rw, fmt.Sprint(err, parseErr), http.StatusBadRequest)
		return
	}
	status, answer := h.judge(p)
	h.asked = append(h.asked, fmt.Sprintf("%d to %d: %d", p.Old, p.Checkpoint.Size, status))
	if status == http.StatusConflict && answer != nil {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	rw.WriteHeader(status)
	rw.Write(answer)
}

func (h *honest) judge(p tlog.Consistency) (int, []byte) {
	c := p.Checkpoint
	size, root := uint64(0), tlog.EmptyRoot()
	if h.has != nil {
		size, root = h.has.Size, h.has.Root
	}
	switch status := witnesstest.Judge(h.ledger, size, root, p); {
	case status == http.StatusUnprocessableEntity && h.v1 && p.Old == c.Size && root != c.Root:
		return http.StatusConflict, nil
	case status == http.StatusConflict:
		return status, fmt.Appendf(nil, "%d\n", size)
	case status != http.StatusOK:
		return status, nil
	}
	h.has, h.cosigned = &c, nil
	var answer []byte
	for _, k := range h.keys {
		s := k.cosign(c.Note.Text, now())
		h.cosigned = append(h.cosigned, s)
		answer = s.Append(answer)
	}
	return http.StatusOK, answer
}

// wasAsked fails the test unless the witness had just these requests since the last
// time.
func (h *honest) wasAsked(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.asked, want) {
		t.Errorf("requests were %q, want %q", h.asked, want)
	}
	h.asked = nil
}

func bothVersions(t *testing.T, test func(t *testing.T, v1 bool)) {
	t.Run("v1.0.0", func(t *testing.T) { test(t, true) })
	t.Run("main", func(t *testing.T) { test(t, false) })
}
