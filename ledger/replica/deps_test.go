package replica

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// DESIGN.md, section 1. A copy signs nothing: no secret key is within its reach.
func TestImportsGoDownOnly(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	ours := []string{"ledger/replica", "ledger", "ledger/audit", "ledger/client", "ledger/store", "ledger/witness", "verify",
		"crypto/expanded", "crypto/note", "crypto/tlog", "ledger/record", "ledger/rules", "ledger/dossier", "ledger/newfile"}
	deps := strings.Fields(string(must(exec.Command("go", "list", "-deps", ".").Output())))
	for _, dep := range deps {
		if own, ok := strings.CutPrefix(dep, module); ok && !slices.Contains(ours, own) {
			t.Errorf("ledger/replica reaches %s", dep)
		}
	}
	if !slices.Contains(deps, module+"ledger/audit") {
		t.Error("go list says nothing")
	}
	direct := string(must(exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()))
	if strings.Contains(direct, "pebble") || strings.Contains(direct, "crypto/ed25519") {
		t.Errorf("ledger/replica imports %s", direct)
	}
}

// Law 6.
func TestNobodyAsksTheMachineForTheTime(t *testing.T) {
	files := must(filepath.Glob("*.go"))
	for _, name := range files {
		if b := must(os.ReadFile(name)); !strings.HasSuffix(name, "_test.go") && strings.Contains(string(b), "time."+"Now") {
			t.Errorf("%s names it", name)
		}
	}
	if len(files) < 3 {
		t.Errorf("files %q", files)
	}
}
