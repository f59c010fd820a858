//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
)

func TestProgressIsABarOnATerminalAndLinesElsewhere(t *testing.T) {
	var out bytes.Buffer
	lines := &progress{story: &story{w: &out}, total: 10}
	for range 10 {
		lines.add()
	}
	lines.end()
	if want := "    3 of 10\n    5 of 10\n    8 of 10\n    10 of 10\n"; out.String() != want {
		t.Errorf("lines:\n%s\nwant\n%s", out.String(), want)
	}

	out.Reset()
	bar := &progress{story: &story{w: &out, terminal: true}, total: 2000}
	for range 1000 {
		bar.add()
	}
	bar.end()
	shown := strings.Split(out.String(), "\r")
	if len(shown) != 1+barCells/2 || shown[0] != "" {
		t.Errorf("it is drawn %d times, want %d", len(shown)-1, barCells/2)
	}
	if want := "    [####################....................] 1,000 of 2,000\n"; shown[len(shown)-1] != want {
		t.Errorf("half of the bar: %q, want %q", shown[len(shown)-1], want)
	}
}

func TestOnlyATerminalIsATerminal(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	if !newStory(tty).terminal {
		t.Error("a pty is no terminal")
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newStory(file).terminal || newStory(new(bytes.Buffer)).terminal {
		t.Error("a file is a terminal")
	}
}

func TestTheStoryFitsTheLine(t *testing.T) {
	word := strings.Repeat("x", 37)
	for _, c := range []struct {
		words []string
		tail  string
		want  string
	}{
		{[]string{word, word + "x"}, "", "    " + word + " " + word + "x\n"},               // 80 columns
		{[]string{word, word + "xx"}, "", "    " + word + "\n      " + word + "xx\n"},      // 81
		{[]string{word, word}, " \\", "    " + word + " \\\n      " + word + "\n"},         // 79, and the tail
		{[]string{strings.Repeat("x", 100)}, "", "    " + strings.Repeat("x", 100) + "\n"}, // nothing to be done
		{[]string{"…" + word, word}, "", "    …" + word + " " + word + "\n"},
	} {
		if got := wrap(c.words, "    ", "      ", c.tail); got != c.want {
			t.Errorf("%q:\n%s\nwant\n%s", c.words, got, c.want)
		}
	}
}

func TestWordsAreQuotedForTheShell(t *testing.T) {
	for _, word := range []string{"plain-1.0/a_b:c=d,e+f@g", "", "two words", "it's", `a"b`, "$HOME", "`id`", `a\b`, "!!", "*", "~", "ü", "a;b", "a\nb"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellQuote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q is quoted as %s, and read as %q (%v)", word, shellQuote(word), out, err)
		}
	}
	if got := shellQuote("plain-1.0/a_b:c=d,e+f@g"); strings.ContainsAny(got, `'"`) {
		t.Errorf("quoted for nothing: %s", got)
	}
}

func TestHashesAndNumbersAreForPeople(t *testing.T) {
	root := tlog.LeafHash(nil).String()
	sum := record.ID(tlog.LeafHash(nil)).String()
	if got, want := shorten("the root "+root+", of "+sum+": no"), "the root "+root[:12]+"…, of "+sum[:12]+"…: no"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := shorten("/" + root[1:] + "."); got != "/"+root[1:12]+"…." {
		t.Errorf("a root that begins with a slash: %q", got)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 999999: "999,999", 1000000: "1,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
