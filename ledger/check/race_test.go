//go:build race

package check_test

// The form under the race detector, which makes everything ten times as slow: of the flips
// one of each kind and every 15th, each with every eighth question, another eighth each
// time; and a log with no second level of tiles, which takes 65,536 entries: from a few
// bundles on the same is done at once in one of any size.
const (
	stride = 15
	ask    = 8
)

var secondLevel = []int{256*16 + 1}
