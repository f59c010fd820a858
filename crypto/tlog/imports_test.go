package tlog_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/chirograph/chirograph/"

// The package is arithmetic: no network, no program, no store, and of the
// project only what reads notes.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"crypto/tlog") {
		t.Fatalf("go list says %q", deps)
	}
	for _, dep := range deps {
		ours := strings.HasPrefix(dep, module) && dep != module+"crypto/tlog" && dep != module+"crypto/note"
		if ours || dep == "net" || strings.HasPrefix(dep, "net/") || dep == "os/exec" || strings.Contains(dep, "pebble") {
			t.Errorf("imports lead to %s", dep)
		}
	}
}

func TestNoFileAsksTheClock(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %q, %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && bytes.Contains(b, []byte("time.Now")) {
			t.Errorf("%s names time.Now", file)
		}
	}
}
