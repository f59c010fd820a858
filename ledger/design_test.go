package ledger_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fieldIncidents is how many incidents of the field are known to us; a table that has fewer
// lost one.
const fieldIncidents = 23

// Every test that DESIGN.md names is there, so that what it claims is tested as long as it
// claims it, and every incident of the field has one.
func TestTheTestsThatTheDesignNamesAreThere(t *testing.T) {
	design, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]string)
	function := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(t \*testing\.T\)`)
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(b, -1) {
			there[string(m[1])] = path
		}
		return err
	})
	if err != nil || len(there) == 0 {
		t.Fatalf("%d tests: %v", len(there), err)
	}
	name := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
	for _, m := range name.FindAllSubmatch(design, -1) {
		if there[string(m[1])] == "" {
			t.Errorf("DESIGN.md names %s, which is nowhere", m[1])
		}
	}
	_, after, _ := strings.Cut(string(design), "\n## Incidents of the field\n")
	section, _, _ := strings.Cut(after, "\n## ")
	rows := 0
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[1]) == "what happened" {
			continue
		}
		rows++
		if !name.MatchString(cells[3]) {
			t.Errorf("the incident %q has no test", strings.TrimSpace(cells[1]))
		}
	}
	if rows != fieldIncidents {
		t.Errorf("%d incidents are in the table, %d are known", rows, fieldIncidents)
	}
}
