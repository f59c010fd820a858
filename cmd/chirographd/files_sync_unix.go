//go:build !windows

package main

import (
	"errors"
	"os"
)

// syncDir has the names in a directory be on disk.
func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
