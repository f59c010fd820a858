package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/cmd/version"
)

// What is parsed is what help, completion and the pages say, and nothing else.
func TestTheTableOfFlagsIsThatOfTheParser(t *testing.T) {
	for _, f := range flags {
		args := []string{f.Name}
		if f.Value != "" {
			args = append(args, "x")
		}
		if rest, err := new(options).parse(args); err != nil || len(rest) > 0 {
			t.Errorf("%q: %q, %v", args, rest, err)
		}
		for shell, script := range scripts {
			if !strings.Contains(script(), strings.TrimPrefix(f.Name, "--")) {
				t.Errorf("%s is not in the script for %s", f.Name, shell)
			}
		}
	}
	for name := range pages {
		if page := pageOf(name); !strings.Contains(program.All(), "\n  "+name+" ") || page.Short == "" {
			t.Errorf("%s is not in the help of the program:\n%s", name, program.All())
		}
	}
}

func TestTheVersionHasTheSumsOfItsModules(t *testing.T) {
	stdout, _ := does(t, exitYes, "version", "--json")
	var b version.Build
	if err := json.Unmarshal([]byte(stdout), &b); err != nil || b.Program != "chirograph-verify" || b.Go != runtime.Version() {
		t.Fatal(err, stdout)
	}
	sums, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := does(t, exitYes, "version")
	for _, m := range b.Modules {
		line := m.Path + " " + m.Version + " " + m.Sum + "\n"
		if !strings.Contains(string(sums), line) || !strings.Contains(text, line) {
			t.Errorf("%s is not in go.sum, or not in:\n%s", line, text)
		}
	}
	if len(b.Modules) == 0 {
		t.Error("it is of no modules")
	}
}

func TestWhatIsAboutTheProgramReadsNoFile(t *testing.T) {
	for line, want := range map[string]string{
		"version x":                    `["x"] is given, and it is called by: chirograph-verify version [--json]`,
		"version --policy p":           "version reads no file, and takes no flag that names one",
		"completion":                   "[] is given, and it is called by: chirograph-verify completion bash|zsh|fish",
		"manual":                       "[] is given, and it is called by: chirograph-verify manual DIR",
		"completion tcsh":              `the shell is "tcsh", it has to be bash, zsh or fish`,
		"completion bash --docs place": "completion reads no file",
	} {
		stdout, stderr := does(t, exitUnasked, strings.Fields(line)...)
		if stdout != "" {
			t.Error(stdout)
		}
		wantLine(t, stderr, want)
	}
}

func TestEachCommandHasAPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	does(t, exitYes, "manual", dir)
	list := []string{"chirograph-verify.1"}
	for name := range pages {
		list = append(list, "chirograph-verify-"+name+".1")
	}
	for _, name := range list {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(text), ".TH ") || !strings.Contains(string(text), ".SH EXAMPLES\n") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(list) {
		t.Errorf("%d pages, want %d, %v", len(entries), len(list), err)
	}
}
