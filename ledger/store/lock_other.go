//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package store

import (
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// lockFile holds a file for this process by Pebble's way: where it works on these systems,
// a file that is held can be neither renamed nor removed.
func lockFile(name string, create bool) (io.Closer, error) {
	info, err := os.Lstat(name)
	if err == nil {
		err = mustLock(name, info)
	} else if create && os.IsNotExist(err) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return vfs.Default.Lock(name)
}

// namesOf returns that a file has one name: how many it has is not asked here.
func namesOf(os.FileInfo) uint64 { return 1 }
