package dossier

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A temporary is the file beside a dossier's that is to take its name. It is locked as
// long as it is open: one that nobody has locked was left by a command that was killed.
type temporary struct{ *os.File }

// besideName returns how the names of the files begin that are beside the one at path
// while it is saved. It has a hash, because the name itself may be as long as names
// can be.
func besideName(path string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(filepath.Base(path))))
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".chirograph-%x-", sum[:8]))
}

const tempSuffix = ".tmp"

// newTemp makes an empty file beside path, for its owner alone.
func newTemp(path string) (temporary, error) {
	beside := besideName(path)
	for {
		f, err := os.CreateTemp(filepath.Dir(beside), filepath.Base(beside)+"*"+tempSuffix)
		if err != nil {
			return temporary{}, err
		}
		_ = lock(f, true) // where there are no locks, nobody takes it for one that was left
		if _, err := os.Lstat(f.Name()); !errors.Is(err, fs.ErrNotExist) {
			return temporary{f}, nil
		}
		f.Close() // somebody did, before it was locked
	}
}

// fill writes the files, which are on disk when it returns.
func (t temporary) fill(mode fs.FileMode, files []file) (fs.FileInfo, error) {
	if _, err := write(t, files); err != nil {
		return nil, err
	}
	if err := t.Chmod(mode); err != nil {
		return nil, err
	}
	if err := t.Sync(); err != nil {
		return nil, err
	}
	return t.Stat()
}

// yield lets the file be renamed. Windows does not rename one that is open, and who
// saves there is alone as long as [hold] says so.
func (t temporary) yield() error {
	if runtime.GOOS != "windows" {
		return nil
	}
	return t.Close()
}

// drop removes the file, which may be closed already.
func (t temporary) drop() error {
	t.Close()
	return os.Remove(t.Name())
}

// removeDead removes what commands left beside path that were killed while they saved
// it. What cannot be removed stays: it is in nobody's way.
func removeDead(path string) {
	beside := besideName(path)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	for _, e := range entries {
		name := filepath.Join(filepath.Dir(path), e.Name())
		if e.Type().IsRegular() && strings.HasPrefix(name, beside) && strings.HasSuffix(name, tempSuffix) {
			removeUnlocked(name)
		}
	}
}
