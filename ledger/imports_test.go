package ledger_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPackagesReachOnlyWhatTheyMay(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	may := map[string][]string{
		"ledger/store": {"crypto/note", "crypto/tlog", "ledger/record", "ledger/rules", "ledger/store"},
		"ledger": {"crypto/note", "crypto/tlog", "ledger/record", "ledger/rules", "ledger/store",
			"ledger/dossier", "ledger/newfile", "ledger/witness", "verify", "ledger"},
	}
	for pkg, allowed := range may {
		out, err := exec.Command("go", "list", "-deps", module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			ours, ok := strings.CutPrefix(dep, module)
			if ok && !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+ours+" ") {
				t.Errorf("%s reaches %s", pkg, ours)
			}
		}
	}
	for _, pkg := range []string{"crypto/note", "crypto/tlog", "ledger/record", "ledger/rules", "verify"} {
		out, err := exec.Command("go", "list", "-deps", module+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "cockroachdb/pebble") {
			t.Errorf("%s reaches Pebble", pkg)
		}
	}
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, module+"ledger").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "cockroachdb/pebble") {
		t.Error("ledger sees Pebble")
	}
}

func TestNobodyAsksTheMachineForTheTime(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, more...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(b, []byte("time."+"Now")); i >= 0 {
			t.Error(fmt.Sprint(name, " asks for the time at byte ", i))
		}
	}
}
