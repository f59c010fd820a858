package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// from posts a record from an address.
func (w *world) from(address string, b []byte) *http.Response {
	r := httptest.NewRequest("POST", "/records", bytes.NewReader(b))
	r.Header.Set("Content-Type", plainText)
	r.RemoteAddr = address
	return w.do(r)
}

// rated has a world bound the rate of addresses.
func (w *world) rated(perSecond, burst int) *world {
	w.h.submitted = newRates(perSecond, burst, w.clock())
	w.h.asked = newRates(perSecond, burst, w.clock())
	w.h.greeted = newRates(perSecond, burst, w.clock())
	return w
}

const (
	one = "192.0.2.1:1"
	two = "192.0.2.2:1"
)

func TestAnAddressSubmitsAtItsRateAndOthersAtTheirs(t *testing.T) {
	w := open(t).rated(2, 3)
	n := uint64(0)
	next := func() []byte { n++; return contract(n).Bytes() }
	for range 3 {
		wantReceipt(t, w.from(one, next()), 201, contract(n).ID())
	}
	resp := w.from(one, next())
	if after := resp.Header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After %q", after)
	}
	wantProblem(t, resp, 429, "", "your address has sent more than it may at once; nothing was done")
	wantProblem(t, w.get("GET", "/records/"+contract(n).ID().String()), 404, "", "")
	wantReceipt(t, w.from(two, next()), 201, contract(n).ID())
	w.unix.Add(1)
	for range 2 {
		wantReceipt(t, w.from(one, next()), 201, contract(n).ID())
	}
	wantProblem(t, w.from(one, next()), 429, "", "")
	if w.lines.String() != "" {
		t.Errorf("log: %s", w.lines)
	}
}

// The field's incident: a retry that counts against a quota.
func TestARetryOfARegisteredRecordIsNotCounted(t *testing.T) {
	w := open(t).rated(1, 1)
	r := contract(1)
	wantReceipt(t, w.from(one, r.Bytes()), 201, r.ID())
	wantProblem(t, w.from(one, contract(2).Bytes()), 429, "", "")
	for range 5 {
		wantReceipt(t, w.from(one, r.Bytes()), 200, r.ID())
	}
	if spent := w.h.submitted.bin(0, 0); spent.spent > 1 {
		t.Errorf("%v tokens are spent", spent.spent)
	}
	w.unix.Add(1)
	wantReceipt(t, w.from(one, contract(2).Bytes()), 201, contract(2).ID())
}

// Who was told that the ledger is busy has not used up his rate.
func TestARetryOfWhatWasTurnedAwayIsNotCounted(t *testing.T) {
	w := open(t).rated(1, 1)
	g := w.h.gate
	w.h.gate = newGate(1, 0)
	fill(t, w.h.gate.places)
	for range 3 {
		wantProblemOf(t, notTaken, w.from(one, contract(1).Bytes()), 503, "", "as many requests at hand")
	}
	w.h.gate = g
	wantReceipt(t, w.from(one, contract(1).Bytes()), 201, contract(1).ID())
	wantProblem(t, w.from(one, contract(2).Bytes()), 429, "", "sent more than it may")
}

// As many as the rate allows go through the gate, also when all looked before one did.
func TestManyAtOnceAreNoMoreThanTheBurst(t *testing.T) {
	w := open(t).rated(1, 5)
	var mu sync.Mutex
	statuses := make(map[int]int)
	var wg sync.WaitGroup
	for n := range uint64(40) {
		wg.Go(func() {
			resp := w.from(one, contract(n).Bytes())
			mu.Lock()
			defer mu.Unlock()
			statuses[resp.StatusCode]++
		})
	}
	wg.Wait()
	if statuses[201] != 5 || statuses[429] != 35 || len(w.checkLog()) != 5 {
		t.Errorf("statuses %v", statuses)
	}
}

// What costs nothing to refuse is not counted either.
func TestWhatIsNoRecordIsNotCounted(t *testing.T) {
	w := open(t).rated(1, 1)
	for range 3 {
		wantProblem(t, w.from(one, []byte("hello")), 400, "form", "")
	}
	wantReceipt(t, w.from(one, contract(1).Bytes()), 201, contract(1).ID())
	forged := bytes.Replace(contract(2).Bytes(), []byte("terms.txt"), []byte("terms.doc"), 1)
	wantProblem(t, w.from(two, forged), 422, "signed", "")
	wantProblem(t, w.from(two, forged), 429, "", "")
}

