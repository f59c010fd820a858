package web

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// A room is what one stream has in flight: records that were read and whose answers are
// not written yet, and the places that they hold of what all streams and requests share.
type room struct {
	mu      sync.Mutex
	change  sync.Cond
	records int // at most streamFlight
	bytes   int // of those: at most streamBytes
	closed  bool
}

func newRoom() *room {
	r := new(room)
	r.change.L = &r.mu
	return r
}

// enter waits until there is room for a record of so many bytes. It returns false when
// there will be none.
func (r *room) enter(bytes int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.closed && (r.records == streamFlight || r.bytes+bytes > streamBytes) {
		r.change.Wait()
	}
	r.records++
	r.bytes += bytes
	return !r.closed
}

// leave is for so many records whose answers were written.
func (r *room) leave(records, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records -= records
	r.bytes -= bytes
	r.change.Signal()
}

// close ends all waiting.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.change.Broadcast()
}

// What a stream has of a share.
type own struct {
	*share
	holding atomic.Int64 // only its reader makes it more
}

// give gives back n places of an address, and counts others less, which somebody else does.
func (o *own) give(who netip.Addr, n, others int64) {
	if n+others == 0 {
		return
	}
	o.holding.Add(-n - others) // before, so that who waits for them looks again
	o.share.give(who, n)
}
