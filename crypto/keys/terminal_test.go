package keys

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestLineIsWhatATerminalWouldGive(t *testing.T) {
	for typed, want := range map[string]string{
		"\r":                 "",
		"secret\r":           "secret",
		"secret\nmore":       "secret",
		" two  words \r":     " two  words ",
		"wrong\x15right\r":   "right",
		"righx\x7ft\r":       "right",
		"righx\bt\r":         "right",
		"Zoë\x7fe\r":         "Zoe",
		"\xff\xfe\x7f\r":     "\xff",
		"\x7f\x15\x7fa\r":    "a",
		"a\x00\tb\x1a\x17\r": "ab",
		strings.Repeat("a", maxPassphrase) + "\r":           strings.Repeat("a", maxPassphrase),
		strings.Repeat("a", maxPassphrase) + "\x15" + "b\r": "b",
	} {
		if got, err := readLine(strings.NewReader(typed)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
	for typed, want := range map[string]error{
		"secret\x03": ErrInterrupted,
		"\x04":       ErrInterrupted,
		"secret\x1c": ErrInterrupted,
		"":           io.EOF,
		"cut secret": io.EOF,
	} {
		if got, err := readLine(strings.NewReader(typed)); got != nil || !errors.Is(err, want) {
			t.Errorf("%q: %q, %v; want %v", typed, got, err, want)
		}
	}
	_, err := readLine(io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("a"), maxPassphrase+1)), strings.NewReader("\r")))
	wantError(t, err, "more than 1024 bytes")
}
