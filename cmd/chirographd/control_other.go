//go:build !unix

package main

import "os"

// onOtherDisk says no where no file system has anything at its top.
func onOtherDisk(_, _ os.FileInfo) bool { return false }

// mustBePrivate demands nothing where each user has a place for temporary files of his own.
func mustBePrivate(_, _ string) error { return nil }
