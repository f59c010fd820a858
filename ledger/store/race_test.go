//go:build race

package store

// The form under the race detector, which makes everything ten times as slow. One
// goroutine asks in these tests, and Pebble's own take part whatever the size.
const (
	ordinaryHistories = 1
	ordinarySteps     = 160

	largest = 256*9 + 300
)
