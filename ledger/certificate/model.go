package certificate

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chirograph/chirograph/ledger/record"
)

// A run is some text of one kind.
type run struct {
	kind kind
	text string
}

type kind byte

const (
	own     kind = iota // our words
	strange             // what somebody else wrote: isolated, with what hides in it written out
	code                // hex, keys, commands: no space in it is ours to break at
	strong              // our words, with weight
)

// words is a text of several runs.
type words []run

func say(format string, args ...any) words { return words{{own, fmt.Sprintf(format, args...)}} }

func heavy(format string, args ...any) words { return words{{strong, fmt.Sprintf(format, args...)}} }

func theirs(s string) words { return words{{strange, visible(s)}} }

func literal(s string) words { return words{{code, visible(s)}} }

// join returns the texts one after the other.
func join(texts ...words) words {
	var all words
	for _, t := range texts {
		all = append(all, t...)
	}
	return all
}

// A section is a part of a certificate under a heading. Its fields are exported for the
// template.
type section struct {
	Heading string
	Blocks  []block
}

// A block is one of its fields; the others are empty.
type block struct {
	Text  words   // a paragraph
	Facts []fact  // labels and what they say
	Table *table  // rows
	List  []words // points
	Label string  // a heading of the list
}

type fact struct {
	Label string
	Value words
}

// A table has cells under heads; shares are the widths of columns, in hundredths.
type table struct {
	Heads  []string
	Shares []int
	Rows   []row
}

type row struct {
	Cells []words
	Below words // under all cells; nil for none
	Faint bool  // of what is listed and did nothing
}

// visible returns s with what a reader would not see, or would see as something else,
// written out, as on pages and by what titles may not have ([record.Hides]): \u{202e}.
func visible(s string) string {
	if !strings.ContainsFunc(s, record.Hides) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if record.Hides(r) {
			fmt.Fprintf(&b, `\u{%x}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// longTitle is from how many characters on a title is set in smaller type.
const longTitle = 72

func long(title string) bool { return utf8.RuneCountInString(title) >= longTitle }

// spelled returns a text with every character but those of Latin-1 that are seen written
// out, and whether that is another: beside the text it tells letters apart that look the
// same, and stands in where there is no font.
func spelled(s string) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		if r == ' ' || r <= '\u00ff' && !record.Hides(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String(), b.String() != s
}

// isolated is a sentence of ours with names in it that are not: what in it is written from
// right to left moves nothing around it.
func isolated(s string) words {
	var all words
	rest := []rune(visible(s))
	for len(rest) > 0 {
		from := slices.IndexFunc(rest, leftward)
		if from < 0 {
			break
		}
		to := from
		for i := from; i < len(rest) && (leftward(rest[i]) || rest[i] == ' '); i++ {
			if leftward(rest[i]) {
				to = i + 1
			}
		}
		all = append(all, run{own, string(rest[:from])}, run{strange, string(rest[from:to])})
		rest = rest[to:]
	}
	return append(all, run{own, string(rest)})
}

// leftward says whether a character is written from right to left.
func leftward(r rune) bool {
	return '\u0590' <= r && r <= '\u08ff' || '\ufb1d' <= r && r <= '\ufdff' || '\ufe70' <= r && r <= '\ufeff' || 0x10800 <= r && r <= 0x10fff || 0x1e800 <= r && r <= 0x1efff
}
