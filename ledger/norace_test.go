//go:build !race

package ledger_test

// thirdLevel is where the third level of tiles begins.
const thirdLevel = 65_536

// everyPoint is of how many points of fault one is tried: each. Those of some of Pebble's
// writes stay in memory until the tests end.
const everyPoint = 1
