// Package version says which build a program is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// A Build is what a program is built of, as far as the linker wrote that into it.
type Build struct {
	Program  string   `json:"program"`
	Version  string   `json:"version"`            // of our module; "(devel)" for none
	Commit   string   `json:"commit,omitempty"`   // "" where it is not known
	Time     string   `json:"time,omitempty"`     // of the commit, as RFC 3339 has it
	Modified bool     `json:"modified,omitempty"` // something differed from the commit
	Go       string   `json:"go"`
	OS       string   `json:"os"`
	Arch     string   `json:"arch"`
	Modules  []Module `json:"modules"` // in the order of their paths
}

// A Module is one that is in the program.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"` // as go.sum has it
}

// Read returns the build of the program that runs, under that name.
func Read(program string) Build {
	b := Build{Program: program, Version: "(devel)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, set := range info.Settings {
		switch set.Key {
		case "vcs.revision":
			b.Commit = set.Value
		case "vcs.time":
			b.Time = set.Value
		case "vcs.modified":
			b.Modified = set.Value == "true"
		}
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Modules = append(b.Modules, Module{m.Path, m.Version, m.Sum})
	}
	return b
}

// Day returns the day of the commit, YYYY-MM-DD; "" where it is not known.
func (b Build) Day() string {
	day, _, _ := strings.Cut(b.Time, "T")
	return day
}

// Line returns the build in a line.
func (b Build) Line() string {
	commit := ""
	if b.Commit != "" {
		commit = " " + b.Commit
	}
	return fmt.Sprintf("%s %s%s (%s, %s/%s)", b.Program, b.Version, commit, b.Go, b.OS, b.Arch)
}

// Text returns everything about the build, in lines.
func (b Build) Text() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s\n", b.Program, b.Version)
	if b.Commit != "" {
		fmt.Fprintf(&s, "commit %s of %s", b.Commit, b.Time)
		if b.Modified {
			s.WriteString(", with changes")
		}
		s.WriteByte('\n')
	}
	fmt.Fprintf(&s, "built by %s for %s/%s\n", b.Go, b.OS, b.Arch)
	for _, m := range b.Modules {
		fmt.Fprintf(&s, "%s\n", strings.TrimRight(fmt.Sprintf("%s %s %s", m.Path, m.Version, m.Sum), " "))
	}
	return s.String()
}

// Of returns the line that the program of that name prints for --version.
func Of(program string) string { return Read(program).Line() }