func TestARetryOfAWaitingRecordSharesItsWait(t *testing.T) {
	w, signs, proceed := gated(t, 1)
	w.rated(1, 2)
	first, second := contract(1), contract(2)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		r := httptest.NewRequestWithContext(ctx, "POST", "/records", bytes.NewReader(first.Bytes()))
		r.Header.Set("Content-Type", plainText)
		r.RemoteAddr = one
		wantProblem(t, w.do(r), 503, "", "the request ended before its answer")
	})
	<-signs
	wg.Go(func() { wantReceipt(t, w.from(one, second.Bytes()), 201, second.ID()) })
	for w.h.records.taken() != 2 {
		runtime.Gosched()
	}
	// The queue is full, and this address's rate is used up. Nothing is checked again.
	leave := fill(t, w.h.gate.places)
	defer leave()
	for range 3 {
		wg.Go(func() { wantReceipt(t, w.from(one, first.Bytes()), 200, first.ID()) })
		wg.Go(func() { wantReceipt(t, w.from(two, second.Bytes()), 200, second.ID()) })
	}
	for w.h.submitters.taken() != 8 {
		runtime.Gosched()
	}
	cancel() // and one who leaves takes nobody along
	for w.h.submitters.taken() != 7 {
		runtime.Gosched()
	}
	proceed()
	wg.Wait()
	if n := len(w.checkLog()); n != 2 || w.h.submitters.taken() != 0 {
		t.Errorf("%d entries, %d wait", n, w.h.submitters.taken())
	}
}

// A record stays one of its address's until it has its answer: who leaves and comes
// again does not fill the queue.
func TestWhoLeavesKeepsHisPartOfTheQueue(t *testing.T) {
	w, signs, proceed := gated(t, 16)
	w.h.records = newShare(5)
	leave := func(n uint64) {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, "POST", "/records", bytes.NewReader(contract(n).Bytes()))
		r.Header.Set("Content-Type", plainText)
		r.RemoteAddr = one
		held := w.h.records.taken()
		gone := make(chan struct{})
		go func() { defer close(gone); w.do(r) }()
		for w.h.records.taken() == held {
			runtime.Gosched()
		}
		cancel()
		<-gone
	}
	for n := range uint64(3) {
		leave(n)
	}
	<-signs
	wantProblem(t, w.from(one, contract(3).Bytes()), 429, "", "as is its share")
	var wg sync.WaitGroup
	wg.Go(func() { wantReceipt(t, w.from(two, contract(4).Bytes()), 201, contract(4).ID()) })
	for w.h.records.taken() != 4 {
		runtime.Gosched()
	}
	proceed()
	wg.Wait()
	for w.h.records.taken() != 0 {
		runtime.Gosched()
	}
	wantReceipt(t, w.from(one, contract(3).Bytes()), 201, contract(3).ID())
	if n := len(w.checkLog()); n != 5 {
		t.Errorf("%d entries", n)
	}
}

