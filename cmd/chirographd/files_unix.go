//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// fileLimit returns how many files this process may have open.
func fileLimit() (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("how many files may be open: %w", err)
	}
	return uint64(limit.Cur), nil // signed on some systems
}
