//go:build !race

package main

// raceFlag builds the other programs as this test was.
var raceFlag []string
