//go:build !race

package audit

// The form that runs with all tests.
const (
	killedBundles = 40 // of the log whose audits are killed
	honestLedgers = 2  // histories of which everything is said
	saidOfEach    = 3  // choices of entries for each that is said to break a rule
)
