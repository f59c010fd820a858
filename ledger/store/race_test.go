//go:build race

package store

// ordinaryHistories is how many are played under the race detector, which makes them ten
// times as slow.
const ordinaryHistories = 1
