package web

import (
	"errors"
	"sync"
)

// Bounds of the memory that answers take while their readers are slow.
const (
	smallBody = 64 << 10  // bytes that are not counted: a receipt fits, and 4,096 of them are 256 MiB
	heldBytes = 256 << 20 // bytes of all bodies that are counted: the largest bundle 32 times, a common one 1,000 times
)

// errFull is the error of a budget of which too much is taken.
var errFull = errors.New("too many large answers wait for their readers")

// A budget bounds the bytes of large bodies that are held at once.
type budget struct {
	mu    sync.Mutex
	limit int64
	used  int64 // at most limit
}

// weight returns what a body takes of a budget, in bytes.
func weight(body []byte) int64 {
	if len(body) <= smallBody {
		return 0
	}
	return int64(cap(body))
}

// take takes n bytes, or none: then it returns errFull, at once.
func (b *budget) take(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.limit-b.used {
		return errFull
	}
	b.used += n
	return nil
}

// give gives back what was taken.
func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}
