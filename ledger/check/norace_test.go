//go:build !race

package check_test

// The form that runs with all tests: every flip with every question, and the sizes around the second level of
// tiles.
const (
	stride = 1
	ask    = 1
)

var secondLevel = []int{65535, 65536, 65537}
