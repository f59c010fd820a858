package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// likeness says where got is not like want: "" where it is. In want, "…" stands for
// one or more characters of a line, and a line of it alone for any lines, or none.
func likeness(got, want string) string {
	pattern := `\A`
	for line := range strings.Lines(want) {
		if strings.TrimSpace(line) == "…" {
			pattern += `(?:.*\n)*?`
			continue
		}
		pattern += strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSuffix(line, "\n")), "…", ".+") + `\n`
		if !regexp.MustCompile(pattern).MatchString(whole(got)) {
			return fmt.Sprintf("want\n%s\ngot, where this should be,\n%s", strings.TrimSuffix(line, "\n"), got)
		}
	}
	if !regexp.MustCompile(pattern + `\z`).MatchString(whole(got)) {
		return fmt.Sprintf("want no more than\n%s\ngot\n%s", want, got)
	}
	return ""
}

// whole ends a text in a line feed, if it is not empty.
func whole(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

func TestLikenessTellsTextsApart(t *testing.T) {
	for _, c := range []struct {
		got, want string
		like      bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\nb\n", "a\nb", true},
		{"a\nb\n", "a\n", false},
		{"a\n", "a\nb\n", false},
		{"a.c\n", "a…c\n", true},
		{"ac\n", "a…c\n", false},
		{"abc\n", "a.c\n", false},
		{"x ac\n", "ac\n", false},
		{"ac x\n", "ac\n", false},
		{"a\nb\nc\n", "a\n…\nc\n", true},
		{"a\nc\n", "a\n…\nc\n", true},
		{"a\nb\nd\n", "a\n…\nc\n", false},
		{"a\nb\nc\nd\n", "a\n…\nc\n", false},
		{"a\nb\n", "a\n…\n", true},
		{"a\n", "a\n…\n", true},
		{"b\na\n", "…\na\n", true},
		{"", "…", true},
		{"", "", true},
		{"a", "", false},
		{"a\nb\na\nc\n", "a\n…\nc\n", true},
	} {
		if why := likeness(c.got, c.want); (why == "") != c.like {
			t.Errorf("%q is like %q: want %t, got %q", c.got, c.want, c.like, why)
		}
	}
}
