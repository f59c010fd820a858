//go:build skew

package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/chirograph/chirograph/ledger/objects"
)

// The variables by which a test makes a node err (testvectors/peers/nodes). Programs that
// are given away know neither.
const (
	skewed        = "CHIROGRAPH_SKEW"          // names a file that says by how many seconds the clock is wrong
	unconditional = "CHIROGRAPH_UNCONDITIONAL" // is not empty where the head is swapped without a condition
)

// clock is a clock that is wrong by what the file says just now; right where there is none.
func clock() time.Time {
	b, err := os.ReadFile(os.Getenv(skewed))
	seconds, bad := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || bad != nil {
		return time.Now()
	}
	return time.Now().Add(time.Duration(seconds) * time.Second)
}

// bucketOf returns the bucket, without the one condition on which all rests where a test
// asks for that.
func bucketOf(b objects.Bucket) objects.Bucket {
	if os.Getenv(unconditional) == "" {
		return b
	}
	return careless{b}
}

// A careless bucket replaces the head whatever it is.
type careless struct{ objects.Bucket }

func (c careless) Swap(ctx context.Context, name string, v objects.Version, b []byte) (objects.Version, error) {
	for {
		if name == objects.HeadName {
			var err error
			if _, v, err = c.Peek(ctx, name, 1); err != nil {
				return "", err
			}
		}
		now, err := c.Bucket.Swap(ctx, name, v, b)
		if name != objects.HeadName || !errors.Is(err, objects.ErrChanged) {
			return now, err
		}
	}
}
