package audit

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// DESIGN.md, section 1: an audit needs no ledger to audit one, and the store is the
// only package that sees Pebble.
func TestImportsGoDownOnly(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	ours := []string{"ledger/audit", "ledger/client", "ledger/store", "verify", "crypto/expanded", "crypto/note", "crypto/tlog", "ledger/record", "ledger/rules", "ledger/dossier", "ledger/newfile"}
	deps := strings.Fields(string(must(exec.Command("go", "list", "-deps", ".").Output())))
	for _, dep := range deps {
		if own, ok := strings.CutPrefix(dep, module); ok && !slices.Contains(ours, own) {
			t.Errorf("ledger/audit reaches %s", dep)
		}
	}
	if !slices.Contains(deps, module+"ledger/store") {
		t.Error("go list says nothing")
	}
	direct := string(must(exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()))
	if strings.Contains(direct, "pebble") {
		t.Errorf("ledger/audit imports %s", direct)
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
	if len(files) < 5 {
		t.Errorf("files %q", files)
	}
}
