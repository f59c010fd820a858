//go:build !race

package store

// ordinaryHistories is how many are played with all tests.
const ordinaryHistories = 3
