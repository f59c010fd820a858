package version

import (
	"runtime"
	"strings"
	"testing"
)

func TestABuildIsToldInALineAndWhole(t *testing.T) {
	b := Build{Program: "tool", Version: "v1.2.3", Commit: "0a1b", Time: "2026-11-23T10:00:00Z", Modified: true, Go: "go1.26.8", OS: "plan9", Arch: "386",
		Modules: []Module{{"a.example/x", "v0.1.0", "h1:AA="}, {"b.example/y", "(devel)", ""}}}
	if got, want := b.Line(), "tool v1.2.3 0a1b (go1.26.8, plan9/386)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "tool v1.2.3\ncommit 0a1b of 2026-11-23T10:00:00Z, with changes\nbuilt by go1.26.8 for plan9/386\na.example/x v0.1.0 h1:AA=\nb.example/y (devel)\n"
	if got := b.Text(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if b.Day() != "2026-11-23" || (Build{}).Day() != "" {
		t.Errorf("%q, %q", b.Day(), (Build{}).Day())
	}
}

func TestTheRunningBuildIsRead(t *testing.T) {
	b := Read("tool")
	if b.Program != "tool" || b.Version == "" || b.Go != runtime.Version() || b.OS != runtime.GOOS || b.Arch != runtime.GOARCH {
		t.Errorf("%+v", b)
	}
	if line := Of("tool"); !strings.HasPrefix(line, "tool "+b.Version) || strings.Contains(line, "\n") {
		t.Error(line)
	}
}
