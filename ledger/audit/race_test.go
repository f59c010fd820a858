//go:build race

package audit

// The form under the race detector, which makes everything ten times as slow. An audit has
// window bundles on their way at once: of a log twice as long it fetches, checks and writes
// at the same time as of any longer one. Evidence is judged by one goroutine.
const (
	killedBundles = 2*window + 2
	honestLedgers = 1
	saidOfEach    = 1
)
