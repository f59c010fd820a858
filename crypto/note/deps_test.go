package note_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/chirograph/chirograph/"

func TestTheNotePackageReachesNothingOfOursAndTwoOfOthers(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		if path != module+"crypto/note" && !strings.HasPrefix(path, "filippo.io/edwards25519") && !strings.HasPrefix(path, "filippo.io/mldsa") {
			t.Errorf("crypto/note reaches %s", path)
		}
	}
}

func TestTheNotePackageAsksNoClock(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .GoFiles "\n"}}`, ".").Output()
	if err != nil || len(out) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range strings.Fields(string(out)) {
		if src, err := os.ReadFile(name); err != nil || strings.Contains(string(src), "time.Now") {
			t.Errorf("%s names time.Now, or cannot be read: %v", name, err)
		}
	}
}
