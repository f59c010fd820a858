//go:build !race

package objects_test

// How much is tried with all tests.
const (
	stride      = 1 // of requests: each
	leastPoints = 1400
	seeds       = 400
)
