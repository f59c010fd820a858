//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// mustOwn demands of a ledger that does not run, or of a copy, that it is this user's: to copy or freeze its
// store is to open it, which makes files in it, and another's would keep the ledger from its start.
func mustOwn(dir string) error {
	for _, own := range []string{dir, filepath.Join(dir, storeDir)} {
		info, err := os.Stat(own)
		if err != nil {
			return err
		}
		who, ok := info.Sys().(*syscall.Stat_t)
		if me := os.Geteuid(); ok && int(who.Uid) != me && (own != dir || who.Uid != 0) {
			return fmt.Errorf("%s is of the user with the number %d, and this is number %d, whose files would be in it: run it as its user, as in sudo -u '#%d' chirographd; a backup of a ledger that runs, root makes too", own, who.Uid, me, who.Uid)
		}
	}
	return nil
}
