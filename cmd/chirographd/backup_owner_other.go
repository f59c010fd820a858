//go:build !unix

package main

// mustOwn demands nothing where the files that one makes are those of the directory.
func mustOwn(string) error { return nil }
