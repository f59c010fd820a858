//go:build race

package watch

// turns is how often a watcher looks under the race detector, which makes everything ten
// times as slow: every source has come and gone dozens of times. What memory does over
// months the test says without it.
const turns = 400