func TestCostlyReadsHaveARateAndCheapOnesNone(t *testing.T) {
	w := open(t).add(contract(1)).rated(1, 1)
	id := contract(1).ID().String()
	for _, path := range []string{"/records/" + id + "/receipt", "/tile/entries/000.p/1", "/contracts/" + id, "/keys/" + maker.Public().String()} {
		w.unix.Add(1)
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		wantProblem(t, w.get("GET", path), 429, "", "")
		if resp := w.get("HEAD", path); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "1" {
			t.Errorf("HEAD %s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	for _, path := range []string{"/checkpoint", "/tile/0/000.p/1", "/records/" + id, "/consistency/1", "/policy", "/", "/healthz", "/readyz"} {
		if resp := w.get("GET", path); resp.StatusCode != 200 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestTheRateIsThatOfTheBucket(t *testing.T) {
	start := time.Unix(epoch, 0)
	r := newRates(10, 5, start)
	taken := func(d time.Duration) (n int) {
		for r.take(elsewhere, start.Add(d)) == nil {
			n++
		}
		return n
	}
	for _, step := range []struct {
		at   time.Duration
		want int
	}{{0, 5}, {99 * time.Millisecond, 0}, {100 * time.Millisecond, 1}, {350 * time.Millisecond, 2}, {400 * time.Millisecond, 1}, {time.Hour, 5},
		{time.Minute, 0}, {time.Minute + time.Second, 5}} { // the clock is put back
		if got := taken(step.at); got != step.want {
			t.Errorf("at %s: %d, want %d", step.at, got, step.want)
		}
	}
	var early *rateError
	slow := newRates(1, 1, start)
	_ = slow.take(elsewhere, start)
	if err := slow.take(elsewhere, start); !errors.As(err, &early) || early.seconds != 1 {
		t.Errorf("error %v", err)
	}
	off := newRates(0, 0, start)
	for range 100 {
		if err := off.take(elsewhere, start); err != nil {
			t.Fatalf("no rate is a bound: %v", err)
		}
	}
}

// An attacker at a thousand addresses neither holds up others nor has more himself.
func TestAThousandAddressesHoldUpFewOthersAndGainNothing(t *testing.T) {
	start := time.Unix(epoch, 0)
	r := newRates(10, 10, start)
	who := netip.MustParseAddr("203.0.113.0")
	for range 1000 {
		for range 11 {
			_ = r.take(who, start)
		}
		if r.take(who, start) == nil {
			t.Fatal("an address has more than its burst")
		}
		who = who.Next()
	}
	refused := 0
	other := netip.MustParseAddr("2001:db8::")
	for range 1000 {
		if r.take(other, start) != nil {
			refused++
		}
		other = other.Next()
	}
	// (1 - e^(-1000/8192))² of them is 1.3 %, and each of them drains on.
	if refused > 60 {
		t.Errorf("%d of 1000 others are refused", refused)
	}
	t.Logf("%d of 1000 others are refused", refused)
	// Who has spent his tokens does not have them back because others come.
	if r.take(netip.MustParseAddr("203.0.113.0"), start) == nil {
		t.Error("an address has its tokens back")
	}
}

// Who sends one more form of a record than may wait is told that it may be registered all
// the same, and whoever sends one that waits still shares its wait.
func TestOneFormTooManyIs503AndLeavesTheOthers(t *testing.T) {
	w, signs, proceed := gated(t, 16)
	forms := [][]byte{
		sealed(draft(1, nil), maker).Bytes(), sealed(draft(1, nil), buyer).Bytes(), sealed(draft(1, nil), deputy).Bytes(),
		sealed(draft(1, nil), buyer, deputy).Bytes(), contract(1).Bytes(),
	}
	var wg sync.WaitGroup
	wg.Go(func() { wantReceipt(t, w.from(one, contract(0).Bytes()), 201, contract(0).ID()) })
	<-signs
	waits := func(b []byte) {
		n := w.h.submitters.taken()
		wg.Go(func() { wantProblem(t, w.from(one, b), 422, "quorum", "") })
		for w.h.submitters.taken() == n || w.log.Pending(contract(1).ID(), b) == nil {
			runtime.Gosched()
		}
	}
	for _, b := range forms[:4] {
		waits(b)
	}
	resp := w.from(two, forms[4])
	if after := resp.Header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After %q", after)
	}
	wantProblem(t, resp, 503, "", "a record that was sent may be registered all the same: ask for it by its id")
	waits(forms[3])
	if n := w.h.records.taken(); n != 5 {
		t.Errorf("%d records have a place", n)
	}
	proceed()
	wg.Wait()
	wantReceipt(t, w.from(two, forms[4]), 201, contract(1).ID())
	if n := len(w.checkLog()); n != 2 || w.lines.String() != "" {
		t.Errorf("%d entries, log: %s", n, w.lines)
	}
}

// A record that waits with other signature lines is another question.
func TestOtherSignatureLinesDoNotShareAWait(t *testing.T) {
	w, signs, proceed := gated(t, 4)
	whole, half := contract(1), sealed(draft(1, nil), maker)
	if whole.ID() != half.ID() {
		t.Fatal("they are two records")
	}
	var wg sync.WaitGroup
	wg.Go(func() { wantReceipt(t, w.from(one, contract(0).Bytes()), 201, contract(0).ID()) })
	<-signs
	wg.Go(func() { wantProblem(t, w.from(one, half.Bytes()), 422, "quorum", "") })
	for w.h.records.taken() != 2 {
		runtime.Gosched()
	}
	wg.Go(func() { wantReceipt(t, w.from(two, whole.Bytes()), 201, whole.ID()) })
	for w.h.records.taken() != 3 {
		runtime.Gosched()
	}
	proceed()
	wg.Wait()
	if r := must(record.Open(whole.Bytes(), note.PublicKey.Verify)); r.ID() != whole.ID() || len(w.checkLog()) != 2 {
		t.Error("the whole record is not registered")
	}
}
