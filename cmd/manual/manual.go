// Package manual prints what a program says of itself: its help, which fits a screen, and
// its pages for man(1). Both come from one [Page], so that neither says what the other
// denies.
package manual

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// A help is read on a terminal of this size, without a pager: the smallest that is usual.
const (
	Lines   = 24
	Columns = 80
)

// A Page is about a program, or one of its commands.
type Page struct {
	Name     string   // the words that call it: "chirograph key new"
	Section  int      // of the manual
	Short    string   // what it does, in a line
	Text     string   // paragraphs, the first of which says most; lines that begin with a space stand as they are
	Usage    []string // the lines that call it
	Commands []Row    // those of its own
	Examples string
	Flags    []Flag
	More     []Section // for man alone
	See      []string  // names of other pages

	Installed bool // where man looks: the help then says so
}

// A Row is what some commands, divided by ", ", do.
type Row struct{ Names, Text string }

// A Section is a chapter of a page for man.
type Section struct{ Title, Text string }

// A Flag of a command.
type Flag struct {
	Name      string // with its dashes: "-o, --output", or "--json"
	Value     string // what stands after it; "" for nothing
	Text      string
	Advanced  bool // few need it: it is the first that a short help leaves out
	Repeating bool // it can be given more than once
}

// Screen returns the help, of [Lines] of [Columns] at most where that can be: advanced
// flags are left out for it, then paragraphs from the end. It says then where they are.
func (p *Page) Screen() string {
	paragraphs := strings.Split(p.Text, "\n\n")
	help := p.help(paragraphs, p.Usage, p.Flags, "")
	end := p.Name + " --help-all says more"
	if p.Installed {
		end += "; so does man " + p.File()
	}
	usage, flags := p.plain()
	for n := len(paragraphs); n > 0 && strings.Count(help, "\n") > Lines; n-- {
		help = p.help(paragraphs[:n], usage, flags, end+".")
	}
	return help
}

// All returns the help with everything that the page has.
func (p *Page) All() string { return p.help(strings.Split(p.Text, "\n\n"), p.Usage, p.Flags, "") }

// File is the name of the page for man, without its section.
func (p *Page) File() string { return strings.ReplaceAll(p.Name, " ", "-") }

// IsBeside says whether the page is where man looks for those of a program at that path: in
// share/man beside the folder of the program, as packages put both, packed or not.
func (p *Page) IsBeside(program string) bool {
	file := filepath.Join(filepath.Dir(program), "..", "share", "man", fmt.Sprintf("man%d", p.Section), fmt.Sprintf("%s.%d", p.File(), p.Section))
	return slices.ContainsFunc([]string{file + ".gz", file}, func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	})
}

// plain returns how the command is called without its advanced flags, and the others. That
// a program is called with a command need not be said where these are listed.
func (p *Page) plain() (usage []string, flags []Flag) {
	var hidden []string
	for _, f := range p.Flags {
		if !f.Advanced {
			flags = append(flags, f)
			continue
		}
		for name := range strings.SplitSeq(f.Name, ", ") {
			hidden = append(hidden, "["+name)
		}
	}
	if len(p.Commands) > 0 {
		return nil, flags
	}
	for _, line := range p.Usage {
		words := slices.DeleteFunc(usageWords(line), func(w string) bool {
			name, _, _ := strings.Cut(strings.TrimRight(w, "]…"), " ")
			return slices.Contains(hidden, name) && !strings.Contains(w, " | ")
		})
		usage = append(usage, strings.Join(words, " "))
	}
	return usage, flags
}

