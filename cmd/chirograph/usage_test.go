package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/manual"
)

// commandWords returns the words that call each command, the root's first: none.
func commandWords(c *cobra.Command) [][]string {
	all := [][]string{{}}
	for _, sub := range c.Commands() {
		for _, words := range commandWords(sub) {
			all = append(all, append([]string{sub.Name()}, words...))
		}
	}
	return all
}

// explained is the root with all its commands.
func explained() *cobra.Command {
	a := &app{}
	root := a.root()
	a.explain(root)
	return root
}

func TestHelpFitsAScreen(t *testing.T) {
	for _, words := range commandWords(explained()) {
		var stdout, stderr bytes.Buffer
		if code := run(append(words, "--help"), nil, &stdout, &stderr); code != exitYes || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", words, code, stderr.String())
		}
		help := stdout.String()
		if n := strings.Count(help, "\n"); n > manual.Lines || !strings.Contains(help, "\nExamples:\n  chirograph "+strings.Join(words, " ")) {
			t.Errorf("%q: %d lines, or no example:\n%s", words, n, help)
		}
		for line := range strings.Lines(help) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > manual.Columns || strings.Contains(line, "true|false") || strings.Contains(line, "[flags]") {
				t.Errorf("%q: %s", words, line)
			}
		}
	}
}

// What the short help has no room for is in the whole one: nothing is told nowhere.
func TestEveryFlagIsInTheWholeHelp(t *testing.T) {
	root := explained()
	for _, words := range commandWords(root) {
		c, _, err := root.Find(words)
		if err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		if code := run(append(words, "--help-all"), nil, &stdout, &stderr); code != exitYes || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", words, code, stderr.String())
		}
		for _, f := range flagsOf(c) {
			if asks := f.Name == "help" || f.Name == "help-all" || f.Name == "version"; !asks && !strings.Contains(stdout.String(), "--"+f.Name) {
				t.Errorf("%q: --%s is not in\n%s", words, f.Name, stdout.String())
			}
		}
		for text := range strings.FieldsSeq(c.Long) {
			if !strings.Contains(stdout.String(), text) {
				t.Errorf("%q: %q is not in\n%s", words, text, stdout.String())
			}
		}
	}
}

// The help of the program names each command, and none that is not there.
func TestTheProgramNamesItsCommands(t *testing.T) {
	root := explained()
	var stdout bytes.Buffer
	if code := run([]string{"--help"}, nil, &stdout, &stdout); code != exitYes {
		t.Fatal(stdout.String())
	}
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			continue // is in its row, and cobra counts it to none
		}
		if word := regexp.MustCompile(`(?m)^  (\S+, )*` + c.Name() + `[, ]`); c.IsAvailableCommand() != word.Match(stdout.Bytes()) {
			t.Errorf("%s: hidden %v, in:\n%s", c.Name(), c.Hidden, stdout.String())
		}
	}
	for _, r := range about.Rows {
		for name := range strings.SplitSeq(r.Names, ", ") {
			if commandOf(root, name) == nil {
				t.Errorf("there is no command %s", name)
			}
		}
	}
}

func TestFlagsStandAnywhere(t *testing.T) {
	root := explained()
	for _, c := range []struct{ line, want string }{
		{"", ""},
		{"sign x --yes", "sign x --yes"},
		{"--yes sign x", "sign --yes x"},
		{"--key new sign x", "sign --key new x"},
		{"--key=new sign x", "sign --key=new x"},
		{"-o new new x", "new -o new x"},
		{"--no-passphrase key --out sign new x", "key new --no-passphrase --out sign x"},
		{"key --ledger new show x", "key show --ledger new x"},
		{"--help", "--help"},
		{"--help key", "key --help"},
		{"nonsense sign", "nonsense sign"},
		{"--yes nonsense sign", "--yes nonsense sign"},
		{"-- sign", "-- sign"},
		{"--yes -- sign", "--yes -- sign"},
		{"sign -", "sign -"},
		{"--key", "--key"},
		{"sign sign", "sign sign"},
	} {
		if got := commandFirst(root, strings.Fields(c.line)); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q: got %q, want %q", c.line, got, c.want)
		}
	}
}

// A flag has a value in every command, or in none: commandFirst relies on it.
func TestAFlagIsTheSameEverywhere(t *testing.T) {
	var valued, plain []string
	root := explained()
	for _, words := range commandWords(root) {
		c, _, err := root.Find(words)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range flagsOf(c) {
			if f.NoOptDefVal == "" {
				valued = append(valued, f.Name)
			} else {
				plain = append(plain, f.Name)
			}
		}
	}
	for _, name := range valued {
		if slices.Contains(plain, name) {
			t.Errorf("--%s has a value in one command, and none in another", name)
		}
	}
	if len(valued) == 0 || len(plain) == 0 {
		t.Errorf("%d flags with a value, %d without", len(valued), len(plain))
	}
}

// DESIGN.md, section 1: a party's program brings a ledger for its demo alone.
func TestTheDemoAloneReachesTheLedger(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			own, _ := strings.CutPrefix(path, "github.com/chirograph/chirograph/")
			server := own == "ledger" || own == "ledger/store" || own == "ledger/web"
			if server && !strings.HasPrefix(name, "demo") && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
