//go:build race

package objects_test

// How much is tried under the race detector, which makes everything ten times as slow.
const (
	stride      = 7 // of requests
	leastPoints = 50
	seeds       = 60
)
