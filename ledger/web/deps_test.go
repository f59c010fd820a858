package web

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// DESIGN.md, section 1: what is on disk is seen through package ledger alone, and
// the client's side is not here.
func TestTheStoreIsSeenThroughTheLedgerAlone(t *testing.T) {
	for format, forbidden := range map[string][]string{
		`{{join .Imports "\n"}}`: {"cockroachdb", "chirograph/ledger/store", "chirograph/ledger/dossier"},
		`{{join .Deps "\n"}}`:    {"chirograph/ledger/client", "chirograph/ledger/audit", "chirograph/cmd", "chirograph/crypto/keys", "chirograph/testvectors"},
	} {
		out, err := exec.Command("go", "list", "-f", format, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		for dep := range strings.FieldsSeq(string(out)) {
			for _, f := range forbidden {
				if strings.Contains(dep, f) {
					t.Errorf("ledger/web imports %s", dep)
				}
			}
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
