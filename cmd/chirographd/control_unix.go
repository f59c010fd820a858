//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// onOtherDisk says whether two files are on different file systems.
func onOtherDisk(a, b os.FileInfo) bool {
	one, ok := a.Sys().(*syscall.Stat_t)
	other, also := b.Sys().(*syscall.Stat_t)
	return ok && also && one.Dev != other.Dev
}

// mustBePrivate demands of a directory that the ledger's user, whose dir is, or root made it for
// himself alone. Whoever may make directories beside it could have made it again.
func mustBePrivate(place, dir string) error {
	own, err := os.Stat(dir)
	if err != nil {
		return err
	}
	info, err := os.Lstat(place)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s is %v, and has to be a directory of mode 0700", place, info.Mode())
	}
	want, ok := own.Sys().(*syscall.Stat_t)
	got, also := info.Sys().(*syscall.Stat_t)
	if !ok || !also || got.Uid != want.Uid && got.Uid != 0 {
		return fmt.Errorf("%s is another user's than %s", place, dir)
	}
	return nil
}
