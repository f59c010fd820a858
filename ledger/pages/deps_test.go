package pages

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// DESIGN.md, section 1: a page is made of a View, and does not know how it is asked for.
func TestPagesKnowTheLedgerAndNoHTTP(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	may := []string{"ledger", "ledger/record", "ledger/rules", "crypto/note", "crypto/publickey", "crypto/tlog", "verify"}
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		ours, ok := strings.CutPrefix(dep, module)
		if dep == "net/http" || dep == "os" || ok && !slices.Contains(may, ours) || !ok && strings.Contains(dep, ".") {
			t.Errorf("ledger/pages imports %s", dep)
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
