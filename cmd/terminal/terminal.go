// Package terminal has what strangers wrote be shown by a terminal, and not obeyed:
// names of keys and witnesses, origins and file names may hold anything.
package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Obeys says whether a terminal might do something else with a character than show it:
// controls, and what turns the direction of writing.
func Obeys(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// Name returns the name of a file as it is, or quoted where a terminal would obey it.
func Name(name string) string {
	if strings.ContainsFunc(name, Obeys) || !utf8.ValidString(name) {
		return strconv.Quote(name)
	}
	return name
}

// Text returns lines with a question mark for each character that a terminal would obey,
// but line feeds, and for bytes that are no UTF-8.
func Text(lines string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && Obeys(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(lines, "?"))
}

// JSON returns the same JSON value with each character that a terminal would obey, but
// line feeds, escaped. Outside its strings JSON has none.
func JSON(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case r == '\n' || !Obeys(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// Writer returns a writer that hands on [Text] of what is written. A character is written
// at once, not in parts.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (w writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.w, Text(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
