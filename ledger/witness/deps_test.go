package witness

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// DESIGN.md, section 1: witness knows crypto/tlog and verify, and what they import.
func TestPackageReachesOnlyWhatItMay(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	may := []string{"ledger/witness", "crypto/note", "crypto/tlog", "verify", "ledger/record", "ledger/rules", "ledger/dossier", "ledger/newfile"}
	for dep := range strings.FieldsSeq(string(out)) {
		if path, ours := strings.CutPrefix(dep, "github.com/chirograph/chirograph/"); ours && !slices.Contains(may, path) || dep == "os/exec" || strings.Contains(dep, "pebble") {
			t.Errorf("ledger/witness reaches %s", dep)
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
