package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/chirograph/chirograph/ledger/record"
)

const (
	storyWidth  = 80 // columns, the width of a terminal that nobody has changed
	storyIndent = "    "
)

// A story prints what the demo tells, as plain text.
type story struct {
	w        io.Writer
	terminal bool
	err      error // the first of writing; nothing is written after it
}

func newStory(w io.Writer) *story {
	f, ok := w.(*os.File)
	return &story{w: w, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

func (s *story) write(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}

// print prints a line as it is.
func (s *story) print(format string, args ...any) { s.write(fmt.Sprintf(format, args...) + "\n") }

// tell prints a sentence under the title of a step, in as many lines as it needs.
func (s *story) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	hang := storyIndent
	if rest, ok := strings.CutPrefix(text, "-> "); ok {
		hang += strings.Repeat(" ", len(text)-len(rest))
	}
	s.write(wrap(strings.Fields(text), storyIndent, hang, ""))
}

// show prints a command as it is typed. A flag stays with its value.
func (s *story) show(words ...string) {
	line := []string{"$"}
	for i, w := range words {
		w = shellQuote(w)
		if i > 0 && strings.HasPrefix(words[i-1], "-") && !strings.HasPrefix(w, "-") {
			line[len(line)-1] += " " + w
			continue
		}
		line = append(line, w)
	}
	s.write(wrap(line, storyIndent, storyIndent+"    ", " \\"))
}

// wrap puts words into lines of storyWidth: the first after indent, the others after
// hang, and broken behind with tail. A word that is longer has a line of its own.
func wrap(words []string, indent, hang, tail string) string {
	var b strings.Builder
	line := indent
	for i, w := range words {
		if i > 0 && utf8.RuneCountInString(line+" "+w+tail) > storyWidth {
			b.WriteString(line + tail + "\n")
			line = hang + w
			continue
		}
		if i > 0 {
			line += " "
		}
		line += w
	}
	b.WriteString(line + "\n")
	return b.String()
}

// shellQuote quotes a word that a shell would not take as it is.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+@", r)
	}
	switch {
	case s != "" && strings.TrimFunc(s, plain) == "":
		return s
	case !strings.ContainsAny(s, "\"$`\\!"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// short shortens an id for people.
func short(id record.ID) string { return id.String()[:shortLength] + "…" }

const shortLength = 12

// hashes are what nobody reads to the end: an id or a commitment in hex, a root in
// base64.
var hashes = regexp.MustCompile(`\b[0-9a-f]{64}\b|[A-Za-z0-9+/]{43}=`)

// shorten shortens each hash in a sentence.
func shorten(sentence string) string {
	return hashes.ReplaceAllStringFunc(sentence, func(h string) string { return h[:shortLength] + "…" })
}

// thousands prints a number with commas.
func thousands[N int | int64 | uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// program returns how the user starts a program of this project: its name, or go run
// where that is what started this one.
func program(name string) string {
	if exe, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(exe), "/go-build") {
		return "go run ./cmd/" + name
	}
	return name
}

// barCells is the length of the progress bar, so that it fits a line with its
// numbers.
const barCells = 40

// A progress shows how far the crowd is: on a terminal as a bar in one line, else as
// a line for each quarter.
type progress struct {
	story *story
	total int

	mu   sync.Mutex
	done int
	open bool // the bar's line has no end yet
}

// add counts one more. It may be called by several goroutines.
func (p *progress) add() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	parts := 4
	if p.story.terminal {
		parts = barCells
	}
	now := p.done * parts / p.total
	if now == (p.done-1)*parts/p.total {
		return
	}
	if !p.story.terminal {
		p.story.tell("%s of %s", thousands(p.done), thousands(p.total))
		return
	}
	p.open = true
	p.story.write(fmt.Sprintf("\r%s[%s%s] %s of %s", storyIndent,
		strings.Repeat("#", now), strings.Repeat(".", barCells-now), thousands(p.done), thousands(p.total)))
}

// end ends the bar's line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		p.story.write("\n")
		p.open = false
	}
}
