package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chirograph/chirograph/cmd/manual"
	"github.com/chirograph/chirograph/cmd/terminal"
	"github.com/chirograph/chirograph/crypto/note"
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
		{"version", []string{"version", "--help"}}, {"completion", []string{"help", "completion"}},
	} {
		stdout, stderr := does(t, exitYes, c.args...)
		if lines := strings.Count(stdout, "\n"); lines > manual.Lines || stderr != "" || !strings.Contains(stdout, "\nExamples:\n  ") {
			t.Errorf("%q: %d lines, or no example:\n%s%s", c.args, lines, stdout, stderr)
		}
		page := program
		if c.of != "" {
			page = pageOf(c.of)
		}
		for line := range strings.Lines(stdout) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > manual.Columns {
				t.Errorf("%q: %s", c.args, line)
			}
		}
		if stdout != page.All() || !strings.Contains(stdout, "\nExit: 0 ") {
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

// A receipt, a policy, evidence and the name of a file are a stranger's.
func TestWhatAStrangerWroteIsShownAndNotObeyed(t *testing.T) {
	dir := t.TempDir()
	const evil = "\u009b2J\u009b31mverified\u202e"
	good := writePolicy(t, dir)
	witnessed := write(t, dir, "witnessed", []byte("log "+key(t, "ledger.example").String()+"\nwitness "+evil+" "+witnessVkey(t, evil)+"\nquorum "+evil+"\n"))
	receipt := receipts(t, sign(t, contractText(t), "ann.example", "dan.example"))[0]
	line := write(t, dir, "line", []byte("c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\nledger.example\n1\n"+
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 "+evil+" *\n"))
	origin := write(t, dir, "origin", bytes.ReplaceAll(receipt, []byte("\nledger.example\n1\n"), []byte("\n"+evil+"\n1\n")))
	held, named := write(t, dir, "held", receipt), write(t, dir, evil+"\xff", receipt)
	growth := write(t, dir, "growth", append([]byte("old 1\n\n"), receipt[bytes.Index(receipt, []byte("\n\n"))+2:]...))
	for _, args := range [][]string{
		{"receipt", "--policy", good, line}, {"receipt", "--policy", good, origin}, {"receipt", "--policy", good, named}, {"receipt", "--policy", witnessed, held},
		{"receipt", "--policy", named, held}, {"receipt", "--policy", good, "--party", "buyer=" + evil, held}, {"receipt", "--policy", good, dir + "/no" + evil},
		{"receipt", "--policy", good, "--evidence", named, held}, {"evidence", "--policy", good, named}, {"evidence", "--policy", witnessed, line},
		{"consistency", "--policy", good, line, growth}, {"consistency", "--policy", good, origin, growth}, {"consistency", "--policy", witnessed, held, growth}, {evil},
	} {
		for _, as := range []string{"", "--json"} {
			var stdout, stderr bytes.Buffer
			run(append(args, as)[:len(args)+len(as)/6], &stdout, &stderr)
			if stdout.Len()+stderr.Len() == 0 {
				t.Errorf("%q says nothing", args)
			}
			for _, shown := range []string{stdout.String(), stderr.String()} {
				if text := strings.ReplaceAll(shown, "\n", ""); strings.ContainsFunc(text, terminal.Obeys) || !utf8.ValidString(text) {
					t.Errorf("%q shows %q", args, shown)
				}
			}
		}
	}
}

func witnessVkey(t *testing.T, name string) string {
	k, _ := edKey(t, name, note.Cosignature, 9)
	return k.String()
}
