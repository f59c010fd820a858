package web

import (
	"errors"
	"net/http"
	"time"
)

// Bounds of the memory that answers take while their readers are slow.
const (
	smallBody = 64 << 10  // bytes that are not counted: a receipt fits, and 4,096 of them are 256 MiB
	heldBytes = 256 << 20 // bytes of all bodies that are counted: the largest bundle 32 times, a common one 1,000 times
)

// errFull is the error of a budget of which too much is taken.
var errFull = errors.New("too many large answers wait for their readers")

// weight returns what a body takes of the budget, in bytes.
func weight(body []byte) int64 {
	if len(body) <= smallBody {
		return 0
	}
	return int64(cap(body))
}

// What a reader may take his time for. What the system buffers counts as read.
const (
	answerPatience = 10 * time.Second // for an answer of any size
	slowestReader  = 80 << 10         // bytes a second beyond that: the largest bundle, 8 MiB, within writeTimeout
)

// readerPatience returns how long the writing of so many bytes may take.
func readerPatience(size int) time.Duration {
	return answerPatience + time.Duration(size)*time.Second/slowestReader
}

// hurry cuts off a reader who takes longer than the bytes may take. Its result has to
// be called when they are written, and returns when they are sent. Release sends what the
// connection kept, if it did.
func (h *Handler) hurry(w http.ResponseWriter, size int, release func()) func() {
	c := http.NewResponseController(w)
	cut := make(chan struct{})
	timer := time.AfterFunc(h.patience(size), func() {
		defer close(cut)
		_ = c.SetWriteDeadline(time.Unix(1, 0)) // long ago; it fails where there is no connection
	})
	return func() {
		_ = c.Flush()
		release()
		if !timer.Stop() {
			<-cut // so that it is this answer's deadline, and not that of the next
		}
	}
}
