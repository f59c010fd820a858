//go:build !race

package ledger_test

// thirdLevel is where the third level of tiles begins.
const thirdLevel = 65_536
