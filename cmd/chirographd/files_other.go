//go:build !unix

package main

import "math"

// fileLimit returns that this system sets no limit that matters.
func fileLimit() (uint64, error) { return math.MaxUint64, nil }
