//go:build unix

package keys

import (
	"fmt"
	"syscall"
)

// noCoreFile sets the soft limit for core files to 0 bytes; the hard one stays.
func noCoreFile() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("how large a core dump may be: %w", err)
	}
	limit.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("forbidding core dumps: %w", err)
	}
	return nil
}
