package main

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// The list of what the programs are made of, in .github/SECURITY.md, is the one of the go.mod
// files: nothing comes in that it does not name, with its version.
func TestTheListOfDependenciesIsThatOfTheModules(t *testing.T) {
	text, err := os.ReadFile("../../.github/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || !strings.Contains(cells[1], "/") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if _, ok := listed[cells[1]]; ok {
			t.Errorf("%s is listed twice", cells[1])
		}
		for i, cell := range cells[1:6] {
			if cell == "" {
				t.Errorf("%s: cell %d is empty", cells[1], i+1)
			}
		}
		listed[cells[1]] = cells[2]
	}
	required := make(map[string]string)
	for _, name := range []string{"../../go.mod", "../../testvectors/peers/go.mod", "../../testvectors/peers/omniwitness/go.mod"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := modfile.Parse(name, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Require {
			if r.Indirect || r.Mod.Path == "github.com/chirograph/chirograph" {
				continue
			}
			if other, ok := required[r.Mod.Path]; ok && other != r.Mod.Version {
				t.Errorf("%s is required at %s and at %s", r.Mod.Path, other, r.Mod.Version)
			}
			required[r.Mod.Path] = r.Mod.Version
		}
	}
	for path, version := range required {
		if listed[path] != version {
			t.Errorf("%s is required at %s, and listed at %q", path, version, listed[path])
		}
	}
	for path, version := range listed {
		if required[path] == "" {
			t.Errorf("%s %s is listed, and no module requires it", path, version)
		}
	}
	if len(required) == 0 {
		t.Error("no module requires anything")
	}
}
