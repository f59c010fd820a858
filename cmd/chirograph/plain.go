package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/chirograph/chirograph/cmd/terminal"
)

// plain returns the name of a file as it is, or quoted where a terminal would obey it.
func plain(name string) string { return terminal.Name(name) }

// plainArgs quotes those strings, which go into a sentence, that a terminal would obey:
// names of files may hold anything.
func plainArgs(args []any) []any {
	safe := make([]any, len(args))
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			arg = plain(s)
		}
		safe[i] = arg
	}
	return safe
}

// plainError returns what an error says, with the names of files in it quoted where a
// terminal would obey them.
func plainError(err error) string {
	text := err.Error()
	for _, name := range fileNames(err) {
		if q := plain(name); q != name {
			text = strings.ReplaceAll(text, name, q)
		}
	}
	return terminal.Text(text)
}

// fileNames returns the names in the errors of the system that an error is made of.
func fileNames(err error) []string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return []string{path.Path}
	case errors.As(err, &link):
		return []string{link.Old, link.New}
	}
	return nil
}
