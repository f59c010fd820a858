package main

import (
	"sync"
	"time"

	"github.com/chirograph/chirograph/ledger/objects/s3"
)

// renewTime is after which time the file with the key of the store is read again: the token of a
// session ends within hours, and whoever has another puts it there.
const renewTime = time.Minute

// A renewed is a key that its file may change.
type renewed struct {
	file string

	mu   sync.Mutex
	read time.Time
	last s3.Credentials
}

// now returns the key as the file had it within the last minute. Where that cannot be read, or has
// no key, it is the one of before: what is wrong with that, the store says.
func (r *renewed) now() s3.Credentials {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.read) < renewTime {
		return r.last
	}
	r.read = time.Now()
	if c, err := readBucketKey(r.file); err == nil && c.ID != "" && c.Secret != "" {
		r.last = c
	}
	return r.last
}
