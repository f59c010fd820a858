//go:build !race

package store

const (
	// ordinaryHistories is how many are played with all tests, of so many steps each.
	ordinaryHistories = 3
	ordinarySteps     = 300

	// largest is a tree with a second level of tiles, whose nodes are all asked for.
	largest = 256*256 + 300
)
