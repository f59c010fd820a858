package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Size returns how many bytes the store has on disk, about, with its log of writes.
func (s *Store) Size() (uint64, error) {
	size := make(chan uint64, 1)
	// In a goroutine of its own, as a store that failed may never answer.
	if err := s.call(func() error {
		size <- s.db.Metrics().DiskSpaceUsage()
		return nil
	}); err != nil {
		return 0, err
	}
	return <-size, nil
}

// Free returns how many bytes of the disk of a directory this process may still use.
func Free(dir string) (uint64, error) {
	usage, err := vfs.Default.GetDiskUsage(dir)
	if err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return usage.AvailBytes, nil
}
