package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// DESIGN.md, section 1: who checks a receipt asks nobody. What does not reach package net
// is linked without libc, too, and starts sooner.
func TestTheVerifierReachesNoServer(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/chirograph/chirograph/verify") {
		t.Fatalf("it does not reach the verifier either: %q", deps)
	}
	for _, dep := range deps {
		if dep == "net" || strings.HasPrefix(dep, "net/") || dep == "runtime/cgo" || dep == "os/exec" || strings.Contains(dep, "cockroachdb") || strings.Contains(dep, "chirograph/ledger/client") {
			t.Errorf("chirograph-verify reaches %s", dep)
		}
	}
}
