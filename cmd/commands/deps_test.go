package commands

import (
	"os/exec"
	"strings"
	"testing"
)

// What prints help and pages brings no library of its own: the verifier has it, too.
func TestPagesAndVersionsReachNoLibrary(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "../manual", "../version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if deps := strings.Fields(string(out)); len(deps) != 2 {
		t.Errorf("they reach %q", deps)
	}
}
