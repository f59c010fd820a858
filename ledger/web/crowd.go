package web

import (
	"errors"
	"net/http"
)

// Errors of a request that comes too early. Nothing was done for it.
var (
	// errBusy is that of a gate before which too many wait.
	errBusy = errors.New("too many requests wait for their turn")

	// errCrowd is that of a share of which this address has its part.
	errCrowd = errors.New("this address has as many requests at hand as is its share")
)

// tooMany returns the problem of a caller who has to wait because of what he, or others
// at his address, did; nil for another error.
func tooMany(err error) *problem {
	var rate *rateError
	switch {
	case errors.Is(err, errCrowd):
		p := newProblem(http.StatusTooManyRequests, "your address has as many requests at hand as is its share; nothing was done: try again")
		p.retryAfter = 1
		return p
	case errors.As(err, &rate):
		p := newProblem(http.StatusTooManyRequests, "your address has sent more than it may at once; nothing was done: try again in %d s", rate.seconds)
		p.retryAfter = rate.seconds
		return p
	}
	return nil
}
