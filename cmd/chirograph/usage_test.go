package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commands returns the words that call each command, the root's first: none.
func commands(c *cobra.Command) [][]string {
	all := [][]string{{}}
	for _, sub := range c.Commands() {
		for _, words := range commands(sub) {
			all = append(all, append([]string{sub.Name()}, words...))
		}
	}
	return all
}

func TestHelpFitsAScreen(t *testing.T) {
	for _, words := range commands((&app{}).root()) {
		var stdout, stderr bytes.Buffer
		if code := run(append(words, "--help"), nil, &stdout, &stderr); code != exitYes || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, %s", words, code, stderr.String())
		}
		help := stdout.String()
		if n := strings.Count(help, "\n"); n > 40 {
			t.Errorf("%q: %d lines", words, n)
		}
		if !strings.Contains(help, "Examples:\n  ") && !strings.Contains(help, "Available Commands:\n  ") {
			t.Errorf("%q shows no example:\n%s", words, help)
		}
		for line := range strings.Lines(help) {
			if len([]rune(line)) > 132 || strings.Contains(line, "true|false") || strings.Contains(line, "[flags]") {
				t.Errorf("%q: %s", words, line)
			}
		}
	}
}

func TestFlagsStandAnywhere(t *testing.T) {
	root := (&app{}).root()
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
	root := (&app{}).root()
	for _, words := range commands(root) {
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
