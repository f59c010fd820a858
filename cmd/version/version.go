// Package version says which build a program is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Of returns the line that the program of that name prints for --version: the module's
// version, and the commit that it was built from where it is known.
func Of(program string) string {
	s := program + ", of an unknown build"
	if info, ok := debug.ReadBuildInfo(); ok {
		s = program + " " + info.Main.Version
		for _, set := range info.Settings {
			if set.Key == "vcs.revision" {
				s += " " + set.Value
			}
		}
	}
	return fmt.Sprintf("%s (%s, %s/%s)", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
