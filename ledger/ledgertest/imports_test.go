package ledgertest

import (
	"os/exec"
	"strings"
	"testing"
)

// No program has in it what signs whatever it is told to.
func TestTestsAloneImportThis(t *testing.T) {
	const module = "github.com/chirograph/chirograph/"
	out, err := exec.Command("go", "list", "-deps", module+"cmd/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), module+"ledger/store\n") {
		t.Fatal("go list says nothing")
	}
	if strings.Contains(string(out), module+"ledger/ledgertest\n") {
		t.Error("a program reaches ledger/ledgertest")
	}
}
