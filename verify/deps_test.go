package verify_test

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

func deps(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// DESIGN.md, section 1: verify asks nobody, runs nothing and stores nothing, and
// knows of the project what its row names.
func TestNothingUnderVerifyReachesTheNetworkAProgramOrAStore(t *testing.T) {
	ours := []string{"verify", "crypto/note", "crypto/tlog", "ledger/record", "ledger/rules", "ledger/dossier", "ledger/newfile"}
	found := deps(t, ".")
	if !slices.Contains(found, module+"verify") {
		t.Fatalf("go list says %q", found)
	}
	for _, dep := range found {
		if path, ok := strings.CutPrefix(dep, module); ok && !slices.Contains(ours, path) {
			t.Errorf("verify reaches %s", dep)
		}
		if dep == "net" || strings.HasPrefix(dep, "net/") || dep == "os/exec" || strings.Contains(dep, "pebble") {
			t.Errorf("verify reaches %s", dep)
		}
	}
}

func TestTheOfflineVerifierNeverReachesHTTP(t *testing.T) {
	found := deps(t, "../cmd/chirograph-verify")
	if !slices.Contains(found, module+"verify") {
		t.Fatalf("go list says %q", found)
	}
	for _, dep := range found {
		if strings.HasPrefix(dep, "net/http") || dep == "crypto/tls" || dep == "os/exec" || strings.Contains(dep, "pebble") || dep == module+"ledger" {
			t.Errorf("chirograph-verify reaches %s", dep)
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
