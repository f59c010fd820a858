package manual

import (
	"fmt"
	"strings"
)

// Man returns the page in the language of man(7), which groff and mandoc read. Release is
// what stands at its foot: the program and its version. Date is the day of that, YYYY-MM-DD, or "".
func (p *Page) Man(release, date string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s %d %s %s %s\n", quote(strings.ToUpper(p.File())), p.Section, `"`+date+`"`, quote(release), quote("Chirograph"))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escape(p.File()), escape(lowered(p.Short)))
	if len(p.Usage) > 0 {
		b.WriteString(".SH SYNOPSIS\n")
		for i, line := range p.Usage {
			if i > 0 {
				b.WriteString(".br\n")
			}
			b.WriteString(guarded(usageLine(line)) + "\n")
		}
	}
	section(&b, "DESCRIPTION", p.Text)
	if len(p.Commands) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, r := range p.Commands {
			fmt.Fprintf(&b, ".TP\n%s\n%s", bold(r.Names), filled(strings.Fields(r.Text)))
		}
	}
	if len(p.Flags) > 0 {
		b.WriteString(".SH OPTIONS\n")
		for _, f := range p.Flags {
			signature := bold(f.Name)
			if f.Value != "" {
				signature += " " + italic(f.Value)
			}
			if f.Repeating {
				signature += escape(" …")
			}
			fmt.Fprintf(&b, ".TP\n%s\n%s", signature, filled(strings.Fields(f.Text)))
		}
	}
	for _, s := range p.More {
		section(&b, s.Title, s.Text)
	}
	if p.Examples != "" {
		b.WriteString(".SH EXAMPLES\n.nf\n")
		for line := range strings.Lines(strings.TrimRight(p.Examples, "\n")) {
			b.WriteString(guarded(escape(strings.TrimRight(strings.TrimPrefix(line, "  "), "\n"))) + "\n")
		}
		b.WriteString(".fi\n")
	}
	if len(p.See) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, name := range p.See {
			end := ","
			if i == len(p.See)-1 {
				end = ""
			}
			fmt.Fprintf(&b, "%s(%d)%s\n", bold(name), sectionOf(name), end)
		}
	}
	return []byte(b.String())
}

// sectionOf is the section of a page of ours: what keeps a ledger is the administrator's.
func sectionOf(page string) int {
	if page == Daemon || strings.HasPrefix(page, Daemon+"-") {
		return 8
	}
	return 1
}

// Daemon is the program whose pages are in section 8.
const Daemon = "chirographd"

// section writes paragraphs; lines that begin with a space stand as they are.
func section(b *strings.Builder, title, text string) {
	fmt.Fprintf(b, ".SH %s\n", title)
	for i, part := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		kept := false
		var words []string
		for line := range strings.Lines(part) {
			line = strings.TrimRight(line, "\n")
			if is := strings.HasPrefix(line, " "); is != kept {
				b.WriteString(filled(words) + map[bool]string{true: ".RS 2\n.nf\n", false: ".fi\n.RE\n"}[is])
				kept, words = is, nil
			}
			if kept {
				b.WriteString(guarded(escape(strings.TrimLeft(line, " "))) + "\n")
			} else {
				words = append(words, strings.Fields(line)...)
			}
		}
		b.WriteString(filled(words))
		if kept {
			b.WriteString(".fi\n.RE\n")
		}
	}
}

// filled returns words in lines that man fills again, none too long for who reads the source.
func filled(words []string) string {
	var b strings.Builder
	line := ""
	for _, w := range words {
		if w = escape(w); line != "" && len(line)+1+len(w) > 76 {
			b.WriteString(guarded(line) + "\n")
			line = ""
		}
		line = strings.TrimLeft(line+" "+w, " ")
	}
	if line != "" {
		b.WriteString(guarded(line) + "\n")
	}
	return b.String()
}

// usageLine has what is typed as it is bold, and what stands for something else italic.
func usageLine(line string) string {
	words := strings.Fields(line)
	for i, w := range words {
		start := strings.TrimLeft(w, "[")
		typed := strings.HasPrefix(start, "-") || start == strings.ToLower(start) && !strings.ContainsAny(w, "|.…")
		if typed {
			core := strings.TrimRight(start, "]…")
			words[i] = escape(w[:len(w)-len(start)]) + bold(core) + escape(start[len(core):])
		} else {
			words[i] = escape(w)
		}
	}
	return strings.Join(words, " ")
}

// lowered returns a sentence that stands after a dash: its first letter is small, unless
// the word is an abbreviation.
func lowered(s string) string {
	if len(s) > 1 && (s[1] == ' ' || s[1] >= 'a' && s[1] <= 'z') {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func bold(s string) string   { return `\fB` + escape(s) + `\fR` }
func italic(s string) string { return `\fI` + escape(s) + `\fR` }

// quote returns an argument of a request.
func quote(s string) string { return `"` + strings.ReplaceAll(escape(s), `"`, `\(dq`) + `"` }

// guarded keeps a line from being read as a request.
func guarded(s string) string {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}

// escape returns text of which man shows every character as it is, in ASCII: a minus stays
// one, which is copied out of examples.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
