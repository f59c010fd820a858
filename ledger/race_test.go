//go:build race

package ledger_test

// thirdLevel is where a level begins under the race detector, which makes everything ten
// times as slow: a multiple of 256 too, reached in full batches. The third level itself is
// what the tests without it are for.
const thirdLevel = 2 * 4096

// everyPoint is of how many points of fault one is tried.
const everyPoint = 7
