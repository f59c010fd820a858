package web

import "sync"

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

// leave is for a record whose answer is about to be written.
func (r *room) leave(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records--
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
