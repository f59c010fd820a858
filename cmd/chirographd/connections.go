package main

import "fmt"

// How the files that the system lets a process have open are shared out. Where none
// is left the store cannot open its next one, and ends.
const (
	maxConnections = 4096 // each takes some 20 KiB, and up to 64 KiB while it is answered
	minConnections = 64   // below, a few idle ones keep everyone else out
	storeFiles     = 1000 // that package store keeps open: its openFiles
	otherFiles     = 64   // of the store beyond those, while it writes new ones, and of the process
)

// connections returns how many may be open at once, from the number of files that
// may be.
func connections(files uint64) (int, error) {
	if files < storeFiles+otherFiles+minConnections {
		return 0, fmt.Errorf("this process may have %d files open, the store and at least %d connections take %d: raise the limit (ulimit -n)",
			files, minConnections, storeFiles+otherFiles+minConnections)
	}
	return int(min(files-storeFiles-otherFiles, maxConnections)), nil
}
