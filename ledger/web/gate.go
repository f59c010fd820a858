package web

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"sync"
)

// How many requests may wait for each one that has its turn.
const (
	// A record of 64 lines is checked in about 4 ms, a common one in 0.2 ms: the last
	// waits for a second at the worst. Half of these places are one address's, so that
	// a marketplace behind it may send some hundreds at once.
	waitersPerCheck = 256

	// The largest bundle is compressed in about 20 ms, so its last waits for little
	// more than a second.
	waitersPerRead = 64
)

// A gate bounds how many requests need a core for long at once, and how many wait to.
// Addresses have their turns one after the other, and the requests of an address in
// their order: whoever comes alone waits for one request of each other address, not
// for all that they have sent.
type gate struct {
	places *share // of those that wait or run

	mu    sync.Mutex
	idle  int                       // how many more may run
	lines map[netip.Addr][]chan any // those that wait, by address; none is empty
	turns []netip.Addr              // the addresses in lines, each once, the next first
}

// newGate returns a gate of so many that run at once, and that wait for each of them.
func newGate(running, waiters int) *gate {
	return &gate{places: newShare(int64(running * (1 + waiters))), idle: running, lines: make(map[netip.Addr][]chan any)}
}

// enter waits for its turn. It returns errBusy or errCrowd at once when too many wait
// already, and the error of ctx when that ends first. Only after nil the caller has to
// leave.
func (g *gate) enter(ctx context.Context, who netip.Addr) error {
	if err := g.places.take(who, 1, errBusy); err != nil {
		return err
	}
	turn := g.queue(who)
	if turn == nil {
		hearOthers()
		return nil
	}
	select {
	case <-turn:
		hearOthers()
		return nil
	case <-ctx.Done():
	}
	if g.withdraw(who, turn) {
		g.places.give(who, 1)
	} else {
		g.leave(who) // it was given its turn at this very moment
	}
	return ctx.Err()
}

// hearOthers lets the requests that have arrived come to the gate before one that has
// its turn takes a core. Without it no line would form here: who comes while a core is
// busy would wait in the scheduler, which knows no addresses and refuses nobody. (Go's
// scheduler looks at those who yielded after each 61 others, so that a flood of what is
// refused does not stop what was let in.)
func hearOthers() { runtime.Gosched() }

// queue returns nil when it is the caller's turn, or what is closed when it is.
func (g *gate) queue(who netip.Addr) chan any {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.idle > 0 {
		g.idle--
		return nil
	}
	turn := make(chan any)
	if len(g.lines[who]) == 0 {
		g.turns = append(g.turns, who)
	}
	g.lines[who] = append(g.lines[who], turn)
	return turn
}

// withdraw says whether who still waited.
func (g *gate) withdraw(who netip.Addr, turn chan any) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.lines[who], turn)
	if i < 0 {
		return false
	}
	g.lines[who] = slices.Delete(g.lines[who], i, i+1)
	if len(g.lines[who]) == 0 {
		delete(g.lines, who)
		i := slices.Index(g.turns, who)
		g.turns = slices.Delete(g.turns, i, i+1)
	}
	return true
}

// leave gives the next address its turn.
func (g *gate) leave(who netip.Addr) {
	g.mu.Lock()
	if len(g.turns) == 0 {
		g.idle++
	} else {
		next := g.turns[0]
		g.turns = g.turns[1:]
		line := g.lines[next]
		close(line[0])
		if len(line) > 1 {
			g.lines[next] = line[1:]
			g.turns = append(g.turns, next)
		} else {
			delete(g.lines, next)
		}
	}
	g.mu.Unlock()
	g.places.give(who, 1)
}