func (p *Page) help(paragraphs, usage []string, flags []Flag, end string) string {
	var b strings.Builder
	for i, text := range paragraphs {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(paragraph(text))
	}
	if len(usage) > 0 {
		b.WriteString("\nUsage:\n")
		for _, line := range usage {
			b.WriteString(fold(usageWords(line), "  ", "      ", ""))
		}
	}
	if p.Examples != "" {
		b.WriteString("\nExamples:\n")
		for line := range strings.Lines(strings.TrimRight(p.Examples, "\n")) {
			b.WriteString(example(strings.TrimRight(line, "\n")))
		}
	}
	if len(p.Commands) > 0 {
		rows := make([][2]string, len(p.Commands))
		for i, r := range p.Commands {
			rows[i] = [2]string{r.Names, r.Text}
		}
		b.WriteString("\nCommands:\n" + table(rows))
	}
	if len(flags) > 0 {
		b.WriteString("\nFlags:\n" + table(flagRows(flags)))
	}
	if end != "" {
		b.WriteString("\n" + paragraph(end))
	}
	return b.String()
}

// flagRows has long names below each other, whether or not they have a short one.
func flagRows(flags []Flag) [][2]string {
	indent := ""
	if slices.ContainsFunc(flags, func(f Flag) bool { return !strings.HasPrefix(f.Name, "--") }) {
		indent = "    "
	}
	rows := make([][2]string, len(flags))
	for i, f := range flags {
		rows[i] = [2]string{f.signature(), f.Text}
		if strings.HasPrefix(f.Name, "--") {
			rows[i][0] = indent + rows[i][0]
		}
	}
	return rows
}

// signature is the flag as it is called.
func (f Flag) signature() string {
	s := strings.TrimSpace(f.Name + " " + f.Value)
	if f.Repeating {
		s += "…"
	}
	return s
}

// widest is how wide the first column of a table may be: a longer name has a line of its
// own, so that the text beside the others has room for a sentence.
const widest = 31

// table returns two columns.
func table(rows [][2]string) string {
	width := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r[0]); n <= widest {
			width = max(width, n)
		}
	}
	var b strings.Builder
	for _, r := range rows {
		pad := width - utf8.RuneCountInString(r[0])
		first := "  " + r[0] + strings.Repeat(" ", max(pad, 0)+2)
		indent := strings.Repeat(" ", width+4)
		if pad < 0 {
			fmt.Fprintf(&b, "  %s\n", r[0])
			first = indent
		}
		b.WriteString(fold(strings.Fields(r[1]), first, indent, ""))
	}
	return b.String()
}

// paragraph returns a text in lines of the screen's width.
func paragraph(text string) string {
	var b strings.Builder
	var words []string
	flush := func() {
		if len(words) > 0 {
			b.WriteString(fold(words, "", "", ""))
		}
		words = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") {
			flush()
			b.WriteString(line + "\n")
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	flush()
	return b.String()
}

// fold returns words in lines of the screen's width, the first of which begins with first,
// the others with indent; all but the last end in end.
func fold(words []string, first, indent, end string) string {
	var b strings.Builder
	line, empty := first, true
	for i, w := range words {
		room := Columns
		if i+1 < len(words) {
			room -= utf8.RuneCountInString(end)
		}
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > room {
			b.WriteString(line + end + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+w, false
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}

// usageWords divides a line that calls a command where it may be broken: not within
// brackets, nor between a flag and its value.
func usageWords(line string) (words []string) {
	depth := 0
	for _, w := range strings.Fields(line) {
		last := len(words) - 1
		joins := depth > 0 || last > 0 && strings.HasPrefix(words[last], "-") && !strings.Contains(words[last], " ") && !strings.ContainsAny(w[:1], "-[")
		if joins {
			words[last] += " " + w
		} else {
			words = append(words, w)
		}
		depth += strings.Count(w, "[") - strings.Count(w, "]")
	}
	return words
}

// example breaks a line of a shell that is too long, outside of quotes, by a backslash.
func example(line string) string {
	if utf8.RuneCountInString(line) <= Columns {
		return line + "\n"
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	var words []string
	quoted := false
	for _, w := range strings.Fields(line) {
		last := len(words) - 1
		if quoted || last > 0 && strings.HasPrefix(words[last], "-") && !strings.ContainsAny(words[last], " =") && w[0] != '-' {
			words[last] += " " + w
		} else {
			words = append(words, w)
		}
		quoted = quoted != (strings.Count(w, `"`)%2 == 1)
	}
	return fold(words, indent, indent+"  ", ` \`)
}
