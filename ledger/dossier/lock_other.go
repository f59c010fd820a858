//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package dossier

import (
	"errors"
	"os"
)

// Systems without locks of whole files: see [Dossier.Save].

func lock(*os.File, bool) error { return errors.ErrUnsupported }

func hold(string) (release func(), err error) { return func() {}, nil }

func removeUnlocked(string) {}
