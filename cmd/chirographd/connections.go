package main

import (
	"fmt"

	"github.com/chirograph/chirograph/ledger/objects/s3"
	"github.com/chirograph/chirograph/ledger/web"
)

// How the files that the system lets a process have open are shared out. Where none
// is left the store cannot open its next one, and ends.
const (
	maxConnections = 4096 // each takes some 20 KiB, and up to 64 KiB while it is answered
	minConnections = 64   // below, a few idle ones keep everyone else out
	storeFiles     = 1000 // that package store keeps open: its openFiles
	otherFiles     = 64   // of the store beyond those, while it writes new ones, and of the process
)

// nodeFiles is how many a node opens beside them: connections to the bucket, and to the node that
// leads.
const nodeFiles = s3.MaxConnections + web.MaxForwards

// nodePlaces returns how many connections a node may have open at once.
func nodePlaces() (int, error) {
	files, err := fileLimit()
	if err != nil {
		return 0, err
	}
	return connections(files, nodeFiles)
}

// connections returns how many may be open at once, from the number of files that
// may be, and how many of them are for something of one's own.
func connections(files, own uint64) (int, error) {
	if files < storeFiles+otherFiles+own+minConnections {
		return 0, fmt.Errorf("this process may have %d files open, the store and at least %d connections take %d: raise the limit (ulimit -n)",
			files, minConnections, storeFiles+otherFiles+own+minConnections)
	}
	return int(min(files-storeFiles-otherFiles-own, maxConnections)), nil
}
