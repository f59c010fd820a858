//go:build linux

package engines

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// through returns the store over a proxy.
func through(e *Engine, p *Proxy) store { return store{e.Client(p.URL), e.Bucket} }

func TestProxyDoesWhatItsPlanSays(t *testing.T) {
	e := Versity(t, 1)
	ctx, direct, p := t.Context(), stores(e)[0], NewProxy(t, e.Endpoints[0])
	s := through(e, p)
	for f, want := range map[Fault]struct{ says, holds string }{
		Pass: {done, "two"}, Drop: {"none", "one"}, Swallow: {"none", "two"}, Refuse: {"503 ServiceUnavailable", "one"},
		Misreport: {"500 InternalServerError", "two"}, Delay: {done, "two"}, Straggle: {"none", "two"}, Repeat: {done, "two"}, Sever: {"none", "one"},
		Twice: {refused, "two"}, // a 412 for what it has done itself
	} {
		t.Run(f.String(), func(t *testing.T) {
			key := "key of " + f.String()
			must(t, direct.put(ctx, key, one))
			p.Follow(Always(f, 10*time.Millisecond))
			err := s.swap(ctx, key, sum(one), two)
			p.Flush()
			if says := outcome(err); says[:3] != want.says[:3] {
				t.Errorf("says %s, not %s", says, want.says)
			}
			if body, _, err := direct.get(ctx, key); err != nil || string(body) != want.holds {
				t.Errorf("holds %q, not %q: %v", body, want.holds, err)
			}
		})
	}
	if did := p.Did(); len(did) != int(faults) {
		t.Errorf("of %d faults it did %v", faults, did)
	}
}

// What is delivered again is taken: nothing but the condition keeps an old head from
// coming back.
func TestARepeatedRequestIsTakenAgain(t *testing.T) {
	e := Versity(t, 1)
	ctx, direct, p := t.Context(), stores(e)[0], NewProxy(t, e.Endpoints[0])
	s := through(e, p)
	must(t, direct.put(ctx, "plain", one))
	must(t, direct.put(ctx, "conditional", one))
	p.Follow(Always(Repeat, 300*time.Millisecond))
	must(t, s.put(ctx, "plain", two))
	must(t, s.swap(ctx, "conditional", sum(one), two))
	must(t, direct.put(ctx, "plain", []byte("three")))
	must(t, direct.swap(ctx, "conditional", sum(two), []byte("three")))
	p.Flush()
	if body, _, err := direct.get(ctx, "plain"); err != nil || string(body) != "two" {
		t.Errorf("a plain PUT that came again left %q, %v", body, err)
	}
	if body, _, err := direct.get(ctx, "conditional"); err != nil || string(body) != "three" {
		t.Errorf("a conditional PUT that came again left %q, %v", body, err)
	}
}

// The same bytes have the same ETag: a head that comes back is taken for the one that was
// there before, and so is a request that belongs to that.
func TestTheSameBytesMakeAnOldConditionHoldAgain(t *testing.T) {
	e := Versity(t, 1)
	ctx, direct, p := t.Context(), stores(e)[0], NewProxy(t, e.Endpoints[0])
	must(t, direct.put(ctx, "head", one))
	p.Follow(Always(Straggle, 300*time.Millisecond))
	if got := outcome(through(e, p).swap(ctx, "head", sum(one), []byte("late"))); got != "none" {
		t.Fatalf("a straggler is answered %s", got)
	}
	must(t, direct.swap(ctx, "head", sum(one), two))
	must(t, direct.swap(ctx, "head", sum(two), one))
	p.Flush()
	if body, _, err := direct.get(ctx, "head"); err != nil || string(body) != "late" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAPartitionTellsNobody(t *testing.T) {
	e := Versity(t, 1)
	ctx, direct, p := t.Context(), stores(e)[0], NewProxy(t, e.Endpoints[0])
	s := through(e, p)
	must(t, s.put(ctx, "before", one))
	p.Cut()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if got := outcome(s.put(short, "within", one)); got != "none" {
		t.Errorf("in a partition: %s", got)
	}
	p.Heal()
	must(t, s.put(ctx, "after", one))
	keys, err := direct.keys(ctx, "")
	must(t, err)
	if want := []string{"after", "before"}; !slices.Equal(keys, want) {
		t.Errorf("%q are there, not %q", keys, want)
	}
}

// Heads that are swapped through all faults at once make one chain, on which heads are that
// nobody was told of.
func TestHeadsMakeOneChainThroughFaults(t *testing.T) {
	e := Versity(t, 3)
	var all []store
	var proxies []*Proxy
	among := []Fault{Drop, Swallow, Refuse, Misreport, Delay, Straggle, Repeat, Sever} // a 412 means what it says
	for i, endpoint := range e.Endpoints {
		p := NewProxy(t, endpoint)
		p.Follow(Seeded(seed+uint64(i), 0.3, 50*time.Millisecond, among...))
		all, proxies = append(all, through(e, p)), append(proxies, p)
	}
	direct := stores(e)
	s := newSwapping()
	s.swap(t, direct, all, "faults/head", 100, 1000)
	did := map[Fault]int{}
	for _, p := range proxies {
		p.Flush()
		for f, n := range p.Did() {
			did[f] += n
		}
	}
	s.check(t, direct[0], "faults/head")
	if len(did) != len(among)+1 {
		t.Errorf("of %d faults and none there were %v", len(among), slices.Sorted(maps.Keys(did)))
	}
	if s.hidden == 0 {
		t.Errorf("no head won without being told: %s", fmt.Sprint(s.answers))
	}
	t.Log(did)
}

func TestAProxyChangesNothing(t *testing.T) {
	e := Versity(t, 1)
	p := NewProxy(t, e.Endpoints[0])
	ctx, s := t.Context(), through(e, p)
	for _, size := range []int{0, 1, large} {
		key, body := fmt.Sprintf("a/%d é+ ~%%", size), bytes.Repeat([]byte{7}, size)
		must(t, s.create(ctx, key, body))
		if got, etag, err := s.get(ctx, key); err != nil || !bytes.Equal(got, body) || etag != sum(body) {
			t.Errorf("%d bytes: %d with ETag %s, %v", size, len(got), etag, err)
		}
		if keys, err := s.keys(ctx, key); err != nil || !slices.Equal(keys, []string{key}) {
			t.Errorf("%q are listed, %v", keys, err)
		}
	}
}
