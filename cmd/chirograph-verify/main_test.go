package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestHelpFitsAScreen(t *testing.T) {
	for _, c := range []struct {
		of   string // the command; "" for the program
		args []string
	}{
		{"", nil}, {"", []string{"--help"}}, {"", []string{"-h"}}, {"", []string{"help"}}, {"", []string{"help", "help"}},
		{"receipt", []string{"receipt", "--help"}}, {"receipt", []string{"help", "receipt"}},
		{"consistency", []string{"--policy", "FILE", "consistency", "-h"}}, {"consistency", []string{"help", "consistency"}},
		{"evidence", []string{"evidence", "--json", "--help"}}, {"evidence", []string{"help", "evidence"}},
	} {
		stdout, stderr := does(t, exitYes, c.args...)
		if lines := strings.Count(stdout, "\n"); lines > 24 || stderr != "" || !strings.Contains(stdout, "Example:\n  chirograph-verify ") {
			t.Errorf("%q: %d lines, or no example:\n%s%s", c.args, lines, stdout, stderr)
		}
		want := usage
		if c.of != "" {
			want = pages[c.of]
		}
		if stdout != want || !strings.Contains(stdout, "\nExit: 0 ") {
			t.Errorf("%q: not the page of %q:\n%s", c.args, c.of, stdout)
		}
	}
}

func TestHelpForWhatThereIsNotIsNone(t *testing.T) {
	for _, args := range [][]string{{"help", "nonsense"}, {"nonsense", "--help"}} {
		stdout, stderr := does(t, exitUnasked, args...)
		if stdout != "" {
			t.Error(stdout)
		}
		wantLine(t, stderr, `unknown command "nonsense"`)
	}
}

func TestTheProgramSaysWhichBuildItIs(t *testing.T) {
	stdout, _ := does(t, exitYes, "--version")
	if !strings.HasPrefix(stdout, "chirograph-verify ") || !strings.HasSuffix(stdout, ")\n") || bytes.Count([]byte(stdout), []byte("\n")) != 1 {
		t.Error(stdout)
	}
}

// A file that is no evidence, or is against a ledger that the policy does not list,
// says nothing of any ledger.
func TestWhereNothingIsJudgedTheAnswerIsNotNo(t *testing.T) {
	dir := t.TempDir()
	policy := writePolicy(t, dir)
	for _, c := range []struct{ name, text, says, hint string }{
		{"empty", "", "evidence", "nothing was judged: evidence is the whole file"},
		{"cut", "chirograph/evidence/v1\nrule once\n", "evidence", "nothing was judged: evidence is the whole file"},
		{"dossier", "PK\x03\x04\x14\x00", "this is a dossier, or another ZIP, and no evidence", "chirograph-verify receipt verifies a dossier"},
		{"receipt", string(receipts(t, sign(t, contractText(t), "ann.example", "dan.example"))[0]), "evidence", "this looks like a receipt: chirograph-verify receipt verifies one"},
	} {
		file := write(t, dir, c.name, []byte(c.text))
		stdout, stderr := does(t, exitUnasked, "evidence", "--policy", policy, file)
		if stdout != "" || strings.Contains(stderr, "\x03") {
			t.Errorf("%s: %s%s", c.name, stdout, stderr)
		}
		wantLine(t, stderr, c.says)
		wantLine(t, stderr, "hint: "+c.hint)
		stdout, _ = does(t, exitUnasked, "evidence", "--json", "--policy", policy, file)
		wantLine(t, stdout, `"verdict": "unchecked"`)
		wantLine(t, stdout, `"step": "form"`)
	}
}
