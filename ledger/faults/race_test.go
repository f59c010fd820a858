//go:build race

package faults

// ordinary is the form under the race detector, which makes everything ten times as
// slow: every 60th operation.
var ordinary = form{name: "short, for the race detector", stride: 60, seeds: 1, pairs: 1, least: 150}
