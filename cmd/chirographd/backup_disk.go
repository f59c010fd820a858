package main

import (
	"io/fs"
	"os"
	"path/filepath"
)

// lostAndFound is what the file systems of Linux make at their top, for files that have
// lost their names.
const lostAndFound = "lost+found"

// ofTheDisk says whether a file of a directory is there because the top of a disk is there,
// and no one put it there.
func ofTheDisk(dir string, e fs.DirEntry) bool {
	return e.Name() == lostAndFound && e.IsDir() && isTop(dir)
}

// isTop says whether a directory is the top of a file system.
func isTop(dir string) bool {
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return false
	}
	own, err := os.Stat(path)
	if err != nil {
		return false
	}
	above, err := os.Stat(filepath.Dir(path))
	return err == nil && (os.SameFile(own, above) || onOtherDisk(own, above))
}
