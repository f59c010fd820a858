//go:build !race

package faults

// ordinary is the form that runs with all tests.
var ordinary = form{name: "ordinary", stride: 1, seeds: 2, pairs: 1, least: 10_000}
