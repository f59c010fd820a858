package web

import (
	"net/netip"
	"sync"
)

// A share bounds what all hold at once, and what one address holds of it: never more
// than is free. A lone address can have half, two have a third each, and n of them
// leave one part of n+1 for whoever comes next; so a crowd from few addresses keeps
// nobody out, and nobody has to say how large a crowd is. (The dynamic thresholds of
// Choudhury and Hahne, 1998, with the factor 1.)
type share struct {
	mu    sync.Mutex
	limit int64
	used  int64                // at most limit
	held  map[netip.Addr]int64 // more than 0 each, so at most limit addresses
	freed chan struct{}        // closed when anything is given back; nil where nobody waits for that
}

func newShare(limit int64) *share { return &share{limit: limit, held: make(map[netip.Addr]int64)} }

// take takes n for an address, or nothing: then it returns full where there is not so
// much, and errCrowd where it is free but not for this address.
func (s *share) take(who netip.Addr, n int64, full error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch free := s.limit - s.used; {
	case n == 0:
		return nil
	case n > free:
		return full
	case s.held[who] > free-n:
		return errCrowd
	}
	s.used += n
	s.held[who] += n
	return nil
}

// give gives back what was taken for an address.
func (s *share) give(who netip.Addr, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= n
	if s.held[who] -= n; s.held[who] == 0 {
		delete(s.held, who)
	}
	if s.freed != nil {
		close(s.freed)
		s.freed = nil
	}
}

// change returns what is closed when anything is given back after this call.
func (s *share) change() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.freed == nil {
		s.freed = make(chan struct{})
	}
	return s.freed
}

// taken returns what all hold.
func (s *share) taken() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}
