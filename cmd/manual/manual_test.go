package manual

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// page returns one with so many plain and advanced flags, and paragraphs of three lines.
func page(plain, advanced, paragraphs int) *Page {
	p := &Page{Name: "tool do", Section: 1, Short: "Do it", Usage: []string{"tool do [--plain0] [--advanced0 N]… FILE"}, Examples: "  tool do x"}
	var text []string
	for i := range paragraphs {
		text = append(text, fmt.Sprintf("paragraph%d ", i)+strings.TrimSpace(strings.Repeat("it is said ", 20)))
	}
	p.Text = strings.Join(text, "\n\n")
	for i := range plain {
		p.Flags = append(p.Flags, Flag{Name: fmt.Sprintf("--plain%d", i), Text: "text"})
	}
	for i := range advanced {
		p.Flags = append(p.Flags, Flag{Name: fmt.Sprintf("--advanced%d", i), Value: "N", Text: "text"})
		p.Flags[len(p.Flags)-1].Advanced = true
	}
	return p
}

// What fits is shown whole; else advanced flags go first, then paragraphs from the end,
// and the help says where they are.
func TestAHelpGivesUpWhatIsLeastNeeded(t *testing.T) {
	const footer = "\ntool do --help-all says more.\n"
	for _, c := range []struct {
		plain, advanced, paragraphs int
		has, lacks                  string // divided by spaces
	}{
		{2, 2, 1, "paragraph0 --plain1 --advanced1 [--advanced0", "help-all"},
		{10, 3, 1, "paragraph0 --plain9 --advanced2", "help-all"}, // 24 lines
		{10, 4, 1, "paragraph0 --plain9 help-all", "--advanced"},  // 25 lines
		{9, 0, 2, "paragraph0 paragraph1 --plain8", "help-all"},
		{10, 0, 2, "paragraph0 --plain9 help-all", "paragraph1"},
		{3, 9, 2, "paragraph0 paragraph1 --plain2 help-all", "--advanced"},
	} {
		p := page(c.plain, c.advanced, c.paragraphs)
		help := p.Screen()
		if n := strings.Count(help, "\n"); n > Lines {
			t.Errorf("%+v: %d lines\n%s", c, n, help)
		}
		for _, word := range strings.Fields(c.has) {
			if !strings.Contains(help, word) {
				t.Errorf("%+v: no %s in\n%s", c, word, help)
			}
		}
		for _, word := range strings.Fields(c.lacks) {
			if strings.Contains(help, word) {
				t.Errorf("%+v: %s in\n%s", c, word, help)
			}
		}
		if all := p.All(); (help == all) == strings.HasSuffix(help, footer) || strings.Count(all, "--plain") != c.plain+1 {
			t.Errorf("%+v:\n%s\n%s", c, help, all)
		}
	}
}

// A help names the page for man only where there is one, packed or not, beside the program
// that asks.
func TestAHelpNamesAPageThatIsThere(t *testing.T) {
	p := page(10, 4, 1)
	p.Section = 8
	for _, name := range []string{"man8/tool-do.8", "man8/tool-do.8.gz", "man1/tool-do.1", "man8/tool.8", ""} {
		top := t.TempDir()
		if name != "" {
			file := filepath.Join(top, "share", "man", name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		p.Installed = p.IsBeside(filepath.Join(top, "bin", "tool"))
		is := strings.Contains(name, "8/tool-do.8")
		if help := p.Screen(); p.Installed != is || strings.HasSuffix(help, "tool do --help-all says more; so does man tool-do.\n") != is {
			t.Errorf("%q: %t\n%s", name, p.Installed, help)
		}
	}
}

func TestLinesBreakWhereTheyMay(t *testing.T) {
	long := strings.Repeat("x", Columns-20)
	for _, c := range []struct{ got, want string }{
		{strings.Join(usageWords("do [--a A | --b]… --c C FILE --d"), "/"), "do/[--a A | --b]…/--c C/FILE/--d"},
		{example("  do " + long + ` --title "two words" file`), "  do " + long + " \\\n    --title \"two words\" file\n"},
		{example("  do it"), "  do it\n"},
		{paragraph("one\ntwo\n  as it  stands\nthree"), "one two\n  as it  stands\nthree\n"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	for n := range 3 * Columns {
		text := strings.TrimSpace(strings.Repeat("ab ", n))
		if back := strings.Join(strings.Fields(paragraph(text)), " "); back != text {
			t.Errorf("%q became %q", text, back)
		}
		for line := range strings.Lines(paragraph(text)) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > Columns {
				t.Error(line)
			}
		}
	}
}

// Whatever a text has, a page has it as text: only what this package writes are requests,
// and every byte is ASCII.
func TestTextIsNoRequest(t *testing.T) {
	const odd = ".so /etc/passwd\n'br -- \\fB`x` ~^ \"q\" …"
	p := &Page{Name: "tool", Section: 8, Short: odd, Text: odd + "\n\n  " + odd, Usage: []string{".so x"}, Examples: "  .so x\n  'x", Flags: []Flag{{Name: "--x", Text: ".so x"}},
		Commands: []Row{{".so", "'x"}}, More: []Section{{"FILES", ".x"}}, See: []string{"chirographd", "chirographd-serve", "chirograph"}}
	page := string(p.Man("tool .1", ""))
	request := regexp.MustCompile(`^\.(TH|SH|TP|PP|RS 2|RE|nf|fi|br)( |$)`)
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !request.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("%q in\n%s", line, page)
		}
		for _, b := range []byte(line) {
			if b > '~' || b < ' ' && b != '\n' {
				t.Errorf("%q", line)
			}
		}
	}
	for _, want := range []string{`.TH "TOOL" 8 "" "tool .1" "Chirograph"`, `\fBchirographd\fR(8),`, `\fBchirographd\-serve\fR(8),`, `\fBchirograph\fR(1)` + "\n", `\[u2026]`, `\efB`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}
