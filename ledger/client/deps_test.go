package client

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// DESIGN.md, section 1: a party's program brings no database and no ledger with it.
func TestNothingHereReachesTheStore(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		own, ours := strings.CutPrefix(dep, "github.com/chirograph/chirograph/")
		if strings.Contains(dep, "cockroachdb") || ours && (own == "ledger" || own == "ledger/store" || own == "ledger/web") {
			t.Errorf("ledger/client reaches %s", dep)
		}
	}
}

// Law 6.
func TestNobodyAsksTheMachineForTheTime(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if b := must(os.ReadFile(name)); !strings.HasSuffix(name, "_test.go") && strings.Contains(string(b), "time."+"Now") {
			t.Errorf("%s names it", name)
		}
	}
}
