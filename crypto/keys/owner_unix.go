//go:build unix

package keys

import (
	"io/fs"
	"os"
	"syscall"
)

// own says whether the file is that of the user who runs this.
func own(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int64(stat.Uid) == int64(os.Geteuid())
}
