//go:build race

package check_test

// The form under the race detector, which makes everything ten times as slow: of the flips
// one of each kind and every 15th, each with every eighth question, another eighth each
// time; one size of a log with a second level of tiles.
const (
	stride = 15
	ask    = 8
)

var secondLevel = []int{65537}
