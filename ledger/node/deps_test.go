package node_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a node needs of the network it has from a bucket, whatever that is.
func TestANodeKnowsNoStoreOfObjects(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Deps "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		for _, f := range []string{"aws", "chirograph/ledger/objects/", "chirograph/ledger/web", "chirograph/cmd", "chirograph/crypto/keys"} {
			if strings.Contains(dep, f) {
				t.Errorf("ledger/node reaches %s", dep)
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
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, asks := range []string{"time." + "Now", "time." + "Since"} {
			if !strings.HasSuffix(name, "_test.go") && strings.Contains(string(b), asks) {
				t.Errorf("%s names %s", name, asks)
			}
		}
	}
}
