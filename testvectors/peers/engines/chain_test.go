//go:build linux

package engines

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	swappers = 8
	seed     = 20261123
)

// A swapping is what happened while heads were swapped by many at once.
type swapping struct {
	mu      sync.Mutex
	before  map[string]string // head by head: the one that it was to replace, of all that were ever sent
	won     []string          // heads of which the store said that it holds them
	unknown []string          // heads of which it said neither
	hidden  int               // of these, heads that won
	answers map[string]int
	longest time.Duration     // that a swap took
	torn    int               // reads whose ETag is not that of the bytes
	behind  int               // of these, with the ETag of a head before
	others  map[string]bool   // keys that were listed and that nobody put
	etags   map[string]string // heads by their ETag
}

func newSwapping() *swapping {
	return &swapping{before: map[string]string{}, answers: map[string]int{}, others: map[string]bool{}, etags: map[string]string{}}
}

// headOf is a head of that name, and nameOf the name of a head.
func headOf(name string, size int) []byte {
	return append([]byte(name+"\n"), make([]byte, size)...)
}

func nameOf(head []byte) string {
	name, _, _ := bytes.Cut(head, []byte("\n"))
	return string(name)
}

// swap has swappers, spread over all gateways, read a head and put another in its place
// under the ETag that they read, so many times each. A head says which it replaces, and is
// padded by that many bytes. Over direct nothing is lost.
func (s *swapping) swap(t *testing.T, direct, all []store, key string, times, size int) {
	t.Helper()
	ctx := t.Context()
	must(t, direct[0].create(ctx, key, headOf("0", size)))
	s.etags[sum(headOf("0", size))] = "0"
	var wg, lister sync.WaitGroup
	for w := range swappers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(w)))
			for i := range times {
				s.once(ctx, all[random.IntN(len(all))], all[random.IntN(len(all))], key, fmt.Sprintf("%d.%d", w, i), size)
			}
		})
	}
	listing, end := context.WithCancel(ctx)
	lister.Go(func() {
		for listing.Err() == nil {
			keys, _ := direct[0].keys(listing, key[:strings.LastIndexByte(key, '/')+1])
			s.mu.Lock()
			for _, k := range keys {
				if k != key {
					s.others[k] = true
				}
			}
			s.mu.Unlock()
		}
	})
	wg.Wait()
	end()
	lister.Wait()
}

// once reads the head over one gateway and swaps it over another.
func (s *swapping) once(ctx context.Context, reader, writer store, key, mine string, size int) {
	body, etag, err := reader.get(ctx, key)
	s.mu.Lock()
	if err != nil {
		s.answers["GET "+outcome(err)]++
		s.mu.Unlock()
		return
	}
	head := headOf(mine, size)
	s.before[mine], s.etags[sum(head)] = nameOf(body), mine
	if etag != sum(body) {
		s.torn++
		if s.comesBefore(s.etags[etag], nameOf(body)) {
			s.behind++
		}
	}
	s.mu.Unlock()
	from := time.Now()
	err = writer.swap(ctx, key, etag, head)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longest = max(s.longest, time.Since(from))
	s.answers[outcome(err)]++
	switch {
	case err == nil:
		s.won = append(s.won, mine)
	case !strings.HasPrefix(outcome(err), "412"):
		s.unknown = append(s.unknown, mine)
	}
}

// comesBefore says whether a head is on the chain back from another.
func (s *swapping) comesBefore(a, b string) bool {
	for b != "0" && b != "" {
		if b = s.before[b]; a == b {
			return true
		}
	}
	return false
}

// check walks from the last head back to the first: each head that won is there, none that
// was refused, and some of those of which nothing was said.
func (s *swapping) check(t *testing.T, direct store, key string) {
	t.Helper()
	body, etag, err := direct.get(t.Context(), key)
	must(t, err)
	if etag != sum(body) {
		t.Errorf("the last head, which nobody replaces: ETag %s, the bytes have %s", etag, sum(body))
	}
	chain, last := map[string]bool{}, nameOf(body)
	for at := last; at != "0"; at = s.before[at] {
		if chain[at] || at == "" {
			t.Fatalf("the chain back from %s goes astray at %q", last, at)
		}
		chain[at] = true
	}
	lost := 0
	for _, w := range s.won {
		if !chain[w] {
			lost++
		}
	}
	for _, u := range s.unknown {
		if chain[u] {
			s.hidden++
		}
	}
	if lost > 0 || len(chain) != len(s.won)+s.hidden {
		t.Errorf("%d heads won, of which %d are not on the chain, which has %d; %d of them were not told", len(s.won), lost, len(chain), s.hidden)
	}
	if s.behind != s.torn {
		t.Errorf("%d reads had the ETag of another head, and only %d that of one before: a swap on that forks", s.torn, s.behind)
	}
	t.Logf("%v: %d won, %d unknown of which %d had won; %d reads with the ETag of a head before; %d other keys listed; the longest swap took %s",
		s.answers, len(s.won), len(s.unknown), s.hidden, s.torn, len(s.others), s.longest.Round(time.Millisecond))
}

// makesOneChain swaps heads of several sizes, and returns what was seen of each.
func makesOneChain(t *testing.T, e *Engine) []*swapping {
	var seen []*swapping
	for _, size := range []int{0, 100_000, 5 << 20} {
		s := newSwapping()
		key, all := fmt.Sprintf("chain of %d/head", size), stores(e)
		s.swap(t, all, all, key, max(3, *rounds/(1+size/100_000)), size)
		s.check(t, all[0], key)
		seen = append(seen, s)
	}
	return seen
}
