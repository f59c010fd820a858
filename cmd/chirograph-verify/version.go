package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version says which build this is: the module's version, and the commit that it was
// built from where it is known.
func version() string {
	s := "chirograph-verify, of an unknown build"
	if info, ok := debug.ReadBuildInfo(); ok {
		s = "chirograph-verify " + info.Main.Version
		for _, set := range info.Settings {
			if set.Key == "vcs.revision" {
				s += " " + set.Value
			}
		}
	}
	return fmt.Sprintf("%s (%s, %s/%s)", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
