//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completed returns what bash, which has read the script, offers for the last of the words
// in a folder.
func completed(t *testing.T, dir string, words ...string) []string {
	t.Helper()
	const ask = `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _chirograph_verify; printf '%s\n' "${COMPREPLY[@]}"`
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte(bashScript()), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{"-c", ask, script, "chirograph-verify"}, words...)...)
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	// compopt is for a line that is being typed, and says so here.
	if rest := strings.TrimSpace(complaints.String()); err != nil || rest != "" {
		t.Fatalf("%q: %v\n%s", words, err, rest)
	}
	offers := strings.Fields(string(out))
	slices.Sort(offers)
	return offers
}

func TestBashCompletesAHalfLine(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"pumps.chirograph", "pumps.tlog-proof", "pumps.pdf", "ledger.policy"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "papers"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"rec|", "receipt"},
		{"|", "completion consistency evidence help manual receipt version"},
		{"help con|", "consistency"},
		{"receipt --p|", "--party --policy"},
		{"--|", "--docs --evidence --json --party --policy --version"},
		{"receipt --policy l|", "ledger.policy"},
		{"receipt --docs p|", "papers"},
		{"receipt --party p|", ""},
		{"receipt p|", "papers pumps.chirograph pumps.tlog-proof"},
		{"evidence pumps.p|", "pumps.pdf"},
		{"completion f|", "fish"},
		{"version |", ""},
		{"manual p|", "papers"},
	} {
		words := strings.Split(strings.TrimSuffix(c.line, "|"), " ")
		if got := completed(t, dir, words...); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %q, want %s", c.line, got, c.want)
		}
	}
}
