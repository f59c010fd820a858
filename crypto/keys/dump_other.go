//go:build !unix

package keys

// NoDumps does nothing: this system writes no dump of a process unless its
// administrator has asked for that, and a process cannot refuse it.
func NoDumps() error { return nil }
